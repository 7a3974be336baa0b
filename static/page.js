// What the page itself needs: who is asking, and small things that HTML cannot do alone.
//   data-external="ios"     a link that leaves the app (shown on that platform first)
//   data-copy               copies its value; data-copy-from="id" the value of that field
//   data-download="name"    a file that Telegram fetches and saves
//   data-local              a time, shown in this phone's zone
//   data-opens="id"         opens that sheet (a dialog); data-closes, inside it, closes it
//   data-close-app          closes the shop
(function () {
  "use strict";
  var simka = window.simka;
  var shown = location.pathname;
  var clicks = {
    copy: function (element) { copy(element.dataset.copy, element); },
    copyFrom: function (element) { copyField(document.getElementById(element.dataset.copyFrom), element); },
    opens: function (element) { open(document.getElementById(element.dataset.opens)); },
    closes: function (element) { element.closest("dialog").close(); },
    haptic: function (element) { simka.haptic(element.dataset.haptic); },
    external: function (element, event) {
      native(event, function (app) {
        if (element.hostname === "t.me") { app.openTelegramLink(element.href); } else { app.openLink(element.href); }
      });
    },
    telegramLink: function (element, event) { native(event, function (app) { app.openTelegramLink(element.href); }); },
    homeScreen: function (element, event) { native(event, function (app) { app.addToHomeScreen(); }); },
    closeApp: function (element, event) { native(event, function (app) { app.close(); }); },
    // Web clients forbid downloads from the frame; Telegram fetches the file itself, by https only.
    download: function (element, event) {
      native(event, function (app) { app.downloadFile({ url: element.href, file_name: element.dataset.download }); });
    }
  };

  document.addEventListener("htmx:config:request", function (event) {
    var element = event.detail.ctx.sourceElement;
    var polls = /every/.test(element.getAttribute("hx-trigger"));
    if ((polls && document.hidden) || (!simka.initData && "personal" in element.dataset)) {
      event.preventDefault(); // nobody is looking, or nobody is known; the next tick that somebody sees asks again
    } else if (simka.initData) {
      event.detail.ctx.request.headers.Authorization = "tma " + simka.initData;
      event.detail.ctx.request.headers["HX-Current-URL"] = location.href.split("#")[0]; // it may still hold initData
    }
  });
  document.addEventListener("htmx:after:swap", inLine);
  document.addEventListener("htmx:response:error", function (event) {
    if (event.detail.ctx.response.status >= 500) { trouble(); }
  });
  document.addEventListener("htmx:error", trouble);
  document.addEventListener("click", onClick);
  document.addEventListener("change", function (event) {
    if (event.target.type === "radio" || event.target.type === "checkbox") { simka.haptic("selection"); }
  });
  document.addEventListener("focusin", function (event) { // an iPhone's keyboard covers what it is to fill
    if (simka.platform === "ios" && event.target.matches("input.field:not([readonly]), textarea")) {
      setTimeout(function () { event.target.scrollIntoView({ block: "center" }); }, 300);
    }
  });
  inLine();

  function inLine() {
    localTimes();
    simka.sync();
    setTimeout(arrive); // once the address is the new one
  }

  // On another page: whoever does not see it hears its heading first.
  function arrive() {
    if (location.pathname === shown) { return; }
    shown = location.pathname;
    delete document.documentElement.dataset.outcome;
    var heading = document.querySelector("main h1");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }

  function onClick(event) {
    if (event.target.matches("dialog[open]")) { event.target.close(); } // beside the sheet
    Object.keys(clicks).forEach(function (name) {
      var attribute = "data-" + name.replace(/[A-Z]/g, function (letter) { return "-" + letter.toLowerCase(); });
      var element = event.target.closest("[" + attribute + "]");
      if (element) { clicks[name](element, event); }
    });
  }

  // By Telegram where it can; else the link or the button does what it does anywhere.
  function native(event, action) {
    simka.attempt(function () {
      action(simka.app);
      event.preventDefault();
    });
  }

  function open(sheet) {
    if (sheet.showModal) { sheet.showModal(); } else { sheet.setAttribute("open", ""); }
  }

  function copy(text, button) {
    var field = document.createElement("textarea");
    var byHand = function () {
      field.value = text;
      button.parentNode.append(field); // inside an open sheet nothing outside of it can be selected
      field.select();
      if (document.execCommand("copy")) { copied(); }
      field.remove();
      button.focus();
    };
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(copied, byHand); } else { byHand(); }
  }

  // Where the clipboard is closed altogether the text is at least selected.
  function copyField(field, button) {
    copy(field.value, button);
    field.select();
  }

  function copied() {
    toast(document.body.dataset.copiedText);
    simka.haptic("success");
  }

  function localTimes() {
    var forms = {
      time: { hour: "numeric", minute: "2-digit" },
      moment: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
      weekday: { weekday: "long", hour: "2-digit", minute: "2-digit" }
    };
    document.querySelectorAll("time[data-local]").forEach(function (element) {
      var format = new Intl.DateTimeFormat(document.documentElement.lang, forms[element.dataset.local]);
      var text = format.format(new Date(element.dateTime));
      if (element.textContent !== text) { element.textContent = text; }
    });
  }

  function trouble() { toast(document.body.dataset.errorText); }

  function toast(text) {
    var box = document.getElementById("toast");
    box.hidden = false;
    box.textContent = text;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(function () { box.hidden = true; }, 3000);
  }
})();
