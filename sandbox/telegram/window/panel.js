/* The panel "This phone": the eSIMs of the eSIM Go stand-in, the clock, and things that can go wrong. */

import { esimgo, telegram } from "./api.js";
import { toast } from "./dialogs.js";
import { byId, choose, el } from "./dom.js";
import { moment, number, t, time } from "./strings.js";

const EVERY_MS = 2000;
const SHOWN = 12;
let shown = "";
let offsetMs = 0;

export function startPanel() {
  for (const button of byId("clock-buttons").children) {
    button.addEventListener("click", () => advance(Number(button.dataset.seconds)));
  }
  startFault(byId("provider-fault"), esimgo);
  startFault(byId("telegram-fault"), telegram);
  setInterval(showTime, 1000);
  setInterval(() => document.hidden || refreshPanel(), EVERY_MS);
  refreshPanel();
}

/** Draws again also when nothing has changed, as after a change of language. */
export function redrawPanel() {
  shown = "";
  showTime();
  return refreshPanel();
}

async function advance(seconds) {
  await telegram.post("clock", { advance_s: seconds });
  await readClock();
}

/** Tests and the other stand-in may move it too. */
async function readClock() {
  offsetMs = (await telegram.get("clock")).offset_s * 1000;
  showTime();
}

function showTime() {
  const now = new Date(Date.now() + offsetMs);
  byId("clock-now").textContent = moment(now);
  byId("status-time").textContent = time(now);
}

async function refreshPanel() {
  try {
    await readClock();
    showFault(byId("telegram-fault"), (await telegram.get("faults")).faults);
  } catch {
    return; // being restarted; the next look will find it
  }
  if (esimgo.known) await refreshEsims();
}

async function refreshEsims() {
  try {
    const { esims } = await esimgo.get("state", { calls: 1 });
    draw(esims.slice(-SHOWN).reverse());
    showFault(byId("provider-fault"), (await esimgo.get("faults")).faults);
  } catch {
    shown = "";
    byId("esims").replaceChildren(el("p", { class: "note", text: t("noPhone") }));
  }
}

function draw(esims) {
  const now = JSON.stringify(esims);
  if (now === shown) return;
  shown = now;
  const cards = esims.length ? esims.map(card) : [el("p", { class: "note", text: t("noEsims") })];
  byId("esims").replaceChildren(...cards);
}

function card(esim) {
  const installed = esim.profileStatus === "Installed";
  const act = (path, body) => () => esimgo.post(`esims/${esim.iccid}/${path}`, body).then(refreshPanel, (e) => toast(e.message));
  const spend = (mb) =>
    el("button", { class: "small", text: t("use", { mb }), "data-testid": `use-${mb}`, onclick: act("use", { mb }) });
  return el(
    "article",
    { class: "esim", dataset: { iccid: esim.iccid, testid: "esim" } },
    el("header", {}, el("strong", { text: `…${esim.iccid.slice(-6)}` }), el("span", { class: installed ? "chip good" : "chip", text: t(installed ? "installed" : "notInstalled") })),
    ...esim.bundles.map(bundle),
    el(
      "div",
      { class: "row" },
      ...(installed
        ? [spend(100), spend(500)]
        : [el("button", { class: "small filled", text: t("install"), "data-testid": "install", onclick: act("install") })]),
    ),
  );
}

function bundle({ name, initialQuantity, remainingQuantity, bundleState, unlimited }) {
  const left = unlimited ? t("unlimited") : t("left", { left: gigabytes(remainingQuantity), all: gigabytes(initialQuantity) });
  return el(
    "div",
    { class: "bundle" },
    el("span", { text: name }),
    unlimited ? null : el("progress", { max: initialQuantity, value: remainingQuantity, "aria-label": left }),
    el("small", { text: `${left} · ${t(`bundleState_${bundleState}`)}` }),
  );
}

const gigabytes = (bytes) => t("gigabytes", { n: number(Math.round(bytes / 1e7) / 100) });

/** Works, down or hangs: a whole stand-in at once. */
function startFault(control, api) {
  control.addEventListener("click", async ({ target }) => {
    const kind = target.closest("[data-value]")?.dataset.value;
    if (kind === undefined) return;
    try {
      await api.remove("faults");
      if (kind) await api.post("faults", { kind });
      choose(control, kind);
    } catch (error) {
      toast(error.message);
    }
  });
}

function showFault(control, faults) {
  const whole = faults.find(({ match, kind }) => match === "" && (kind === "down" || kind === "hang"));
  choose(control, whole?.kind ?? "");
}
