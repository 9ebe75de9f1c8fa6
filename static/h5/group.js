"use strict";
/* A form is sent once, however often somebody taps; coming back by the gesture shows the page as it is now. */
(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-once]");
    if (!form) { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.querySelector("button").setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { window.location.reload(); } });
})();
