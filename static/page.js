// What the page itself needs: who is asking, and small things that HTML cannot do alone.
//   data-external="ios"     a link that leaves the app (shown on that platform first)
//   data-copy               copies its value; data-copy-from="id" the value of that field
//   data-download="name"    a file that Telegram fetches and saves
//   data-local              a time, shown in this phone's zone
//   data-opens="id"         opens that sheet (a dialog); data-closes, inside it, closes it
//   data-close-app          closes the shop
//   data-toast              its words are said in passing, once
//   data-waiting, data-trouble   what is shown while the page is waited for, and when it does not come
(function () {
  "use strict";
  var simka = window.simka;
  var shown = location.pathname;
  var RELOADED_FOR = "simka.build"; // the builds that this window was reloaded for
  var build = document.documentElement.dataset.build;
  var newer = ""; // the build that has answered a page of an older one
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
    holdFocus(event.detail.ctx);
    if ((polls && document.hidden) || (!simka.initData && "personal" in element.dataset)) {
      event.preventDefault(); // nobody is looking, or nobody is known; the next tick that somebody sees asks again
    } else if (simka.initData) {
      event.detail.ctx.request.headers.Authorization = "tma " + simka.initData;
      event.detail.ctx.request.headers["HX-Current-URL"] = location.href.split("#")[0]; // it may still hold initData
    }
  });
  document.addEventListener("htmx:after:init", searchWhatIsTyped);
  document.addEventListener("htmx:after:swap", inLine);
  document.addEventListener("htmx:finally:request", function (event) { setTimeout(giveFocusBack, 0, event.detail.ctx); });
  document.addEventListener("htmx:finally:request", function (event) { setTimeout(keepUp, 0, event.detail.ctx); });
  document.addEventListener("htmx:response:error", function (event) {
    if (event.detail.ctx.response.status >= 500) { trouble("broken"); }
  });
  document.addEventListener("htmx:error", function () { trouble("offline"); });
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
    document.querySelectorAll("[data-toast]").forEach(function (word) {
      toast(word.textContent);
      word.removeAttribute("data-toast");
    });
    setTimeout(arrive); // once the address is the new one
  }

  // Typed before the scripts came, or put back by the browser: it has had no answer yet.
  function searchWhatIsTyped(event) {
    var field = event.target.matches("form.search") && event.target.elements.q;
    if (field && field.value !== field.defaultValue) { field.dispatchEvent(new Event("input", { bubbles: true })); }
  }

  // On another page: whoever does not see it hears its heading first.
  function arrive() {
    if (location.pathname === shown) { return; }
    shown = location.pathname;
    delete document.documentElement.dataset.outcome;
    hear(document.querySelector("main h1"));
  }

  // What is pressed is disabled while it works, and may be gone then; either takes the focus away.
  function holdFocus(ctx) {
    var focused = document.activeElement;
    if (focused !== document.body && ctx.sourceElement.contains(focused) && ctx.target) {
      ctx.held = { id: focused.id, place: ctx.target.id };
    }
  }

  // Back to where it was, else to the heading of what came in its place: never to the top of the page.
  function giveFocusBack(ctx) {
    if (!ctx.held || document.activeElement !== document.body) { return; }
    var place = document.getElementById(ctx.held.place);
    var before = document.getElementById(ctx.held.id);
    if (before) { before.focus({ preventScroll: true }); }
    else if (place) { hear(place.querySelector("h1, h2, h3") || place); }
  }

  // A new version answers an old page: it is loaded anew as soon as that loses nothing, once for each version
  // (while two serve side by side, they answer in turns). What was sent may have words that are said once.
  function keepUp(ctx) {
    var theirs = ctx.response && ctx.response.headers.get("X-Build");
    if (theirs) { newer = theirs === build ? "" : theirs; }
    if (!newer || ctx.request.method !== "GET" || isHalfDone()) { return; }
    try {
      var seen = (sessionStorage.getItem(RELOADED_FOR) || "").split(" ");
      if (seen.indexOf(newer) >= 0) { return; }
      sessionStorage.setItem(RELOADED_FOR, seen.concat(newer).slice(-9).join(" "));
    } catch (_) { return; } // closed to frames: who is asking would be lost too
    location.reload();
  }

  // Something was typed or chosen, a sheet is open, or the page asks before it is closed.
  function isHalfDone() {
    return simka.isPaying()
      || Boolean(document.querySelector("dialog[open], [data-closing-confirmation], [data-invoice-url]"))
      || [].some.call(document.querySelectorAll("input, textarea, select"), isChanged);
  }

  function isChanged(field) {
    if (field.type === "checkbox" || field.type === "radio") { return field.checked !== field.defaultChecked; }
    if (field.options) {
      return [].some.call(field.options, function (option) { return option.selected !== option.defaultSelected; });
    }
    return field.value !== field.defaultValue || (field === document.activeElement && field.type !== "hidden");
  }

  function hear(element) {
    if (!element) { return; }
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
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

  // What was waited for and does not come stands on the page itself; anything else is said in passing.
  function trouble(kind) {
    var page = document.querySelector("[data-trouble]");
    if (!page) { toast(document.body.dataset[kind + "Text"]); return; }
    document.querySelector("[data-waiting]").hidden = true;
    page.hidden = false;
  }

  function toast(text) {
    var box = document.getElementById("toast");
    box.textContent = text;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(function () { box.textContent = ""; }, 3000);
  }
})();
