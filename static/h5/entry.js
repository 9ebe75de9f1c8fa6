"use strict";
/* Says that the page is seen and that somebody wants to add; shows the other way when the mini program does not open. */
(() => {
  const page = document.body.dataset;
  const LONG_PRESS = 500;
  const told = new Set();

  function tell(what) {
    if (!page.beat || told.has(what)) { return; }
    told.add(what);
    const body = new URLSearchParams({ what, ticket: page.ticket });
    // A click leads away from the page: a beacon still arrives then.
    if (what === "add" && navigator.sendBeacon && navigator.sendBeacon(page.beat, body)) { return; }
    fetch(page.beat, { method: "POST", body, credentials: "same-origin", keepalive: true }).catch(() => told.delete(what));
  }
  function seen() {
    if (document.visibilityState === "visible") { tell("seen"); }
  }
  function fallback() {
    const failed = document.querySelector("[data-failed]");
    // Whoever is away from the page got where the jump leads.
    if (!failed || document.visibilityState !== "visible") { return; }
    failed.hidden = false;
    failed.focus();
  }

  for (const link of document.querySelectorAll("a[data-add]")) {
    link.addEventListener("click", () => tell("add"));
  }
  for (const jump of document.querySelectorAll("[data-jump]")) {
    jump.addEventListener("click", () => window.setTimeout(fallback, Number(page.wait) * 1000));
  }
  for (const code of document.querySelectorAll("img[data-add]")) {
    let press = 0;
    code.addEventListener("contextmenu", () => tell("add"));
    code.addEventListener("touchstart", () => { press = window.setTimeout(() => tell("add"), LONG_PRESS); }, { passive: true });
    for (const end of ["touchend", "touchmove", "touchcancel"]) {
      code.addEventListener(end, () => window.clearTimeout(press), { passive: true });
    }
  }
  document.addEventListener("visibilitychange", seen);
  seen();
})();
