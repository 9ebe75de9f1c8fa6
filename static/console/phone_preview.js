"use strict";
/* Shows a welcome text as the customer will see it, while it is typed. */
(() => {
  const source = document.querySelector("[data-preview-source]");
  const target = document.querySelector("[data-preview-target]");
  if (!source || !target) { return; }
  function show() {
    const text = source.value.trim();
    target.classList.toggle("is-empty", text === "");
    target.textContent = text === "" ? target.dataset.empty
      : text.replace(/\{(nickname|guide|store)\}/g, (_whole, name) => target.dataset[name]);
  }
  source.addEventListener("input", show);
  show();
})();
