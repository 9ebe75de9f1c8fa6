"use strict";
/* The guide's library: send by WeCom's SDK and report what became of it; favourites. Words come from the page. */
(() => {
  const page = document.getElementById("materials");
  if (!page) { return; }
  const words = page.dataset;
  const headers = { "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] };
  const busy = new WeakSet();

  async function post(url, values) {
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(values), redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) { window.location.reload(); }
    if (!answer.ok) { throw new Error(`HTTP ${answer.status}`); }
    return answer.json();
  }

  // Where the page was opened and whose chat it is; outside of a chat there is no customer.
  async function place() {
    const where = await window.WeCom.context();
    const entry = where.ok ? where.value.entry || "normal" : "normal";
    const asks = ["single_chat_tools", "contact_profile", "chat_attachment"].includes(entry);
    const customer = asks ? await window.WeCom.currentCustomer() : null;
    return { entry, external_userid: (customer && customer.ok && customer.value.userId) || "" };
  }

  async function send(button) {
    const here = await place();
    const made = await post(button.dataset.send, here);
    const outcome = await window.WeCom.send(made.message, here.external_userid);
    if (outcome.ok) {
      await post(made.confirm, { ok: "1" });
      // Nobody can tell who reads a text or opens a mini program.
      const sent = made.message.msgtype === "news" ? words.sent : words.untracked;
      const way = { sent, chat: words.pasted, shared: words.shared }[outcome.value.way] || words.sent;
      window.H5.notify(way);
      tell(button, way);
      return;
    }
    await post(made.confirm, { errMsg: outcome.detail || outcome.kind });
    if (outcome.kind === "cancel") { return; }
    const copied = ["outside", "permission", "version", "context"].includes(outcome.kind)
      && (await window.WeCom.copy(made.copy)).ok;
    window.H5.notify(copied ? `${window.WeCom.words(outcome)} ${words.copied}` : window.WeCom.words(outcome));
  }
  function tell(button, text) {
    const line = button.closest("[data-card]").querySelector("[data-told]");
    if (line) {
      line.textContent = text;
      line.hidden = false;
    }
  }

  async function keep(button) {
    const kept = button.getAttribute("aria-pressed") !== "true";
    const answer = await post(button.dataset.keep, { kept: kept ? "1" : "0" });
    button.setAttribute("aria-pressed", String(answer.kept));
    button.setAttribute("aria-label", answer.kept ? words.wordUnkeep : words.wordKeep);
  }

  page.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-send], button[data-keep]");
    // A second tap while the first is under way does nothing.
    if (!button || busy.has(button)) { return; }
    event.preventDefault();
    busy.add(button);
    button.setAttribute("aria-busy", "true");
    try {
      await (button.dataset.send ? send(button) : keep(button));
    } catch {
      window.H5.notify(navigator.onLine ? document.body.dataset.msgFailed : document.body.dataset.msgUnreachable);
    } finally {
      busy.delete(button);
      button.removeAttribute("aria-busy");
    }
  });
})();
