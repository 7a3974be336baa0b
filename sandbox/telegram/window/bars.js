/* The native parts around the frame: header with back, close and menu, and the two bottom buttons. */

import { byId, readableOn } from "./dom.js";
import * as host from "./host.js";
import { themeParams } from "./themes.js";

const bottomBar = byId("bottom-bar");
const buttons = {
  main: { node: byId("main-button"), state: { is_visible: false } },
  secondary: { node: byId("secondary-button"), state: { is_visible: false } },
};
let palette = themeParams("ios", "light");
let colors = {};

/** A freshly opened Mini App has no buttons and Telegram's own colours. */
export function clear() {
  colors = {};
  setBack({ is_visible: false });
  setSettings({ is_visible: false });
  for (const name of Object.keys(buttons)) setButton(name, { is_visible: false });
  paint();
}

export function setPalette(next) {
  palette = next;
  paint();
}

function paint() {
  const top = colors.header ?? palette.header_bg_color;
  const bottom = colors.bottom ?? palette.bottom_bar_bg_color;
  const screen = byId("screen");
  screen.style.setProperty("--header-bg", top);
  screen.style.setProperty("--header-text", readableOn(top));
  screen.style.setProperty("--bottom-bg", bottom);
  screen.style.setProperty("--body-bg", colors.background ?? palette.bg_color);
  for (const [key, value] of Object.entries(palette)) {
    screen.style.setProperty(`--${key.replaceAll("_", "-")}`, value);
  }
}

const setBack = ({ is_visible }) => {
  byId("back-button").hidden = !is_visible;
  byId("close-button").hidden = Boolean(is_visible);
};
const setSettings = ({ is_visible }) => (byId("settings-item").hidden = !is_visible);

function setButton(name, state) {
  const { node } = buttons[name];
  buttons[name].state = state;
  node.hidden = !state.is_visible;
  if (state.is_visible) dress(node, state);
  if (name === "secondary") bottomBar.dataset.position = state.position ?? "left";
  bottomBar.hidden = !Object.values(buttons).some((button) => button.state.is_visible);
}

function dress(node, state) {
  node.textContent = state.text;
  node.style.backgroundColor = state.color ?? "";
  node.style.color = state.text_color ?? "";
  node.classList.toggle("shine", Boolean(state.has_shine_effect));
  node.classList.toggle("progress", Boolean(state.is_progress_visible));
  node.setAttribute("aria-busy", String(Boolean(state.is_progress_visible)));
  node.disabled = state.is_active === false;
}

const named = (key) => (key && key in palette ? palette[key] : undefined);

host.on("web_app_setup_back_button", setBack);
host.on("web_app_setup_settings_button", setSettings);
host.on("web_app_setup_main_button", (state) => setButton("main", state));
host.on("web_app_setup_secondary_button", (state) => setButton("secondary", state));
host.on("web_app_set_header_color", ({ color, color_key }) => {
  colors.header = color ?? named(color_key);
  paint();
});
host.on("web_app_set_background_color", ({ color }) => {
  colors.background = named(color) ?? color;
  paint();
});
host.on("web_app_set_bottom_bar_color", ({ color }) => {
  colors.bottom = named(color) ?? color;
  paint();
});

byId("back-button").addEventListener("click", () => host.post("back_button_pressed"));
byId("main-button").addEventListener("click", () => host.post("main_button_pressed"));
byId("secondary-button").addEventListener("click", () => host.post("secondary_button_pressed"));

const menu = byId("menu");
function showMenu(shown) {
  menu.hidden = !shown;
  byId("menu-button").setAttribute("aria-expanded", String(shown));
}
byId("menu-button").addEventListener("click", () => showMenu(menu.hidden));
document.addEventListener("click", ({ target }) => byId("menu-button").contains(target) || showMenu(false));
window.addEventListener("blur", () => showMenu(false)); // a tap inside the Mini App
byId("settings-item").addEventListener("click", () => host.post("settings_button_pressed"));
