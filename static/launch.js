// Runs first, before the page is drawn: takes Telegram's launch parameters out of the address (htmx repeats
// the whole address in a header), keeps them where Telegram's own script looks for them, and asks for the
// customer's language when the address does not name one.
(function () {
  "use strict";
  var KEY = "__telegram__initParams";
  var stored = {};
  try {
    stored = JSON.parse(sessionStorage.getItem(KEY)) || {};
  } catch (_) { /* no storage: the fragment below is all there is */ }

  var launch = new URLSearchParams(location.hash.slice(1));
  if (launch.has("tgWebAppData")) {
    stored = Object.fromEntries(launch);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(stored));
    } catch (_) { /* the page still works until it is reloaded */ }
    history.replaceState(history.state, "", location.pathname + location.search);
  }

  var initData = stored.tgWebAppData || "";
  window.simka = { initData: initData, platform: stored.tgWebAppPlatform || "" };
  document.documentElement.dataset.platform = window.simka.platform;
  applyTheme(stored.tgWebAppThemeParams);
  askForLanguage();

  // Telegram's script does the same, later; this keeps the first paint from flashing.
  function applyTheme(json) {
    var theme = {};
    try { theme = JSON.parse(json || "{}"); } catch (_) { /* the stylesheet's fallbacks */ }
    Object.keys(theme).forEach(function (name) {
      if (/^#[0-9a-f]{6}$/i.test(theme[name])) {
        document.documentElement.style.setProperty("--tg-theme-" + name.replace(/_/g, "-"), theme[name]);
      }
    });
    if (theme.bg_color) {
      var dark = parseInt(theme.bg_color.slice(1, 3), 16) < 128;
      document.documentElement.style.setProperty("--tg-color-scheme", dark ? "dark" : "light");
      document.documentElement.dataset.scheme = dark ? "dark" : "light";
    }
  }

  function askForLanguage() {
    var here = new URL(location.href);
    if (!initData || here.searchParams.has("lang")) { return; }
    var code = "";
    try {
      code = (JSON.parse(new URLSearchParams(initData).get("user")).language_code || "").split("-")[0];
    } catch (_) { /* Telegram names no language */ }
    if ((code === "en" || code === "ru") && code !== document.documentElement.lang) {
      here.searchParams.set("lang", code);
      location.replace(here.href);
    }
  }
})();
