// Telegram's native parts, declared in markup and brought in line after every swap:
//   data-main-button        this button is shown as Telegram's main button
//   data-invoice-url        opens the payment sheet once
//   data-external="ios"     a link that leaves the app (shown on that platform first)
//   data-copy               copies its value
//   data-download="name"    a file that Telegram fetches and saves
//   data-local              a time, shown in this phone's zone
(function () {
  "use strict";
  var simka = window.simka;
  var app = null;             // Telegram.WebApp, once its script is here and we are inside Telegram
  var mainTarget = null;

  document.addEventListener("htmx:config:request", function (event) {
    if (simka.initData) {
      event.detail.ctx.request.headers.Authorization = "tma " + simka.initData;
    }
  });
  document.addEventListener("htmx:after:swap", function () {
    sync();
    openInvoice();
  });
  document.addEventListener("htmx:response:error", function (event) {
    if (event.detail.ctx.response.status >= 500) { toast(document.body.dataset.errorText); }
  });
  document.addEventListener("htmx:error", function () { toast(document.body.dataset.errorText); });
  document.addEventListener("click", onClick);
  window.addEventListener("popstate", sync);

  var script = document.getElementById("telegram-script");
  if (window.Telegram && window.Telegram.WebApp) { connect(); } else { script.addEventListener("load", connect); }
  sync();

  // A page opened on its own has the launch parameters at most: nobody draws native buttons for it.
  function hasHost() {
    return window.TelegramWebviewProxy || window.parent !== window || (window.external && "notify" in window.external);
  }

  function connect() {
    if (!simka.initData || !window.Telegram || !hasHost()) { return; }
    app = window.Telegram.WebApp;
    attempt(function () {
      app.ready();
      app.expand();
      app.MainButton.onClick(function () { if (mainTarget) { mainTarget.click(); } });
      app.BackButton.onClick(function () { history.back(); });
      app.onEvent("themeChanged", scheme);
    });
    document.documentElement.classList.add("native");
    scheme();
    sync();
    openInvoice();
  }

  function scheme() { document.documentElement.dataset.scheme = app.colorScheme; }

  function sync() {
    localTimes();
    if (!app) { return; }
    mainTarget = document.querySelector("[data-main-button]");
    attempt(function () {
      if (mainTarget) {
        app.MainButton.setParams({ text: mainTarget.textContent.trim().slice(0, 64), is_visible: true, is_active: true });
      } else {
        app.MainButton.hide();
      }
      if (location.pathname === "/") { app.BackButton.hide(); } else { app.BackButton.show(); }
    });
  }

  function openInvoice() {
    var holder = document.querySelector("[data-invoice-url]");
    if (!holder || !app) { return; }
    var url = holder.dataset.invoiceUrl;
    holder.removeAttribute("data-invoice-url");
    attempt(function () {
      app.openInvoice(url, function (status) {
        haptic(status === "paid" ? "success" : status === "failed" ? "error" : "warning");
      });
    });
  }

  function onClick(event) {
    var target = event.target.closest("[data-copy], [data-external], [data-download], [data-close-app]");
    if (!target) { return; }
    if (target.dataset.copy) {
      copy(target.dataset.copy);
    } else if (target.dataset.external && app) {
      event.preventDefault();
      attempt(function () {
        if (target.hostname === "t.me") { app.openTelegramLink(target.href); } else { app.openLink(target.href); }
      });
    } else if (target.dataset.download && app) {
      // Web clients forbid downloads from the frame; Telegram fetches the file itself, by https only.
      attempt(function () {
        app.downloadFile({ url: target.href, file_name: target.dataset.download });
        event.preventDefault();
      });
    } else if (target.hasAttribute("data-close-app") && app) {
      attempt(function () { app.close(); });
    }
  }

  function copy(text) {
    var done = function () { toast(document.body.dataset.copiedText); haptic("success"); };
    var byHand = function () {
      var field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      if (document.execCommand("copy")) { done(); }
      field.remove();
    };
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done, byHand); } else { byHand(); }
  }

  function localTimes() {
    var forms = {
      time: { hour: "2-digit", minute: "2-digit" },
      moment: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }
    };
    document.querySelectorAll("time[data-local]").forEach(function (element) {
      var shown = new Intl.DateTimeFormat(document.documentElement.lang, forms[element.dataset.local]);
      element.textContent = shown.format(new Date(element.dateTime));
    });
  }

  function haptic(kind) { attempt(function () { app.HapticFeedback.notificationOccurred(kind); }); }

  function toast(text) {
    var box = document.getElementById("toast");
    box.textContent = text;
    box.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(function () { box.hidden = true; }, 3000);
  }

  // Old clients throw for what they do not know; every native part has an HTML one beside it.
  function attempt(action) {
    if (!app) { return; }
    try { action(); } catch (error) { console.warn(error); }
  }
})();
