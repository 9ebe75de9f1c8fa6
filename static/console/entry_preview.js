"use strict";
/* Shows the words of an entry on the little phone while they are typed. */
for (const place of document.querySelectorAll("[data-preview-of]")) {
  const source = document.querySelector(`[data-preview="${place.dataset.previewOf}"]`);
  const show = () => { place.textContent = (source && source.value.trim()) || place.dataset.empty; };
  if (source) { source.addEventListener("input", show); show(); }
}
