/* One message of the chat as an element. */

import { byId, copyText, el, svg } from "./dom.js";
import { toast } from "./dialogs.js";
import { number, t, time } from "./strings.js";

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", spoiler: "mark",
  blockquote: "blockquote",
};

/** actions: { openApp(url), openUrl(url), press(message, data), send(text) } */
export function messageNode(message, mine, actions) {
  const service = serviceText(message);
  if (service) return el("div", { class: "service", text: service, dataset: { messageId: message.message_id } });
  return el(
    "div",
    { class: mine ? "message mine" : "message", dataset: { messageId: message.message_id, testid: "message" } },
    el("div", { class: message.photo ? "bubble with-photo" : "bubble" }, ...content(message, actions)),
    keyboard(message, actions),
  );
}

function serviceText({ successful_payment: paid, refunded_payment: refunded, write_access_allowed: allowed }) {
  if (paid) return t("youPaid", { amount: number(paid.total_amount) });
  if (refunded) return t("refunded", { amount: number(refunded.total_amount) });
  return allowed ? t("allowed") : "";
}

function content(message, actions) {
  const text = message.text ?? message.caption ?? "";
  return [
    message.photo ? photo(message) : null,
    message.document ? file(message) : null,
    text ? el("div", { class: "text" }, ...formatted(text, message.entities ?? message.caption_entities ?? [], actions)) : null,
    el("time", { text: time(new Date(message.date * 1000)) }),
  ];
}

function photo(message) {
  const src = `data:${message.photo_type};base64,${message.photo}`;
  const enlarge = () => {
    byId("lightbox-image").src = src;
    byId("lightbox").showModal();
  };
  return el("button", { class: "photo", "aria-label": t("photo"), "data-testid": "photo", onclick: enlarge }, el("img", { src, alt: t("photo") }));
}

const file = ({ document: sent, file: body, file_type: kind }) =>
  el("a", { class: "file", "data-testid": "file", href: `data:${kind};base64,${body}`, download: sent.file_name, text: `📄 ${sent.file_name}` });

/** Entities may nest but never cross; offsets count UTF-16 units, as JavaScript's strings do. */
function formatted(text, entities, actions, from = 0, to = text.length) {
  const nodes = [];
  let at = from;
  const inside = entities.filter((e) => e.offset >= from && e.offset + e.length <= to);
  const sorted = [...inside].sort((a, b) => a.offset - b.offset || b.length - a.length);
  for (const entity of sorted) {
    if (entity.offset < at) continue;
    nodes.push(text.slice(at, entity.offset));
    at = entity.offset + entity.length;
    const rest = entities.filter((other) => other !== entity);
    nodes.push(entityNode(entity, text, formatted(text, rest, actions, entity.offset, at), actions));
  }
  nodes.push(text.slice(at, to));
  return nodes;
}

function entityNode(entity, text, children, actions) {
  const own = text.slice(entity.offset, entity.offset + entity.length);
  if (entity.type === "text_link" || entity.type === "url") {
    const url = entity.url ?? own;
    return el("a", { href: url, onclick: (event) => (event.preventDefault(), actions.openUrl(url)) }, ...children);
  }
  if (entity.type === "bot_command") {
    return el("a", { href: "#", onclick: (event) => (event.preventDefault(), actions.send(own)) }, ...children);
  }
  const tag = TAGS[entity.type] ?? "span";
  const copyable = tag === "code" || tag === "pre";
  return el(tag, copyable ? { onclick: () => copyText(own).then(() => toast(t("copied"))) } : {}, ...children);
}

function keyboard(message, actions) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  return el("div", { class: "keyboard" }, ...rows.map((row) => el("div", {}, ...row.map((button) => key(message, button, actions)))));
}

function key(message, button, actions) {
  const byKind = {
    web_app: () => actions.openApp(button.web_app.url),
    url: () => actions.openUrl(button.url),
    copy_text: () => copyText(button.copy_text.text).then(() => toast(t("copied"))),
    callback_data: () => actions.press(message, button.callback_data),
  };
  const kind = Object.keys(byKind).find((name) => button[name] !== undefined);
  const icon = kind === "callback_data" ? null : svg(kind);
  return el("button", { dataset: { kind, testid: "keyboard-button" }, onclick: byKind[kind] }, button.text, icon);
}
