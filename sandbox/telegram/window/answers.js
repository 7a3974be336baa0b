/* What Telegram answers to the Mini App's other requests: popups, links, consent, storage, theme, viewport. */

import { telegram } from "./api.js";
import { ask, confirm, sheet, toast } from "./dialogs.js";
import { byId, copyText, el } from "./dom.js";
import * as host from "./host.js";
import { carriedCode, installFromLink } from "./install.js";
import { payInvoice } from "./payment.js";
import { t } from "./strings.js";

const IOS_HOME_INDICATOR = 34;
const NO_INSETS = { top: 0, bottom: 0, left: 0, right: 0 };

/** phone: { userId, name, palette, platform, close, start(text), reopen(startParam) } */
export function answerFor(phone) {
  answerAppearance(phone);
  answerPopups(phone);
  answerLinks(phone);
  answerConsent(phone);
  answerStorage(phone);
  answerTheAbsent();
}

export function tellTheme(phone) {
  host.post("theme_changed", { theme_params: { ...phone.palette() } });
}

export function tellViewport() {
  host.post("viewport_changed", host.viewport());
}

/** The iPhone's bar at the bottom covers the page unless Telegram's buttons stand there; it is drawn on a phone only. */
export function tellSafeArea() {
  const covered = byId("home-indicator").offsetParent !== null && byId("bottom-bar").hidden;
  host.post("safe_area_changed", { ...NO_INSETS, bottom: covered ? IOS_HOME_INDICATOR : 0 });
}

function answerAppearance(phone) {
  host.on("web_app_request_theme", () => tellTheme(phone));
  host.on("web_app_request_viewport", tellViewport);
  host.on("web_app_expand", tellViewport);
  host.on("web_app_request_safe_area", tellSafeArea);
  host.on("web_app_request_content_safe_area", () => host.post("content_safe_area_changed", NO_INSETS));
  host.on("web_app_request_fullscreen", () => host.post("fullscreen_failed", { error: "UNSUPPORTED" }));
  host.on("web_app_trigger_haptic_feedback", (data) => {
    const kind = data.impact_style ?? data.notification_type ?? "selection";
    byId("phone").dataset.haptic = kind;
    setTimeout(() => delete byId("phone").dataset.haptic, 250);
    if (data.type === "notification") toast(t(`haptic_${kind}`), "haptic");
  });
}

function answerPopups(phone) {
  host.on("web_app_open_popup", async ({ title, message, buttons }) => {
    const words = { ok: t("ok"), close: t("close"), cancel: t("cancel") };
    const pressed = await ask({ title, message, buttons: buttons.map((b) => ({ ...b, text: b.text ?? words[b.type] })) });
    host.post("popup_closed", { button_id: pressed });
  });
  host.on("web_app_open_invoice", async ({ slug }) => {
    host.post("invoice_closed", { slug, status: await payInvoice(slug, phone.userId()) });
  });
  host.on("web_app_close", () => phone.close());
}

function answerLinks(phone) {
  host.on("web_app_open_link", ({ url }) => openLink(url));
  host.on("web_app_open_tg_link", ({ path_full }) => openTelegramLink(path_full, phone));
  host.on("web_app_request_file_download", async ({ url, file_name }) => {
    const agreed = await confirm({ id: "download", message: t("fileText", { file: file_name }), yes: "download" });
    host.post("file_download_requested", { status: agreed ? "downloading" : "cancelled" });
    if (!agreed) return;
    el("a", { href: url, download: file_name, target: "_blank", rel: "noopener" }).click();
    toast(t("saved"));
  });
}

export async function openLink(url) {
  const code = carriedCode(url);
  if (code) {
    await installFromLink(code);
    return;
  }
  const todo = await sheet("link-sheet", (done) => [
    el("h3", { text: t("openLink") }),
    el("p", { class: "link", text: url }),
    el("button", { class: "primary wide", "data-testid": "link-open", "data-first": true, text: t("open"), onclick: () => done("open") }),
    el("button", { class: "plain wide", "data-testid": "link-copy", text: t("copy"), onclick: () => done("copy") }),
    el("button", { class: "plain wide", "data-testid": "link-cancel", text: t("cancel"), onclick: () => done("") }),
  ]);
  if (todo === "open") window.open(url, "_blank", "noopener");
  if (todo === "copy") await copyText(url).then(() => toast(t("copied")));
}

