/* The bot's chat: messages as they come, the composer, the commands, the menu button. */

import { telegram } from "./api.js";
import { toast } from "./dialogs.js";
import { byId, el } from "./dom.js";
import { messageNode } from "./messages.js";
import { number, t } from "./strings.js";

const EVERY_MS = 1000;
const chat = byId("chat");
let phone = null;
let newest = 0;
let generation = 0;
let asked = 0;

/** phone: { userId(), name, openApp(url), openUrl(url), chatIsSeen() } */
export function startChat(around) {
  phone = around;
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("chat-input").value.trim();
    byId("chat-input").value = "";
    if (text) send(text);
  });
  byId("commands-button").addEventListener("click", () => (byId("commands").hidden = !byId("commands").hidden));
  byId("lightbox").addEventListener("click", () => byId("lightbox").close());
  setInterval(() => document.hidden || refresh(), EVERY_MS);
}

/** Another person or another language: the chat is drawn again from its beginning. */
export function restartChat() {
  newest = 0;
  chat.replaceChildren();
  byId("unread").hidden = true;
  return refresh();
}

export function showNewest() {
  byId("unread").hidden = true;
  chat.scrollTo({ top: chat.scrollHeight });
}

export async function send(text) {
  byId("commands").hidden = true;
  try {
    await telegram.post("send", { user_id: phone.userId(), text });
  } catch (error) {
    toast(error.message);
  }
  await refresh();
}

async function press(message, data) {
  const { answer } = await telegram.post("press", { user_id: phone.userId(), message_id: message.message_id, data });
  if (answer?.text) toast(answer.text);
  await refresh();
}

const actions = {
  press,
  send,
  openApp: (url) => phone.openApp(url),
  openUrl: (url) => phone.openUrl(url),
};

/** An answer that comes after a newer question was asked (person changed meanwhile) is thrown away. */
async function refresh() {
  const mine = ++asked;
  const userId = phone.userId();
  try {
    const known = await telegram.get("messages", { user_id: userId, after: newest || undefined });
    const profile = await telegram.get("profile", { user_id: userId });
    if (mine !== asked) return;
    if (generation && known.generation !== generation) {
      generation = known.generation;
      restartChat();
      return;
    }
    generation = known.generation;
    show(known.messages);
    showProfile(profile);
  } catch {
    /* The stand-in is being restarted; the next look will find it. */
  }
}

function show(messages) {
  const first = newest === 0;
  for (const message of messages) {
    newest = message.message_id;
    chat.append(messageNode(message, !message.from.is_bot, actions));
  }
  if (messages.length) {
    chat.querySelector(".empty")?.remove();
    chat.scrollTo({ top: chat.scrollHeight, behavior: first ? "instant" : "smooth" });
    byId("unread").hidden = first || phone.chatIsSeen();
  } else if (!chat.children.length) {
    chat.append(welcome());
  }
}

function welcome() {
  return el(
    "div",
    { class: "empty" },
    el("p", { text: t("emptyChat") }),
    el("button", { class: "primary", id: "chat-start", "data-testid": "chat-start", text: t("start"), onclick: () => send("/start") }),
  );
}

function showProfile({ user, commands, menu_button: button }) {
  byId("stars").textContent = user.stars === undefined ? "" : `⭐ ${number(user.stars)}`;
  const menu = byId("chat-menu");
  menu.textContent = button.type === "web_app" ? button.text : t("open");
  menu.onclick = () => phone.openApp(button.web_app?.url);
  byId("commands-button").hidden = commands.length === 0;
  const known = JSON.stringify(commands);
  if (byId("commands").dataset.known === known) return;
  byId("commands").dataset.known = known;
  byId("commands").replaceChildren(...commands.map(commandNode));
}

const commandNode = ({ command, description }) =>
  el("button", { onclick: () => send(`/${command}`) }, el("b", { text: `/${command}` }), el("span", { text: description }));
