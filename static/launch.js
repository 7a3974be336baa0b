// Runs first, as soon as the page is read (Telegram covers it until native.js says that it is ready): takes Telegram's launch parameters out of the address (htmx repeats
// the whole address in a header), keeps them where Telegram's own script looks for them, puts on Telegram's
// colours, asks for the customer's language when the address does not name one, and keeps forms waiting for htmx.
(function () {
  "use strict";
  var KEY = "__telegram__initParams";
  var ENOUGH = 4.55; // AA asks for 4.5
  var GREY = [120, 120, 128]; // of the stylesheet's --fill
  var root = document.documentElement;
  var stored = {};
  try {
    stored = JSON.parse(sessionStorage.getItem(KEY)) || {};
  } catch (_) { /* no storage: the fragment below is all there is */ }

  var launch = new URLSearchParams(location.hash.slice(1));
  if (launch.has("tgWebAppData")) {
    stored = Object.fromEntries(launch);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(stored));
      strip();
    } catch (_) { // closed to frames: then Telegram's script reads the address too; works until it is reloaded
      onceTelegramHasRead(strip);
    }
  }

  var initData = stored.tgWebAppData || "";
  window.simka = { initData: initData, platform: stored.tgWebAppPlatform || "", applyTheme: applyTheme };
  root.dataset.platform = window.simka.platform;
  if (initData && (window.TelegramWebviewProxy || window.parent !== window)) { root.classList.add("native-back"); }
  if (/; LOW\)/.test(navigator.userAgent)) { root.dataset.motion = "low"; }
  if (/Windows/.test(navigator.userAgent)) { root.dataset.flags = "letters"; } // it has no flag emoji
  try {
    applyTheme(JSON.parse(stored.tgWebAppThemeParams || "{}"));
  } catch (_) { /* the stylesheet's own colours */ }
  holdForms();
  askForLanguage();

  function strip() { history.replaceState(history.state, "", location.pathname + location.search); }

  function onceTelegramHasRead(act) {
    var script = document.getElementById("telegram-script");
    if (window.Telegram || !script) { act(); return; }
    script.addEventListener("load", act);
    script.addEventListener("error", act);
  }

  // Telegram's script sets the same variables, sooner or later.
  function applyTheme(theme) {
    var known = {};
    Object.keys(theme || {}).forEach(function (name) {
      if (!/^#[0-9a-f]{6}$/i.test(theme[name])) { return; }
      known[name] = theme[name];
      root.style.setProperty("--tg-theme-" + name.replace(/_/g, "-"), theme[name]);
    });
    if (known.bg_color) { makeReadable(known); }
  }

  // Themes are made by anybody: what would be too faint is moved towards black or white until it is not.
  function makeReadable(theme) {
    var surface = theme.section_bg_color || theme.bg_color;
    var page = theme.secondary_bg_color || theme.bg_color;
    var dark = luminance(surface) < 0.2;
    var grounds = [surface, page, theme.bottom_bar_bg_color || surface];
    var onAccent = theme.button_text_color || "#ffffff";
    grounds = grounds.concat(grounds.map(function (ground) { return mixed(ground, GREY, dark ? 0.24 : 0.12); }));
    root.dataset.scheme = dark ? "dark" : "light";
    root.style.setProperty("--tg-color-scheme", root.dataset.scheme);
    set("--text", theme.text_color, grounds);
    set("--hint", theme.subtitle_text_color || theme.hint_color, grounds);
    set("--link", theme.link_color || theme.button_color, grounds);
    set("--header", theme.section_header_text_color || theme.hint_color, grounds);
    set("--danger", theme.destructive_text_color, grounds);
    set("--accent", theme.button_color, [onAccent]);
  }

  function set(token, color, grounds) {
    if (color) { root.style.setProperty(token, readable(color, grounds)); }
  }

  function readable(color, grounds) {
    var target = luminance(grounds[0]) < 0.2 ? [255, 255, 255] : [0, 0, 0];
    var best = color;
    for (var step = 0; step <= 20; step += 1) {
      best = mixed(color, target, step / 20);
      if (grounds.every(function (ground) { return contrast(best, ground) >= ENOUGH; })) { break; }
    }
    return best;
  }

  function channels(color) {
    return [1, 3, 5].map(function (at) { return parseInt(color.slice(at, at + 2), 16); });
  }

  function mixed(color, target, part) {
    return "#" + channels(color).map(function (value, at) {
      return ("0" + Math.round(value + (target[at] - value) * part).toString(16)).slice(-2);
    }).join("");
  }

  function luminance(color) {
    var linear = channels(color).map(function (value) {
      var share = value / 255;
      return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  function contrast(one, other) {
    var light = Math.max(luminance(one), luminance(other));
    return (light + 0.05) / (Math.min(luminance(one), luminance(other)) + 0.05);
  }

  // Before htmx is there a form would be sent without initData: what is pressed waits until htmx can send it.
  function holdForms() {
    var pressed = null;
    function hold(event) {
      if (!event.target.matches("[hx-post]")) { return; }
      event.preventDefault();
      pressed = event.submitter || event.target.querySelector("button");
    }
    if (!initData) { return; }
    document.addEventListener("submit", hold);
    document.addEventListener("error", function (event) { // ours does not come: then the browser sends it
      if (/\/static\//.test(event.target.src || "")) { document.removeEventListener("submit", hold); }
    }, true);
    document.addEventListener("htmx:after:process", function () {
      document.removeEventListener("submit", hold);
      if (pressed) { pressed.click(); }
    }, { once: true });
  }

  function askForLanguage() {
    var here = new URL(location.href);
    if (!initData || here.searchParams.has("lang")) { return; }
    var code = "";
    try {
      code = (JSON.parse(new URLSearchParams(initData).get("user")).language_code || "").split("-")[0];
    } catch (_) { /* Telegram names no language */ }
    if ((code === "en" || code === "ru") && code !== root.lang) {
      here.searchParams.set("lang", code);
      location.replace(here.href);
    }
  }
})();
