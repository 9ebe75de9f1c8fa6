/* A stand-in of jweixin-1.6.0.js for pages opened from the sandbox's phone. */
(function () {
  var base = new URL(document.currentScript.src).origin;
  var ready = [], failed = [], state = null, shared = {};
  var place = { latitude: 31.23037, longitude: 121.4737, speed: 0, accuracy: 30 };
  function settle(message) {
    state = message;
    if (message === "config:ok") ready.splice(0).forEach(function (call) { call(); });
    else failed.splice(0).forEach(function (call) { call({ errMsg: message }); });
  }
  function later(options, name, result) {
    setTimeout(function () {
      var answer = Object.assign({ errMsg: name + ":ok" }, result);
      if (options.success) options.success(answer);
      if (options.complete) options.complete(answer);
    }, 0);
  }
  /* The conversion of China's map datum; good to a metre or two. */
  function gcj02(lat, lng) {
    var pi = Math.PI, a = 6378245.0, ee = 0.00669342162296594323, x = lng - 105, y = lat - 35;
    var common = (20 * Math.sin(6 * x * pi) + 20 * Math.sin(2 * x * pi)) * 2 / 3;
    var dLat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + common
      + (20 * Math.sin(y * pi) + 40 * Math.sin(y / 3 * pi)) * 2 / 3 + (160 * Math.sin(y / 12 * pi) + 320 * Math.sin(y * pi / 30)) * 2 / 3;
    var dLng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + common
      + (20 * Math.sin(x * pi) + 40 * Math.sin(x / 3 * pi)) * 2 / 3 + (150 * Math.sin(x / 12 * pi) + 300 * Math.sin(x / 30 * pi)) * 2 / 3;
    var rad = lat / 180 * pi, magic = 1 - ee * Math.sin(rad) * Math.sin(rad), root = Math.sqrt(magic);
    return { latitude: lat + dLat * 180 / ((a * (1 - ee)) / (magic * root) * pi), longitude: lng + dLng * 180 / (a / root * Math.cos(rad) * pi) };
  }
  window.wx = {
    config: function (options) {
      var query = new URLSearchParams({ appId: options.appId, timestamp: options.timestamp, nonceStr: options.nonceStr,
        signature: options.signature, url: location.href.split("#")[0] });
      fetch(base + "/wechat/jssdk/check?" + query).then(function (answer) { return answer.json(); })
        .then(function (said) { settle(said.errMsg); });
    },
    ready: function (call) { if (state === "config:ok") call(); else ready.push(call); },
    error: function (call) { if (state && state !== "config:ok") call({ errMsg: state }); else failed.push(call); },
    checkJsApi: function (options) {
      var found = {};
      options.jsApiList.forEach(function (name) { found[name] = typeof window.wx[name] === "function"; });
      later(options, "checkJsApi", { checkResult: found });
    },
    getLocation: function (options) {
      if (!window.confirm("允许使用你的位置？ / May this page know where you are?")) {
        setTimeout(function () { (options.cancel || options.fail || function () {})({ errMsg: "getLocation:cancel" }); }, 0);
        return;
      }
      var set = JSON.parse(sessionStorage.getItem("sandbox_place") || "null");
      var here = Object.assign({}, place, set);
      if (options.type === "gcj02") Object.assign(here, gcj02(here.latitude, here.longitude));
      later(options, "getLocation", here);
    },
    openLocation: function (options) { later(options, "openLocation", {}); },
    updateAppMessageShareData: function (options) { shared.friend = options; later(options, "updateAppMessageShareData", {}); },
    updateTimelineShareData: function (options) { shared.timeline = options; later(options, "updateTimelineShareData", {}); },
    scanQRCode: function (options) { later(options, "scanQRCode", { resultStr: window.prompt("QR") || "" }); },
    previewImage: function (options) { later(options, "previewImage", {}); },
    hideMenuItems: function (options) { later(options, "hideMenuItems", {}); },
    closeWindow: function () { window.close(); },
    sandbox: { shared: shared, moveTo: function (latitude, longitude) { sessionStorage.setItem("sandbox_place", JSON.stringify({ latitude: latitude, longitude: longitude })); } }
  };
})();
