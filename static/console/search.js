"use strict";
/* The global search: Ctrl/⌘ K or / opens it, the arrows choose, Enter opens, Esc closes. */

(() => {
  const dialog = document.getElementById("search");
  if (!dialog) { return; }
  const input = document.getElementById("search-input");
  const results = document.getElementById("search-results");
  const failed = document.getElementById("search-failed");
  const first = results.innerHTML;

  const options = () => Array.from(results.querySelectorAll("[role='option']"));
  const chosen = () => results.querySelector("[aria-selected='true']");

  function choose(option) {
    const before = chosen();
    if (before) { before.setAttribute("aria-selected", "false"); }
    if (!option) { input.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = options();
    if (!all.length) { return; }
    const at = all.indexOf(chosen());
    choose(all[(at + step + all.length) % all.length]);
  }

  function open() {
    if (!dialog.open) { dialog.showModal(); }
    input.focus();
    input.select();
  }

  function typing(target) {
    return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-search]")) { event.preventDefault(); open(); }
  });
  // A click on the backdrop is one on the dialog itself: its content covers the rest.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) { dialog.close(); } });
  document.getElementById("search-close").addEventListener("click", () => dialog.close());
  // What was looked up does not stay on the screen for the next person.
  dialog.addEventListener("close", () => {
    input.value = "";
    results.innerHTML = first;
    results.hidden = false;
    failed.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(null);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) { return; }
    if (event.key === "ArrowDown") { event.preventDefault(); move(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
    else if (event.key === "Enter") {
      event.preventDefault();
      const option = chosen();
      if (option && input.value.trim()) { option.click(); }
    } else if (event.key === "Escape" && dialog.open) {
      // A search field would only empty itself first.
      event.preventDefault();
      dialog.close();
    }
  });
  document.getElementById("search-form").addEventListener("submit", (event) => event.preventDefault());

  results.addEventListener("htmx:afterSwap", () => {
    failed.hidden = true;
    results.hidden = false;
    const all = options();
    input.setAttribute("aria-expanded", all.length ? "true" : "false");
    choose(all.length ? all[0] : null);
  });
  // The words stand in the dialog, not in a toast behind it.
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    input.addEventListener(name, (event) => {
      event.stopPropagation();
      results.hidden = true;
      failed.hidden = false;
      input.setAttribute("aria-expanded", "false");
    });
  }
  document.getElementById("search-again").addEventListener("click", () => {
    input.focus();
    window.htmx.trigger(input, "again");
  });
  results.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role='option']");
    if (option && option !== chosen()) { choose(option); }
  });
})();
