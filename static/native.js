// Telegram's native parts, declared in markup and brought in line after every swap. Each stands in for
// something that works without it.
//   data-main-button          this button is Telegram's main button: pressing that one presses this one
//   data-second-button        likewise the second one beside it
//   class="back"              the link that Telegram's back button follows when there is no way back in history
//   data-settings             the link behind the item "Settings" of Telegram's menu
//   data-invoice-url          opens the payment sheet once; then [data-outcome-word="paid|cancelled|failed|
//                             pending"] shows the one that came true, and "invoice" is fired on the body
//   data-closing-confirmation while it is there, Telegram asks before it closes the shop
//   data-haptic="selection"   felt when it is tapped: selection, light, medium, success, warning, error
//   data-feedback="success"   felt once when it turns up: success, warning, error
//   hx-confirm                asked in Telegram's popup; data-confirm-yes names the button, data-danger paints it
//   data-ask-write-access     asks once whether the bot may write
//   data-home-screen          a button, hidden in markup, shown where the shop can be put on the home screen
//   data-personal             a fragment that is asked for only when Telegram has said who is there
//   data-telegram-link        a t.me link (share, support) that is opened inside Telegram
(function () {
  "use strict";
  var PATIENCE_MS = 4000; // then the page's own way back is shown
  var simka = window.simka;
  var root = document.documentElement;
  var app = null; // Telegram.WebApp, once its script is here and we are inside Telegram
  var host = nativeHost();
  var pressed = {};
  var felt = {};
  var depth = 0;
  var homeScreen = "";
  var paying = false;

  simka.sync = sync;
  simka.haptic = haptic;
  simka.attempt = attempt;
  simka.isPaying = function () { return paying; };
  document.addEventListener("htmx:confirm", confirmNatively);
  document.addEventListener("htmx:before:request", function (event) { progress(event, true); });
  document.addEventListener("htmx:finally:request", function (event) { progress(event, false); });
  document.addEventListener("htmx:after:history:push", function () { depth += 1; });
  window.addEventListener("popstate", function () { depth -= 1; });

  if (host) { host("web_app_ready"); host("web_app_expand"); } // not so late as Telegram's script may be
  if (window.Telegram && window.Telegram.WebApp) { connect(); }
  else { document.getElementById("telegram-script").addEventListener("load", connect); }
  setTimeout(giveUp, PATIENCE_MS);

  // How messages reach Telegram; null outside of it: a page opened on its own has the launch parameters at most.
  function nativeHost() {
    if (!simka.initData) { return null; }
    if (window.TelegramWebviewProxy) {
      return function (type, data) { window.TelegramWebviewProxy.postEvent(type, JSON.stringify(data || "")); };
    }
    if (window.external && "notify" in window.external) {
      return function (type, data) { window.external.notify(JSON.stringify({ eventType: type, eventData: data })); };
    }
    if (window.parent === window) { return null; }
    return function (type, data) {
      window.parent.postMessage(JSON.stringify({ eventType: type, eventData: data }), "https://web.telegram.org");
    };
  }

  function connect() {
    if (!host || !window.Telegram) { return; }
    app = simka.app = window.Telegram.WebApp;
    root.classList.remove("late");
    attempt(function () {
      app.ready();
      app.expand();
      app.MainButton.onClick(function () { press("main"); });
      app.BackButton.onClick(goBack);
      app.onEvent("themeChanged", dress);
      app.onEvent("homeScreenAdded", function () { homeScreen = "added"; sync(); });
    });
    if (since("7.10")) { app.SecondaryButton.onClick(function () { press("second"); }); }
    if (since("7.0")) { app.SettingsButton.onClick(function () { click("[data-settings]"); }); }
    if (since("8.0")) {
      attempt(function () { app.checkHomeScreenStatus(function (status) { homeScreen = status; sync(); }); });
    }
    dress();
    sync();
  }

  function giveUp() {
    if (app || !root.classList.contains("native-back")) { return; }
    root.classList.remove("native-back");
    root.classList.add("late");
  }

  function since(version) { return app.isVersionAtLeast(version); }

  function dress() {
    simka.applyTheme(app.themeParams);
    attempt(function () {
      app.setHeaderColor("secondary_bg_color");
      app.setBackgroundColor("secondary_bg_color");
      if (since("7.10")) { app.setBottomBarColor("bottom_bar_bg_color"); }
    });
  }

  function sync() {
    openInvoice();
    if (!app) { return; }
    bottomButton("main", app.MainButton);
    if (since("7.10")) { bottomButton("second", app.SecondaryButton); }
    attempt(function () {
      var back = document.querySelector(".back");
      app.BackButton[back || depth > 0 ? "show" : "hide"]();
      root.classList.toggle("native-back", since("6.1"));
      if (since("7.0")) { app.SettingsButton[document.querySelector("[data-settings]") ? "show" : "hide"](); }
      if (document.querySelector("[data-closing-confirmation]")) { app.enableClosingConfirmation(); }
      else { app.disableClosingConfirmation(); }
    });
    document.querySelectorAll("[data-home-screen]").forEach(function (button) {
      button.hidden = homeScreen !== "missed" && homeScreen !== "unknown";
    });
    document.querySelectorAll("[data-feedback]").forEach(feel);
    askWriteAccess();
  }

  function bottomButton(name, button) {
    var target = pressed[name] = document.querySelector("[data-" + name + "-button]");
    attempt(function () {
      if (target) {
        var text = target.textContent.replace(/\s+/g, " ").trim().slice(0, 64);
        button.setParams({ text: text, is_visible: true, is_active: !target.disabled });
      } else {
        button.hideProgress();
        button.hide();
      }
      root.classList.toggle("native-" + name, Boolean(target));
    });
  }

  function press(name) { if (pressed[name]) { pressed[name].click(); } }

  function click(selector) {
    var link = document.querySelector(selector);
    if (link) { link.click(); }
  }

  function goBack() {
    var sheet = document.querySelector("dialog[open]");
    if (sheet) { sheet.close(); }
    else if (depth > 0 || !document.querySelector(".back")) { history.back(); }
    else { click(".back"); }
  }

  function progress(event, running) {
    var button = pressed.main;
    if (!app || !button || event.detail.ctx.sourceElement !== button.form) { return; }
    attempt(function () { app.MainButton[running ? "showProgress" : "hideProgress"](); });
  }

  function openInvoice() {
    var holder = document.querySelector("[data-invoice-url]");
    if (!holder || !host) { return; }
    var url = holder.dataset.invoiceUrl;
    holder.removeAttribute("data-invoice-url");
    delete root.dataset.outcome;
    if (!app) { // Telegram's script has not come: the sheet opens all the same, and the page asks how it ended
      host("web_app_open_invoice", { slug: url.replace(/^.*\/(invoice\/|\$)/, "") });
      return;
    }
    paying = true;
    attempt(function () { app.openInvoice(url, closed); });
  }

  // What Telegram says of the sheet is a hint; the page gets the truth from the server.
  function closed(status) {
    paying = false;
    root.dataset.outcome = status;
    haptic({ paid: "success", failed: "error" }[status] || "warning");
    document.body.dispatchEvent(new Event("invoice"));
    askWriteAccess();
  }

  function askWriteAccess() {
    var user = app && app.initDataUnsafe.user;
    if (paying || !user || user.allows_write_to_pm || !document.querySelector("[data-ask-write-access]")) { return; }
    if (remembers("write-access")) { return; }
    attempt(function () { app.requestWriteAccess(); });
  }

  // Was this here before in this session? From now on it was.
  function remembers(name) {
    try {
      var before = sessionStorage.getItem(name);
      sessionStorage.setItem(name, "yes");
      return before;
    } catch (_) { return true; }
  }

  function confirmNatively(event) {
    var asking = event.detail;
    var element = asking.ctx.sourceElement;
    if (!app || !since("6.2")) { return; }
    event.preventDefault();
    var yes = { id: "yes", type: "danger" in element.dataset ? "destructive" : "default" };
    yes.text = (element.dataset.confirmYes || element.textContent).trim().slice(0, 64);
    try {
      app.showPopup({ message: asking.ctx.confirm.slice(0, 256), buttons: [yes, { type: "cancel" }] }, function (id) {
        if (id === "yes") { asking.issueRequest(); } else { asking.dropRequest(); }
      });
    } catch (_) { // another popup is open
      asking.dropRequest();
    }
  }

  function feel(element) {
    var key = location.pathname + element.dataset.feedback;
    if (!felt[key]) { haptic(element.dataset.feedback); }
    felt[key] = true;
  }

  function haptic(kind) {
    attempt(function () {
      if (kind === "selection") { app.HapticFeedback.selectionChanged(); }
      else if (kind === "light" || kind === "medium") { app.HapticFeedback.impactOccurred(kind); }
      else { app.HapticFeedback.notificationOccurred(kind); }
    });
  }

  // Old clients throw for what they do not know; every native part has an HTML one beside it.
  function attempt(action) {
    if (!app) { return; }
    try { action(); } catch (error) { console.warn(error); }
  }
})();
