"use strict";
/* Ticks of the customer list: the whole page at once, and how many are ticked. Without a script each row is ticked alone. */

document.addEventListener("DOMContentLoaded", () => {
  const page = document.querySelector("[data-tick-page]");
  const all = document.querySelector("[data-tick-all]");
  const count = document.querySelector("[data-tick-count]");
  const rows = Array.from(document.querySelectorAll("[data-tick]"));
  if (!page || !all || !count) { return; }
  page.closest("label").hidden = false;

  const show = () => {
    const ticked = rows.filter((row) => row.checked).length;
    count.textContent = ticked && !all.checked ? `${count.dataset.words} ${ticked}` : "";
    page.checked = rows.length > 0 && ticked === rows.length;
    page.indeterminate = ticked > 0 && ticked < rows.length;
    rows.forEach((row) => { row.disabled = all.checked; });
    page.disabled = all.checked;
  };
  page.addEventListener("change", () => {
    rows.forEach((row) => { row.checked = page.checked; });
    show();
  });
  all.addEventListener("change", show);
  rows.forEach((row) => row.addEventListener("change", show));
  show();
});
