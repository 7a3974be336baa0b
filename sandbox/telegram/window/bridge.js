/* Lets a Mini App inside the sandbox's window believe that it runs in a phone's Telegram.

   Opened on its own (no window around it) it changes nothing: without TelegramWebviewProxy Telegram's script
   behaves as in any browser, and a proxy that somebody has put there already stays theirs.
   Messages to and from the window are objects. Telegram's script, which listens to its parent too, takes
   only JSON text, so no event arrives twice. */
(function () {
  "use strict";
  if (window.parent === window || window.TelegramWebviewProxy) return;

  var home = new URL(document.currentScript.src).origin;
  var early = [];

  function tell(eventType, eventData) {
    window.parent.postMessage({ fromMiniApp: true, eventType: eventType, eventData: eventData }, home);
  }

  function deliver(message) {
    if (window.Telegram && window.Telegram.WebView) {
      window.Telegram.WebView.receiveEvent(message.eventType, message.eventData);
    } else {
      early.push(message);
    }
  }

  window.TelegramWebviewProxy = {
    postEvent: function (eventType, json) {
      tell(eventType, JSON.parse(json || '""'));
    },
  };
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || event.origin !== home) return;
    if (event.data && event.data.toMiniApp) deliver(event.data);
  });
  window.addEventListener("load", function () {
    early.splice(0).forEach(deliver);
  });
  tell("bridge_ready", {});
})();
