/* The phone's own "Add eSIM" sheet, as the one-tap links of iOS and Android open it. */

import { esimgo } from "./api.js";
import { sheet, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { t } from "./strings.js";

const SETUP_HOSTS = new Set(["esimsetup.apple.com", "esimsetup.android.com"]);

/** { host, matchingId } when the link is a one-tap installation link with LPA:1$host$matchingId, else null. */
export function carriedCode(url) {
  const { hostname, searchParams } = new URL(url);
  const found = /^LPA:1\$([^$]+)\$([^$]+)/.exec(searchParams.get("carddata") ?? "");
  return SETUP_HOSTS.has(hostname) && found ? { host: found[1], matchingId: found[2] } : null;
}

export async function installFromLink({ host, matchingId }) {
  const agreed = await sheet("install-sheet", (done) => [
    el("div", { class: "sim", "aria-hidden": "true" }),
    el("h3", { text: t("addEsim") }),
    el("p", { text: t("addEsimText", { code: matchingId, host }) }),
    el("button", { class: "primary wide", id: "install-confirm", "data-testid": "install-confirm", "data-first": true, text: t("install"), onclick: () => done(true) }),
    el("button", { class: "plain wide", id: "install-cancel", "data-testid": "install-cancel", text: t("cancel"), onclick: () => done(false) }),
  ]);
  if (agreed) toast(t(await install(matchingId)));
}

async function install(matchingId) {
  try {
    const { esims } = await esimgo.get("state", { calls: 1 });
    const esim = esims.find((one) => one.matchingId === matchingId);
    if (!esim) return "addEsimUnknown";
    if (esim.profileStatus === "Installed") return "addEsimBefore";
    await esimgo.post(`esims/${esim.iccid}/install`);
    return "addEsimDone";
  } catch {
    return "noPhone";
  }
}
