"use strict";
/* The form that binds an account to a store: asks the phone where it is, only when the person wants to send that along. */
(() => {
  const form = document.querySelector("[data-bind]");
  if (!form) { return; }
  const button = form.querySelector("[data-place]");
  const words = form.querySelector("[data-place-words]");

  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    const outcome = await window.WeCom.place();
    button.removeAttribute("aria-busy");
    if (!outcome.ok) {
      words.textContent = form.dataset.withoutPlace;
      return;
    }
    for (const name of ["latitude", "longitude", "datum", "accuracy"]) {
      form.elements[name].value = outcome.value[name] === undefined ? "" : String(outcome.value[name]);
    }
    words.textContent = form.dataset.withPlace.replace("{m}", String(Math.round(outcome.value.accuracy || 0)));
  });
})();
