/* Telegram's side of the conversation with the Mini App in the iframe. */

import { byId, el } from "./dom.js";

/* What the web clients of Telegram allow their frames. */
const SANDBOX =
  "allow-scripts allow-same-origin allow-popups allow-forms allow-modals allow-storage-access-by-user-activation";

const listeners = new Map();
let frame = null;
let bridged = false;

export const on = (eventType, listener) => listeners.set(eventType, listener);
export const isOpen = () => frame !== null;

/** Send an event into the Mini App: as an object through bridge.js, else as the JSON text of the web clients. */
export function post(eventType, eventData = {}) {
  if (!frame) return;
  const message = bridged
    ? { toMiniApp: true, eventType, eventData }
    : JSON.stringify({ eventType, eventData });
  frame.contentWindow.postMessage(message, "*");
}

/** A new frame each time: a change of the fragment alone would not load the page again. */
export function openFrame(url) {
  closeFrame();
  bridged = false;
  frame = el("iframe", {
    id: "app-frame",
    "data-testid": "app-frame",
    title: "Mini App",
    sandbox: SANDBOX,
    allow: "clipboard-write",
    src: url,
  });
  byId("app-body").append(frame);
}

export function closeFrame() {
  frame?.remove();
  frame = null;
}

/** The frame's height in px is what Telegram calls the viewport. */
export const viewport = () => ({
  width: frame?.clientWidth ?? 0,
  height: frame?.clientHeight ?? 0,
  is_state_stable: true,
  is_expanded: true,
});

function read(data) {
  if (data && data.fromMiniApp) {
    bridged = true;
    return data;
  }
  if (bridged || typeof data !== "string") return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

window.addEventListener("message", (event) => {
  if (!frame || event.source !== frame.contentWindow) return;
  const message = read(event.data);
  if (message) listeners.get(message.eventType)?.(message.eventData ?? {});
});
