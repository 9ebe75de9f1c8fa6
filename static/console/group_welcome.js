"use strict";
/* Shows only the fields the chosen attachment of a group's welcome needs. */
(() => {
  const kinds = document.querySelector("[data-kinds]");
  if (!kinds) { return; }
  const show = () => {
    for (const input of document.querySelectorAll("[data-of]")) {
      const field = input.closest(".field");
      if (field) { field.hidden = !input.dataset.of.split(" ").includes(kinds.value); }
    }
  };
  kinds.addEventListener("change", show);
  show();
})();
