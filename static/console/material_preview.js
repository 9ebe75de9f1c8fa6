"use strict";
/* Shows the card of a material as the customer's chat will, while it is typed. */
(() => {
  const phone = document.querySelector("[data-preview]");
  if (!phone) { return; }
  const parts = { title: "[data-preview-title]", summary: "[data-preview-summary]", text: "[data-preview-text]" };
  for (const [name, selector] of Object.entries(parts)) {
    const source = document.querySelector(selector);
    const target = phone.querySelector(`[data-show='${name}']`);
    if (!source || !target) { continue; }
    const show = () => { target.textContent = source.value.trim() || (name === "title" ? phone.dataset.untitled : ""); };
    source.addEventListener("input", show);
    show();
  }
  // The chosen picture, before it is sent to the server. No blob: address, so that the policy stays strict.
  const slot = phone.querySelector("[data-show='picture']");
  const chooser = document.querySelector("input[name='cover']") || document.querySelector("input[name='file'][accept^='image']");
  if (!slot || !chooser) { return; }
  chooser.addEventListener("change", () => {
    const chosen = chooser.files[0];
    if (!chosen || !chosen.type.startsWith("image/")) { return; }
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.width = 48;
      picture.height = 48;
      picture.src = reader.result;
      slot.replaceChildren(picture);
    });
    reader.readAsDataURL(chosen);
  });
})();
