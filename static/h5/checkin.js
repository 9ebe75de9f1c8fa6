"use strict";
/* Sends a group's check-in link by WeCom's SDK; where that cannot be, the link is copied. */
(() => {
  const busy = new WeakSet();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-send-link]");
    if (!button || busy.has(button)) { return; }
    busy.add(button);
    const card = button.closest("section");
    const message = JSON.parse(card.querySelector("script").textContent);
    const outcome = await window.WeCom.send(message, "");
    if (outcome.ok) {
      window.H5.notify(card.dataset.sent);
    } else if (outcome.kind !== "cancel") {
      const copied = (await window.WeCom.copy(message.news.link)).ok;
      window.H5.notify(copied ? `${window.WeCom.words(outcome)} ${card.dataset.copied}` : window.WeCom.words(outcome));
    }
    busy.delete(button);
  });
})();
