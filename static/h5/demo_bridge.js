"use strict";
/* Demo and tests only: a stand-in for WeCom's client that drives the real SDK. Where the page was opened, whose chat it
   is, what a scan reads and how calls end comes from ?entry=, ?ext=, ?scan=, ?outcome= and stays for the tab. */
(() => {
  // The real client brings its own bridge; a driven browser only pretends to be it.
  if (window.WeixinJSBridge || (/wxwork/i.test(navigator.userAgent) && !navigator.webdriver)) { return; }
  const here = document.currentScript.dataset;
  const CHATS = ["single_chat_tools", "group_chat_tools", "chat_attachment"];
  const WITH_CUSTOMER = ["single_chat_tools", "contact_profile"];
  const query = new URLSearchParams(window.location.search);
  const setting = (name, otherwise) => {
    const given = query.get(name);
    if (given !== null) { window.sessionStorage.setItem(`wecom-demo-${name}`, given); }
    return given ?? window.sessionStorage.getItem(`wecom-demo-${name}`) ?? otherwise;
  };
  const entry = setting("entry", "normal");
  const customer = setting("ext", "");
  const outcome = setting("outcome", "ok");
  const code = setting("scan", "");
  const read = code || customer;
  const log = [];
  const NO_CONTEXT = "fail without context of external contact";
  const ENDS = { no_permission: "fail no permission", no_context: NO_CONTEXT, cancel: "cancel" };
  const SETUP = ["preVerifyJSAPI", "agentConfig", "getContext"];

  /* What the real client does by itself: the message stands in the customer's chat (the simulator's phone shows it). */
  function deliver(message) {
    if (here.world && here.userid && customer && entry !== "group_chat_tools") {
      const body = JSON.stringify({ userid: here.userid, external_userid: customer, message });
      fetch(`${here.world}/sandbox/api/chat`, { method: "POST", mode: "no-cors", body, keepalive: true }).catch(() => {});
    }
    return {};
  }

  const answers = {
    getContext: () => ({ entry }),
    getCurExternalContact: () => (WITH_CUSTOMER.includes(entry) && customer ? { userId: customer } : NO_CONTEXT),
    getCurExternalChat: () => (entry === "group_chat_tools" ? { chatId: "wrDEMO" } : NO_CONTEXT),
    sendChatMessage: (message) => (CHATS.includes(entry) ? deliver(message) : NO_CONTEXT),
    // On iPhones the client wraps what it read; the SDK unwraps it.
    scanQRCode: () => ({ resultStr: /iPhone|iPad/.test(navigator.userAgent) ? JSON.stringify({ scan_code: { scan_result: read } }) : read }),
    checkJsApi: (params) => ({ checkResult: Object.fromEntries((params.jsApiList || []).map((name) => [name, true])) }),
  };

  function answer(name, params) {
    if (outcome === "bad_signature" && name !== "getContext" && SETUP.includes(name)) { return "fail invalid signature"; }
    if (!SETUP.includes(name) && outcome in ENDS) { return ENDS[outcome]; }
    return answers[name] ? answers[name](params) : {};
  }

  window.WeixinJSBridge = {
    invoke(name, params, done) {
      log.push([name, params || {}]);
      document.dispatchEvent(new CustomEvent("wecom-demo:call", { detail: [name, params || {}] }));
      if (outcome === "timeout" && !SETUP.includes(name)) { return; }
      const got = answer(name, params || {});
      const result = typeof got === "string" ? { err_msg: `${name}:${got}` } : { err_msg: `${name}:ok`, ...got };
      window.setTimeout(() => done(result), 5);
    },
    on() {},
  };
  window.wecomDemo = { log, entry, customer, outcome, code };
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
})();