/** The links to our own bot and to invoices do what they say; others are only named. */
export async function openTelegramLink(path, phone) {
  const url = new URL(path, "https://t.me");
  const invoice = /^\/(?:\$|invoice\/)([\w=-]+)$/.exec(url.pathname);
  if (invoice) {
    await payInvoice(invoice[1], phone.userId());
  } else if (url.pathname.slice(1).split("/")[0] !== phone.username) {
    toast(t("telegramLink", { path }));
  } else if (url.searchParams.has("startapp")) {
    phone.reopen(url.searchParams.get("startapp"));
  } else {
    phone.start(`/start ${url.searchParams.get("start") ?? ""}`.trim());
  }
}

function answerConsent(phone) {
  host.on("web_app_request_write_access", async () => {
    const { user } = await telegram.get("profile", { user_id: phone.userId() });
    const allowed =
      (user.write_access && !user.blocked) ||
      (await confirm({ id: "write-access", title: t("writeTitle"), message: t("writeText", { name: phone.name }), yes: "allow", no: "deny" }));
    if (!user.write_access) await telegram.post("write-access", { user_id: phone.userId(), allowed });
    host.post("write_access_requested", { status: allowed ? "allowed" : "cancelled" });
  });
  host.on("web_app_send_prepared_message", async () => {
    const agreed = await confirm({ id: "share", message: t("shareText"), yes: "share" });
    if (agreed) toast(t("shared"));
    if (agreed) host.post("prepared_message_sent");
    else host.post("prepared_message_failed", { error: "USER_DECLINED" });
  });
  host.on("web_app_check_home_screen", () => {
    host.post("home_screen_checked", { status: localStorage.getItem("home") ? "added" : "missed" });
  });
  host.on("web_app_add_to_home_screen", () => addToHomeScreen(phone));
}

export async function addToHomeScreen(phone) {
  if (!(await confirm({ id: "home", message: t("homeText", { name: phone.name }), yes: "add" }))) return;
  localStorage.setItem("home", "yes");
  toast(t("homeDone"));
  host.post("home_screen_added");
}

/** CloudStorage, kept in this browser per person. */
function answerStorage(phone) {
  const key = () => `cloud-${phone.userId()}`;
  const read = () => JSON.parse(localStorage.getItem(key()) ?? "{}");
  const write = (values) => localStorage.setItem(key(), JSON.stringify(values));
  const methods = {
    saveStorageValue: (params) => (write({ ...read(), [params.key]: params.value }), true),
    getStorageValues: (params) => Object.fromEntries(params.keys.map((name) => [name, read()[name] ?? ""])),
    deleteStorageValues: (params) =>
      (write(Object.fromEntries(Object.entries(read()).filter(([name]) => !params.keys.includes(name)))), true),
    getStorageKeys: () => Object.keys(read()),
  };
  host.on("web_app_invoke_custom_method", ({ req_id, method, params }) => {
    const known = methods[method];
    host.post("custom_method_invoked", known ? { req_id, result: known(params) } : { req_id, error: "METHOD_INVALID" });
  });
}

/** Things a browser window does not have; the Mini App is told so, as by an old phone. */
function answerTheAbsent() {
  host.on("web_app_open_scan_qr_popup", () => {
    toast(t("noCamera"));
    host.post("scan_qr_popup_closed");
  });
  host.on("web_app_read_text_from_clipboard", ({ req_id }) => host.post("clipboard_text_received", { req_id }));
  host.on("web_app_request_phone", () => host.post("phone_requested", { status: "cancelled" }));
  host.on("web_app_biometry_get_info", () => host.post("biometry_info_received", { available: false }));
  host.on("web_app_check_location", () => host.post("location_checked", { available: false }));
  host.on("web_app_set_emoji_status", () => host.post("emoji_status_failed", { error: "UNSUPPORTED" }));
}
