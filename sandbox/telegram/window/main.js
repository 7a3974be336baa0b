/* The window: who uses which phone, and the Mini App that is open on it. */

import { addToHomeScreen, answerFor, openLink, openTelegramLink, tellSafeArea, tellTheme, tellViewport } from "./answers.js";
import { settings, telegram } from "./api.js";
import * as bars from "./bars.js";
import { restartChat, send, showNewest, startChat } from "./chat.js";
import { confirm } from "./dialogs.js";
import { byId, choose, el } from "./dom.js";
import * as host from "./host.js";
import { redrawPanel, startPanel } from "./panel.js";
import { speak, t } from "./strings.js";
import { themeParams } from "./themes.js";

const VERSION = "9.1";
const asked = new URLSearchParams(location.search);
const one = (value, allowed, otherwise) => (allowed.includes(value) ? value : otherwise);
const person = (id) => settings.users.find((user) => user.id === id);

const chosen = { user: Number(asked.get("user")) || settings.users[0].id };
chosen.lang = one(asked.get("lang"), ["ru", "en"], person(chosen.user)?.language_code ?? "en");
chosen.theme = one(asked.get("theme"), ["light", "dark"], matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
chosen.platform = one(asked.get("platform"), ["ios", "android"], "ios");

let address = new URL(asked.get("path") ?? "/", settings.app_url).href;
let needsConfirmation = false;

const phone = {
  name: settings.bot.first_name,
  username: settings.bot.username,
  userId: () => chosen.user,
  platform: () => chosen.platform,
  palette: () => themeParams(chosen.platform, chosen.theme),
  close,
  start: (text) => (showTab("chat"), send(text)),
  reopen: (startParam) => open(address, startParam),
  openApp: (url) => open(url ?? settings.app_url),
  openUrl,
  chatIsSeen: () => document.body.dataset.tab === "chat" || innerWidth > 760,
};

/** A link in the chat. What it opens is shown on the phone, so that has to be in sight. */
function openUrl(link) {
  const url = new URL(link);
  showTab("app");
  return url.hostname === "t.me" ? openTelegramLink(url.pathname + url.search, phone) : openLink(link);
}

/** Open the Mini App with fresh initData, as a tap on one of its buttons does. */
async function open(url, startParam = "") {
  address = url;
  needsConfirmation = false;
  showTab("app");
  byId("closed").hidden = true;
  bars.clear();
  const { init_data } = await telegram.get("init-data", { user_id: chosen.user, language: chosen.lang, start_param: startParam });
  const launch = new URLSearchParams({
    tgWebAppData: init_data,
    tgWebAppVersion: VERSION,
    tgWebAppPlatform: chosen.platform,
    tgWebAppThemeParams: JSON.stringify(phone.palette()),
  });
  host.openFrame(`${url.split("#")[0]}#${launch.toString().replaceAll("+", "%20")}`);
}

function close() {
  host.closeFrame();
  bars.clear();
  byId("closed").hidden = false;
}

async function closeByHand() {
  if (needsConfirmation && !(await confirm({ id: "leave", title: t("leave"), message: t("leaveText"), yes: "close" }))) return;
  close();
}

function dress() {
  Object.assign(document.documentElement.dataset, { theme: chosen.theme, platform: chosen.platform });
  bars.setPalette(phone.palette());
  speak(chosen.lang);
  byId("open-app").textContent = t("openApp", { name: phone.name });
  byId("user-switch").value = chosen.user;
  choose(byId("language-switch"), chosen.lang);
  choose(byId("theme-switch"), chosen.theme);
  choose(byId("platform-switch"), chosen.platform);
  for (const [name, value] of Object.entries(chosen)) asked.set(name, value);
  history.replaceState(null, "", `?${asked}`);
}

/** A change that Telegram would only see in a newly opened Mini App. */
function changeAndReopen(change) {
  Object.assign(chosen, change);
  dress();
  restartChat();
  redrawPanel();
  open(address);
}

function onSegment(id, act) {
  byId(id).addEventListener("click", ({ target }) => {
    const value = target.closest("[data-value]")?.dataset.value;
    if (value) act(value);
  });
}

function startSwitches() {
  const known = settings.users.map((user) => el("option", { value: user.id, text: user.first_name }));
  if (!person(chosen.user)) known.push(el("option", { value: chosen.user, text: `#${chosen.user}` }));
  byId("user-switch").append(...known);
  byId("user-switch").addEventListener("change", ({ target }) => {
    const user = Number(target.value);
    changeAndReopen({ user, lang: person(user)?.language_code ?? chosen.lang });
  });
  onSegment("language-switch", (lang) => changeAndReopen({ lang }));
  onSegment("platform-switch", (platform) => changeAndReopen({ platform }));
  onSegment("theme-switch", (theme) => {
    chosen.theme = theme;
    dress();
    tellTheme(phone);
  });
}

function showTab(name) {
  document.body.dataset.tab = name;
  if (name === "chat") showNewest();
  for (const button of byId("tabs").children) button.setAttribute("aria-pressed", String(button.dataset.tab === name));
}

byId("app-title").textContent = byId("chat-name").textContent = phone.name;
for (const id of ["close-button", "close-item"]) byId(id).addEventListener("click", closeByHand);
byId("reload-item").addEventListener("click", () => open(address));
byId("home-item").addEventListener("click", () => addToHomeScreen(phone));
byId("open-app").addEventListener("click", () => open(address));
byId("tabs").addEventListener("click", ({ target }) => showTab(target.closest("[data-tab]")?.dataset.tab ?? "app"));
host.on("web_app_setup_closing_behavior", ({ need_confirmation }) => (needsConfirmation = need_confirmation));
new ResizeObserver(() => (tellViewport(), tellSafeArea())).observe(byId("app-body"));

answerFor(phone);
startSwitches();
dress();
startChat(phone);
startPanel();
open(address);
restartChat();
