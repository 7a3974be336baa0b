/* The window's own words. */

const en = {
  tagline: "A stand-in for Telegram on this machine. Nothing here is real, no money moves.",
  user: "Person", language: "Language", theme: "Theme", platform: "Phone", light: "Light", dark: "Dark",
  tabApp: "App", tabChat: "Chat", tabPhone: "Phone",
  miniApp: "mini app", bot: "bot", close: "Close", back: "Back", menu: "Menu", settings: "Settings",
  reload: "Reload", addHome: "Add to home screen", openApp: "Open {name}", closedHint: "The Mini App is closed.",
  leave: "Close the Mini App?", leaveText: "Changes that you made may not be saved.",
  ok: "OK", cancel: "Cancel", allow: "Allow", deny: "Don’t allow", add: "Add", share: "Share", download: "Download",
  openLink: "Open this link?", open: "Open", copy: "Copy", copied: "Copied",
  writeTitle: "Allow messages?", writeText: "{name} asks to be allowed to send you messages.",
  homeText: "Add {name} to the home screen?", homeDone: "Added to the home screen",
  fileText: "Download {file}?", shareText: "Share this message with a friend?", shared: "Shared",
  payTitle: "Confirm your purchase", pay: "Pay ⭐ {amount}", again: "Try again · ⭐ {amount}",
  balance: "Your balance: ⭐ {amount}", paid: "Payment completed",
  failedTitle: "The payment did not go through",
  BALANCE_TOO_LOW: "There are not enough Stars on this account.",
  BOT_PRECHECKOUT_TIMEOUT: "The shop did not answer within 10 seconds. No Stars were taken.",
  start: "Start", writeHere: "Message", send: "Send", commands: "Commands",
  emptyChat: "What can this bot do? Press Start, or open the shop at once.",
  youPaid: "You paid ⭐ {amount}", refunded: "⭐ {amount} came back to you", allowed: "You allowed the bot to write to you",
  phoneTitle: "This phone", phoneText: "Plays the phone that an eSIM is installed on.",
  noEsims: "No eSIM yet. Buy one in the app.", noPhone: "The eSIM Go stand-in does not answer.",
  install: "Install", use: "Use {mb} MB", installed: "Installed", notInstalled: "Not installed",
  unlimited: "unlimited", left: "{left} of {all} left",
  bundleState_queued: "waits for first use", bundleState_active: "in use", bundleState_depleted: "used up",
  bundleState_expired: "over", bundleState_lapsed: "lapsed", bundleState_revoked: "taken back",
  clockTitle: "Clock", minute: "+1 min", hour: "+1 h", day: "+1 day",
  faultsTitle: "Trouble", works: "Works", down: "Down", hangs: "Hangs", provider: "eSIM Go", botApi: "Telegram",
  addEsim: "Add eSIM?", addEsimText: "This phone will download the eSIM {code} from {host}.",
  addEsimUnknown: "This code is not valid any more. The operator does not know it.",
  addEsimDone: "eSIM added. It connects when you arrive.", addEsimBefore: "This eSIM is already on this phone.",
  haptic_success: "Vibration: success", haptic_error: "Vibration: error", haptic_warning: "Vibration: warning",
  telegramLink: "Telegram would open t.me{path}", noCamera: "There is no camera here.",
  photo: "Photo", saved: "Download started", gigabytes: "{n} GB",
};

const ru = {
  tagline: "Замена Telegram на этом компьютере. Здесь всё понарошку, деньги не списываются.",
  user: "Человек", language: "Язык", theme: "Тема", platform: "Телефон", light: "Светлая", dark: "Тёмная",
  tabApp: "Приложение", tabChat: "Чат", tabPhone: "Телефон",
  miniApp: "мини-приложение", bot: "бот", close: "Закрыть", back: "Назад", menu: "Меню", settings: "Настройки",
  reload: "Обновить", addHome: "Добавить на экран", openApp: "Открыть {name}", closedHint: "Мини-приложение закрыто.",
  leave: "Закрыть мини-приложение?", leaveText: "Изменения могут не сохраниться.",
  ok: "OK", cancel: "Отмена", allow: "Разрешить", deny: "Не разрешать", add: "Добавить", share: "Поделиться",
  download: "Скачать", openLink: "Открыть ссылку?", open: "Открыть", copy: "Скопировать", copied: "Скопировано",
  writeTitle: "Разрешить сообщения?", writeText: "{name} просит разрешения писать вам.",
  homeText: "Добавить {name} на главный экран?", homeDone: "Добавлено на главный экран",
  fileText: "Скачать {file}?", shareText: "Отправить это сообщение другу?", shared: "Отправлено",
  payTitle: "Подтвердите покупку", pay: "Заплатить ⭐ {amount}", again: "Ещё раз · ⭐ {amount}",
  balance: "На вашем счёте: ⭐ {amount}", paid: "Оплачено",
  failedTitle: "Оплата не прошла",
  BALANCE_TOO_LOW: "На счёте не хватает звёзд.",
  BOT_PRECHECKOUT_TIMEOUT: "Магазин не ответил за 10 секунд. Звёзды не списаны.",
  start: "Начать", writeHere: "Сообщение", send: "Отправить", commands: "Команды",
  emptyChat: "Что умеет этот бот? Нажмите «Начать» или сразу откройте магазин.",
  youPaid: "Вы заплатили ⭐ {amount}", refunded: "Вам вернулось ⭐ {amount}", allowed: "Вы разрешили боту писать вам",
  phoneTitle: "Этот телефон", phoneText: "Изображает телефон, на который ставят eSIM.",
  noEsims: "Пока нет ни одной eSIM. Купите её в приложении.", noPhone: "Замена eSIM Go не отвечает.",
  install: "Установить", use: "Потратить {mb} МБ", installed: "Установлена", notInstalled: "Не установлена",
  unlimited: "безлимит", left: "осталось {left} из {all}",
  bundleState_queued: "ждёт первого выхода в сеть", bundleState_active: "используется",
  bundleState_depleted: "израсходован", bundleState_expired: "закончился", bundleState_lapsed: "просрочен",
  bundleState_revoked: "отозван",
  clockTitle: "Часы", minute: "+1 мин", hour: "+1 ч", day: "+1 день",
  faultsTitle: "Неприятности", works: "Работает", down: "Лежит", hangs: "Висит", provider: "eSIM Go",
  botApi: "Telegram",
  addEsim: "Добавить eSIM?", addEsimText: "Телефон загрузит eSIM {code} с сервера {host}.",
  addEsimUnknown: "Код больше не действует: оператор его не знает.",
  addEsimDone: "eSIM добавлена. Она заработает, когда вы приедете.", addEsimBefore: "Эта eSIM уже на телефоне.",
  haptic_success: "Вибрация: успех", haptic_error: "Вибрация: ошибка", haptic_warning: "Вибрация: внимание",
  telegramLink: "Telegram открыл бы t.me{path}", noCamera: "Здесь нет камеры.",
  photo: "Фото", saved: "Скачивание началось", gigabytes: "{n} ГБ",
};

const WORDS = { en, ru };
let language = "en";

export function speak(code) {
  language = WORDS[code] ? code : "en";
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    node.title = t(node.dataset.label);
  }
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
}

/** The sentence for a key with {name} filled in; an unknown key is shown as it is (the bot's own words). */
export function t(key, values = {}) {
  const sentence = WORDS[language][key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const number = (value) => new Intl.NumberFormat(language).format(value);
export const time = (date) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(date);
export const moment = (date) =>
  new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date);
