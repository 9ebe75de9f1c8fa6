"use strict";
/* Small state of the phone pages: side bar, buttons that ask WeCom, notes, sheets, diagnostics. No inline code anywhere. */
(() => {
  const page = document.body.dataset;

  function notify(text) {
    const holder = document.getElementById("toasts");
    if (!holder || !text || Array.from(holder.children).some((shown) => shown.textContent === text)) { return; }
    const note = document.createElement("div");
    note.className = "toast-note";
    note.textContent = text;
    holder.append(note);
    window.setTimeout(() => note.remove(), 5000);
  }
  window.H5 = { notify };

  function show(element, visible) { if (element) { element.hidden = !visible; } }

  // --- the side bar of a chat: WeCom says whose chat it is, the server whether it is ours to see ---------------------
  async function sideBar(holder) {
    const where = await window.WeCom.context();
    if (where.ok && where.value.entry === "group_chat_tools") {
      await groupCard(holder);
      return;
    }
    const outcome = await window.WeCom.currentCustomer();
    if (!outcome.ok || !outcome.value.userId) {
      trouble(holder, outcome.ok ? "context" : outcome.kind, window.WeCom.words(outcome));
      return;
    }
    const url = `${holder.dataset.url}${encodeURIComponent(outcome.value.userId)}/`;
    holder.dataset.customer = outcome.value.userId;
    window.htmx.ajax("GET", url, { source: holder, target: holder.querySelector("[data-profile]"), swap: "innerHTML" });
    holder.addEventListener("htmx:afterSwap", () => show(holder.querySelector("[data-waiting]"), false), { once: true });
    holder.addEventListener("htmx:responseError", (event) => {
      event.stopPropagation();
      const unknown = event.detail.xhr.status === 404;
      trouble(holder, unknown ? "unknown" : "failed", unknown ? holder.dataset.unknown : page.msgFailed);
    }, { once: true });
  }
  /* In a customer group the client names the group, never its members. */
  async function groupCard(holder) {
    const outcome = await window.WeCom.currentGroup();
    if (!outcome.ok || !outcome.value.chatId) {
      trouble(holder, outcome.ok ? "context" : outcome.kind, window.WeCom.words(outcome));
      return;
    }
    const card = holder.querySelector("[data-group]");
    card.querySelector("[data-group-id]").textContent = outcome.value.chatId;
    card.querySelector("[data-copy]").dataset.copy = outcome.value.chatId;
    show(holder.querySelector("[data-waiting]"), false);
    show(card, true);
  }
  function trouble(holder, kind, text) {
    show(holder.querySelector("[data-waiting]"), false);
    const box = holder.querySelector("[data-trouble]");
    box.dataset.kind = kind;
    box.querySelector("[data-trouble-text]").textContent = text;
    show(box, true);
  }

  // --- buttons ------------------------------------------------------------------------------------------------------
  const ACTIONS = {
    async copy(button) {
      const outcome = await window.WeCom.copy(button.dataset.copy);
      notify(outcome.ok ? page.msgCopied : window.WeCom.words(outcome));
    },
    async chat(button) { await say(window.WeCom.openChat(button.dataset.customer)); },
    async wecomProfile(button) { await say(window.WeCom.openProfile(button.dataset.customer)); },
    async addCustomer() { await say(window.WeCom.addCustomer()); },
    async scan(button) {
      const outcome = await window.WeCom.scan();
      const read = String(outcome.value.resultStr || "").replace(/^[A-Z_0-9]+,/, "");
      if (outcome.ok && read) {
        window.location.assign(`${button.dataset.url}?code=${encodeURIComponent(read)}`);
      } else if (outcome.kind !== "cancel") {
        notify(window.WeCom.words(outcome));
      }
    },
    async sheet(button) {
      const sheet = document.getElementById(button.dataset.sheet);
      if (sheet.showModal) { sheet.showModal(); } else { sheet.setAttribute("open", ""); }
    },
    async closeSheet(button) { button.closest("dialog").close(); },
    async reload() { window.location.reload(); },
  };
  // A cancelled picker needs no words: the person knows.
  async function say(promise) {
    const outcome = await promise;
    if (!outcome.ok && outcome.kind !== "cancel") { notify(window.WeCom.words(outcome)); }
  }
  const busy = new WeakSet();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-do]");
    if (!button || !ACTIONS[button.dataset.do] || busy.has(button)) { return; }
    event.preventDefault();
    busy.add(button);
    button.setAttribute("aria-busy", "true");
    try {
      await ACTIONS[button.dataset.do](button);
    } finally {
      busy.delete(button);
      button.removeAttribute("aria-busy");
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const sheet = document.querySelector("dialog[open]");
    if (sheet && sheet.dataset.closes === event.detail.target.id) { sheet.close(); }
  });

  // --- errors of parts in words -------------------------------------------------------------------------------------
  document.addEventListener("htmx:sendError", () => notify(page.msgUnreachable));
  document.addEventListener("htmx:timeout", () => notify(page.msgUnreachable));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Our own refusals come as one line in words: shown where the answer was expected.
    if (event.detail.isError && event.detail.serverResponse.includes("data-words")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:responseError", () => notify(page.msgFailed));
  const offline = document.getElementById("offline");
  const network = () => show(offline, !navigator.onLine);
  window.addEventListener("online", network);
  window.addEventListener("offline", network);
  network();
  document.addEventListener("error", (event) => {
    if (event.target instanceof HTMLImageElement && event.target.closest(".face, .piece")) { event.target.remove(); }
  }, true);

  // --- diagnostics --------------------------------------------------------------------------------------------------
  async function diagnose(table) {
    const set = (name, text, verdict) => {
      const cell = table.querySelector(`[data-value='${name}']`);
      if (!cell) { return; }
      cell.textContent = text || "-";
      cell.dataset.verdict = verdict || "";
    };
    const WeCom = window.WeCom;
    const skew = Math.round((Date.now() - Number(table.dataset.now)) / 1000);
    set("version", WeCom.version(), WeCom.version() ? verdictOf(atLeast(WeCom.version(), table.dataset.needed)) : "");
    set("skew", `${skew} s`, verdictOf(Math.abs(skew) < 60));
    set("url", window.location.href.split("#")[0], verdictOf(window.location.href.startsWith(table.dataset.base)));
    const where = await WeCom.context();
    set("entry", where.ok ? where.value.entry : `${WeCom.words(where)} ${where.detail}`, verdictOf(where.ok));
    const checked = await WeCom.checks();
    set("config", WeCom.state.config || "-", WeCom.state.config ? verdictOf(WeCom.state.config === "ok") : "");
    set("agent", WeCom.state.agentConfig || "-", WeCom.state.agentConfig ? verdictOf(WeCom.state.agentConfig === "ok") : "");
    const results = checked.value.checkResult || {};
    const list = table.querySelector("[data-apis]");
    for (const name of WeCom.APIS) {
      const row = document.createElement("li");
      row.textContent = name;
      row.dataset.verdict = verdictOf(checked.ok && results[name] !== false);
      list.append(row);
    }
    if (!checked.ok) { set("apis", `${WeCom.words(checked)} ${checked.detail}`, "bad"); }
    table.dataset.done = "true";
    const copy = document.querySelector("[data-copy-diag]");
    copy.dataset.copy = table.innerText;
    copy.disabled = false;
  }
  const verdictOf = (good) => (good ? "ok" : "bad");
  function atLeast(version, needed) {
    const [have, want] = [version, needed].map((text) => text.split(".").map(Number));
    for (let place = 0; place < want.length; place += 1) {
      if ((have[place] || 0) !== want[place]) { return (have[place] || 0) > want[place]; }
    }
    return true;
  }

  // --- demo: switch entry, customer and outcome; show what the client was asked -------------------------------------
  function demo(panel) {
    const known = window.wecomDemo;
    if (!known) { panel.remove(); return; }
    const values = { entry: known.entry, ext: known.customer, scan: known.code, outcome: known.outcome };
    for (const [name, value] of Object.entries(values)) { panel.elements[name].value = value; }
    const list = panel.querySelector("ol");
    const line = ([name, params]) => {
      const row = document.createElement("li");
      row.textContent = `${name} ${JSON.stringify(params).slice(0, 160)}`;
      list.prepend(row);
    };
    known.log.forEach(line);
    document.addEventListener("wecom-demo:call", (event) => line(event.detail));
  }

  document.querySelectorAll("[data-side-bar]").forEach(sideBar);
  document.querySelectorAll("[data-diag]").forEach(diagnose);
  document.querySelectorAll("[data-demo]").forEach(demo);
})();
