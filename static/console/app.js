"use strict";
/* Small state of the console: Alpine (CSP build) components and htmx errors in words. No inline code anywhere. */

document.addEventListener("alpine:init", () => {
  // The drawer menu of narrow screens.
  Alpine.data("shell", () => ({
    open: false,
    get expanded() { return this.open ? "true" : "false"; },
    toggle() { this.open ? this.close() : this.show(); },
    show() {
      this.open = true;
      document.body.classList.add("menu-open");
      const link = document.querySelector(".side-link");
      if (link) { link.focus(); }
    },
    close() {
      if (!this.open) { return; }
      this.open = false;
      document.body.classList.remove("menu-open");
      const button = document.querySelector(".top-menu");
      if (button) { button.focus(); }
    },
  }));

  // A form that asks before its entries are lost, cannot be sent twice, and shows its first error.
  Alpine.data("guard", () => ({
    changed: false,
    sending: false,
    init() {
      this.$el.addEventListener("input", () => { this.changed = true; });
      this.$el.addEventListener("submit", (event) => {
        if (this.sending) { event.preventDefault(); return; }
        this.sending = true;
        this.changed = false;
      });
      window.addEventListener("pageshow", () => { this.sending = false; });
      window.addEventListener("beforeunload", (event) => { if (this.changed) { event.preventDefault(); } });
      const wrong = this.$el.querySelector("[aria-invalid='true']");
      if (wrong) { wrong.focus(); }
    },
  }));

  // The name of the chosen file beside our own button: the browser's words may be in another language.
  Alpine.data("filePick", () => ({
    show(event) {
      const name = this.$el.querySelector(".file-name");
      const files = Array.from(event.target.files, (file) => file.name);
      name.textContent = files.join(", ") || name.dataset.none;
      name.classList.toggle("is-chosen", files.length > 0);
    },
  }));

  // A button whose data-copy goes to the clipboard.
  Alpine.data("copier", () => ({
    copy(event) {
      navigator.clipboard.writeText(event.currentTarget.dataset.copy).then(() => notify(document.body.dataset.msgCopied));
    },
  }));

  // A button that shows its data-confirm before it lets the form go.
  Alpine.data("confirmer", () => ({
    ask(event) { if (!window.confirm(event.currentTarget.dataset.confirm)) { event.preventDefault(); } },
  }));
});

function notify(text) {
  const holder = document.getElementById("toasts");
  if (!holder || !text) { return; }
  if (Array.from(holder.children).some((shown) => shown.textContent === text)) { return; }
  const note = document.createElement("div");
  note.className = "toast-note";
  note.textContent = text;
  holder.append(note);
  window.setTimeout(() => note.remove(), 8000);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
    document.querySelector(".shell-backdrop").click();
  }
});
// A poll that fails keeps the old figures; only what a person asked for says that it failed.
function asked(event) { return !(event.detail.elt && event.detail.elt.matches("[hx-trigger*='every']")); }
document.addEventListener("htmx:sendError", (event) => { if (asked(event)) { notify(document.body.dataset.msgUnreachable); } });
document.addEventListener("htmx:timeout", (event) => { if (asked(event)) { notify(document.body.dataset.msgUnreachable); } });
document.addEventListener("htmx:responseError", (event) => {
  if (!asked(event)) { return; }
  const status = event.detail.xhr.status;
  notify(status === 401 || status === 403 ? document.body.dataset.msgRefused : document.body.dataset.msgFailed);
});
document.addEventListener("console:notify", (event) => notify(event.detail.text || event.detail.value));
// A picture that cannot be had (an old address, a closed network) leaves the initial behind it.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement && event.target.closest(".face")) { event.target.remove(); }
}, true);
// A long menu shows where the person is.
document.querySelector(".side-link.active")?.scrollIntoView({ block: "nearest" });
