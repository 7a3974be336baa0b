/* The Stars payment sheet. */

import { telegram } from "./api.js";
import { sheet } from "./dialogs.js";
import { byId, el } from "./dom.js";
import { number, t } from "./strings.js";

const SHOW_PAID_MS = 900;

/** Ask for the payment of an invoice; resolves with Telegram's word for how it ended. */
export async function payInvoice(slug, userId) {
  let invoice, user;
  try {
    invoice = await telegram.get("invoice", { slug });
    ({ user } = await telegram.get("profile", { user_id: userId }));
  } catch {
    return "failed";
  }
  return sheet("pay-sheet", (done) => build({ invoice, user, slug, userId, done }));
}

function build(sale) {
  let tried = false;
  const error = el("p", { id: "pay-error", "data-testid": "pay-error", class: "pay-error", role: "alert", hidden: true });
  const confirm = el("button", {
    id: "pay-confirm",
    "data-testid": "pay-confirm",
    "data-first": true,
    class: "primary wide",
    text: t("pay", { amount: number(sale.invoice.amount) }),
  });
  const cancel = el("button", {
    id: "pay-cancel",
    "data-testid": "pay-cancel",
    class: "plain wide",
    text: t("cancel"),
    onclick: () => sale.done(tried ? "failed" : "cancelled"),
  });
  confirm.addEventListener("click", async () => {
    tried = true;
    await attempt(sale, confirm, cancel, error);
  });
  return [...description(sale), error, confirm, cancel];
}

function description({ invoice, user }) {
  return [
    invoice.photo_url
      ? el("img", { class: "pay-photo", src: invoice.photo_url, alt: "" })
      : el("div", { class: "pay-star", text: "⭐", "aria-hidden": "true" }),
    el("h3", { text: t("payTitle") }),
    el("p", { class: "pay-what" }, el("strong", { text: invoice.title }), el("span", { text: invoice.description })),
    el("p", { class: "pay-balance", text: t("balance", { amount: number(user.stars) }) }),
  ];
}

async function attempt(sale, confirm, cancel, error) {
  error.hidden = true;
  confirm.disabled = cancel.disabled = true;
  confirm.classList.add("progress");
  const answer = await settle(sale);
  confirm.classList.remove("progress");
  if (answer.status === "paid") {
    byId("pay-sheet").replaceChildren(el("div", { class: "pay-done", text: "✓" }), el("h3", { text: t("paid") }));
    setTimeout(() => sale.done("paid"), SHOW_PAID_MS);
    return;
  }
  error.replaceChildren(el("strong", { text: t("failedTitle") }), el("span", { text: t(answer.error_message) }));
  error.hidden = confirm.disabled = cancel.disabled = false;
  confirm.textContent = t("again", { amount: number(sale.invoice.amount) });
  cancel.textContent = t("close");
}

async function settle({ slug, userId }) {
  try {
    return await telegram.post("pay", { invoice: slug, user_id: userId });
  } catch (error) {
    return { status: "failed", error_message: error.message };
  }
}
