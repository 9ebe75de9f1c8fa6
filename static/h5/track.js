"use strict";
/* Says every few seconds that the page is in sight; the server measures the time. Sends nothing about the person. */
(() => {
  const page = document.body.dataset;
  if (!page.beat || !page.view) { return; }
  const body = () => new URLSearchParams({ view: page.view });
  let timer = 0;

  function speak() {
    fetch(page.beat, { method: "POST", body: body(), credentials: "same-origin", keepalive: true }).catch(() => {});
  }
  function start() {
    if (timer || document.visibilityState !== "visible") { return; }
    speak();
    timer = window.setInterval(speak, Number(page.every) * 1000);
  }
  function stop() {
    if (!timer) { return; }
    window.clearInterval(timer);
    timer = 0;
    // The last seconds: a page that goes away may still hand over one message.
    if (!(navigator.sendBeacon && navigator.sendBeacon(page.beat, body()))) { speak(); }
  }
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? start() : stop()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", start);
  start();
})();
