"use strict";
/* The only file that touches WeCom's SDK (`ww.*`).

   Outside of WeCom every promise of the SDK stays pending for ever. So each call here first looks where the page is,
   knows whether it waits for a machine (then it has a limit) or for a person (then only its set-up has one), and always
   ends in an outcome: {ok, kind, value, detail}. kind: ok, outside, permission, context, cancel, timeout, signature,
   version, failed. Nothing is thrown; `WeCom.words(outcome)` says it to a person. */
window.WeCom = (() => {
  const page = document.body.dataset;
  const APIS = [
    "getContext", "getCurExternalContact", "getCurExternalChat", "sendChatMessage", "openEnterpriseChat",
    "openExistedChatWithMsg", "openUserProfile", "navigateToAddCustomer", "shareAppMessage", "shareWechatMessage",
    "shareToExternalContact", "shareToExternalChat", "shareToExternalMoments", "scanQRCode", "setClipboardData",
    "previewImage", "previewFile", "checkJsApi", "closeWindow", "getLocation",
  ];
  const CHATS = ["single_chat_tools", "group_chat_tools", "chat_attachment", "single_kf_tools"];
  // Milliseconds: asking the client something, setting the SDK up, putting a message into a chat.
  const limits = { read: 4000, setup: 8000, send: 15000, place: 20000 };
  const state = { config: "", agentConfig: "", calls: [] };
  const sdk = window.ww;

  // Without a corp id WeCom is not connected here yet: then this is a page like any other.
  const inside = () => Boolean(sdk && page.corpId) && (sdk.env.isWeCom || Boolean(window.WeixinJSBridge));
  const success = (value) => ({ ok: true, kind: "ok", value: value || {}, detail: "" });
  const failure = (kind, detail) => ({ ok: false, kind, value: {}, detail: detail || "" });

  const KINDS = [
    [/cancel/, "cancel"],
    [/without context/, "context"],
    [/timeout/, "timeout"],
    [/signature|40093|invalid url domain/, "signature"],
    [/permission|access denied|auth deny/, "permission"],
    [/not (support|exist|implement)|unknown api|system version/, "version"],
  ];
  function outcomeOf(error) {
    const detail = String((error && (error.errMsg || error.message)) || error || "");
    const found = KINDS.find(([pattern]) => pattern.test(detail.toLowerCase()));
    return failure(found ? found[1] : "failed", detail);
  }

  function within(promise, ms, name) {
    let timer = 0;
    const late = new Promise((_resolve, reject) => {
      timer = window.setTimeout(() => reject({ errMsg: `${name}:fail timeout` }), ms);
    });
    return Promise.race([promise, late]).finally(() => window.clearTimeout(timer));
  }

  async function signature(kind, url) {
    const query = new URLSearchParams({ kind, url });
    const answer = await fetch(`${page.signUrl}?${query}`, { redirect: "manual", headers: { Accept: "application/json" } });
    // The session is over: the page goes through the silent log-in and comes back.
    if (answer.type === "opaqueredirect" || answer.status === 401) { window.location.reload(); }
    if (!answer.ok) { throw new Error(`signature ${kind}: HTTP ${answer.status}`); }
    return answer.json();
  }

  if (inside()) {
    sdk.register({
      corpId: page.corpId,
      agentId: page.agentId,
      jsApiList: APIS,
      getConfigSignature: (url) => signature("corp", url),
      getAgentConfigSignature: (url) => signature("agent", url),
      onConfigSuccess: () => { state.config = "ok"; },
      onConfigFail: (error) => { state.config = outcomeOf(error).detail; },
      onAgentConfigSuccess: () => { state.agentConfig = "ok"; },
      onAgentConfigFail: (error) => { state.agentConfig = outcomeOf(error).detail; },
    });
  }

  /* One call of the SDK. `ms` 0: the answer is a person's (a picker, a camera), so it may take as long as it likes. */
  async function call(name, params, ms) {
    if (!inside()) { return failure("outside", `${name}:fail not in wecom`); }
    let outcome;
    try {
      await within(sdk.ensureConfigReady(), limits.setup, "config");
      const answer = sdk[name](params || {});
      outcome = success(await (ms ? within(answer, ms, name) : answer));
    } catch (error) {
      outcome = outcomeOf(error);
    }
    state.calls.push([name, outcome.kind, outcome.detail]);
    return outcome;
  }

  let entry = null;
  /* Where the page was opened: value.entry, "normal" in the workbench. Asked once a page. */
  async function context() {
    if (entry === null || !entry.ok) { entry = await call("getContext", {}, limits.read); }
    return entry;
  }

  /* The customer of this chat or contact page: value.userId is an external_userid. */
  const currentCustomer = () => call("getCurExternalContact", {}, limits.read);
  /* The customer group of this chat: value.chatId. */
  const currentGroup = () => call("getCurExternalChat", {}, limits.read);

  /* Put one message into a chat the way this entry allows. `message` is as sendChatMessage wants it; `to` an
     external_userid when the customer is known. value.way: "sent" (it is in the chat), "chat" (the chat is open, the
     link lies in the clipboard), "shared" (the person chose a chat). After "timeout" nobody knows whether it was sent. */
  async function send(message, to) {
    const where = await context();
    if (!where.ok) { return where; }
    if (CHATS.includes(where.value.entry)) {
      return told("sent", await call("sendChatMessage", Object.assign({ enterChat: true }, message), limits.send));
    }
    const news = message.news || {};
    if (to) {
      await copy(news.link || (message.text && message.text.content) || "");
      return told("chat", await openChat(to));
    }
    if (!news.link) { return failure("context", "sendChatMessage:fail without context of external contact"); }
    const card = { title: news.title, desc: news.desc, link: news.link, imgUrl: news.imgUrl };
    return told("shared", await call("shareAppMessage", card, 0));
  }
  function told(way, outcome) {
    if (outcome.ok) { outcome.value = Object.assign({}, outcome.value, { way }); }
    return outcome;
  }

  /* Several messages, one after the other in their order; stops at the first that does not go. */
  async function sendAll(messages, to) {
    const outcomes = [];
    for (const message of messages) {
      const outcome = await send(message, to);
      outcomes.push(outcome);
      if (!outcome.ok) { break; }
    }
    return outcomes;
  }

  const openChat = (id) => call("openEnterpriseChat", { externalUserIds: [id], userIds: [], groupName: "" }, 0);
  const openProfile = (id) => call("openUserProfile", { type: 2, userid: id }, 0);
  const scan = () => call("scanQRCode", { needResult: true, scanType: ["qrCode", "barCode"] }, 0);
  const addCustomer = () => call("navigateToAddCustomer", {}, 0);
  const preview = (urls, current) => call("previewImage", { urls, current: current || urls[0] }, 0);

  /* Where the phone is, in the datum named with it: WeCom's answer, else the browser's. The person is asked first. */
  async function place() {
    const told = await call("getLocation", { type: "gcj02" }, limits.place);
    if (told.ok && told.value && Number.isFinite(Number(told.value.latitude || NaN))) { return success(Object.assign({}, told.value, { datum: "gcj02" })); }
    return navigator.geolocation ? browserPlace() : told;
  }
  function browserPlace() {
    return new Promise((resolve) => {
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => resolve(success({
          latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy, datum: "wgs84",
        })),
        (error) => resolve(failure(error.code === 1 ? "cancel" : "timeout", error.message)),
        { enableHighAccuracy: true, timeout: limits.place, maximumAge: 60000 },
      );
    });
  }

  /* Works everywhere: by the browser, by WeCom, by a hidden field. */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return success();
    } catch {
      const outcome = await call("setClipboardData", { data: text }, limits.read);
      return outcome.ok || copyByField(text) ? success() : outcome;
    }
  }
  function copyByField(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "off-screen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }

  /* What the client would let this page do: value.checkResult by name. */
  const checks = () => call("checkJsApi", { jsApiList: APIS }, limits.read);
  const version = () => (navigator.userAgent.match(/wxwork\/([\d.]+)/i) || ["", ""])[1];

  const words = (outcome) => page[`wecom${outcome.kind[0].toUpperCase()}${outcome.kind.slice(1)}`] || page.wecomFailed || "";

  return {
    APIS, limits, state, inside, context, currentCustomer, currentGroup, send, sendAll, openChat, openProfile, scan,
    addCustomer, preview, place, copy, checks, version, words,
  };
})();
