"""Messages of the chat: Telegram's HTML, the way back into the shop, and what hangs on them."""

from dataclasses import dataclass
from html import escape

from webapp.base import qr
from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.clients.telegram.botapi import Json, copy_button, inline_keyboard, web_app_button
from webapp.customers import documents
from webapp.customers.documents import Document
from webapp.customers.notifications.texts import Words, words
from webapp.models import Esim, Notification


@dataclass(frozen=True)
class Message:
    """`text` is Telegram's HTML; it hangs on the picture or the document when there is one."""

    text: str
    photo: bytes | None = None
    document: Document | None = None
    keyboard: Json | None = None


def compose(notification: Notification, config: Config) -> Message:
    """The message in the language at hand."""
    if notification.kind == "receipt":
        return Message(_("Your receipt."), document=documents.receipt(notification.told_of(), config))
    if notification.kind == "history":
        return Message(_("All your purchases."), document=documents.history(notification.customer))
    if notification.kind == "report":
        return Message(_("The report you asked for."), document=documents.report(notification.facts))
    said = words(notification)
    if notification.kind == "ready":
        return _with_code(said, Esim.get(Esim.order == notification.told_of()), config)
    return Message(_html(said), keyboard=inline_keyboard([[b] for b in _buttons(said, config)]))


def _with_code(said: Words, esim: Esim, config: Config) -> Message:
    code = esim.activation_code
    keyboard = [[button] for button in (*_buttons(said, config), copy_button(_("Copy the code"), code))]
    return Message(
        f"{_html(said)}\n\n<code>{escape(code)}</code>", qr.png(code), keyboard=inline_keyboard(keyboard)
    )


def _html(said: Words) -> str:
    return f"<b>{escape(said.heading)}</b>\n{escape(said.plan)}\n\n{escape(said.text)}"


def _buttons(said: Words, config: Config) -> list[Json]:
    return [web_app_button(label, config.public_url + page) for label, page in said.buttons]
