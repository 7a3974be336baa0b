/* Dialogs, sheets and passing notes inside the phone's screen. One dialog at a time; others wait. */

import { byId, el } from "./dom.js";
import { t } from "./strings.js";

const overlay = byId("overlay");
let last = Promise.resolve();

/** Show a node over the app until `done(result)` is called; resolves with that result. */
export function present(build) {
  const turn = last.then(
    () =>
      new Promise((resolve) => {
        const before = document.activeElement;
        const done = (result) => {
          overlay.hidden = true;
          overlay.replaceChildren();
          before?.focus?.();
          resolve(result);
        };
        const node = build(done);
        overlay.replaceChildren(node);
        overlay.hidden = false;
        (node.querySelector("[data-first]") ?? node.querySelector("button"))?.focus();
      }),
  );
  last = turn;
  return turn;
}

/** A popup with buttons [{ id, text, type, testid }]; resolves with the pressed button's id. */
export function ask({ id = "popup", title, message, buttons }) {
  return present((done) => {
    const rows = buttons.map((button) =>
      el("button", {
        class: `popup-button ${button.type ?? "default"}`,
        text: button.text,
        "data-testid": button.testid ?? `popup-${button.id || button.type || "close"}`,
        "data-first": button.type !== "cancel" && button.type !== "destructive",
        onclick: () => done(button.id),
      }),
    );
    return el(
      "div",
      { class: "popup", id, "data-testid": id, role: "alertdialog", "aria-modal": "true", "aria-label": title ?? message },
      title ? el("h3", { text: title }) : null,
      el("p", { text: message }),
      el("div", { class: rows.length > 2 ? "popup-buttons tall" : "popup-buttons" }, ...rows),
    );
  });
}

/** Yes or no; `yes` and `no` are keys of the window's words. */
export function confirm({ id, title, message, yes = "ok", no = "cancel" }) {
  return ask({
    id,
    title,
    message,
    buttons: [
      { id: false, type: "cancel", text: t(no), testid: `${id}-no` },
      { id: true, text: t(yes), testid: `${id}-yes` },
    ],
  });
}

/** A sheet from the bottom; build(done) gives its children. */
export const sheet = (id, build) =>
  present((done) => el("div", { class: "sheet", id, "data-testid": id, role: "dialog", "aria-modal": "true" }, ...build(done)));

export function toast(text, kind = "") {
  const node = el("div", { class: `toast ${kind}`, text, "data-testid": "toast" });
  byId("toasts").append(node);
  setTimeout(() => node.remove(), kind === "haptic" ? 900 : 2600);
}
