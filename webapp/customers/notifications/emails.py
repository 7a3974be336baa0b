"""Copies by e-mail, as plain text and as HTML.

An activation code never stands in one: it is worth money to whoever reads it first, and mailboxes are read by
others, forwarded and kept for years. The chat has it, and so has the shop.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.base.i18n import language
from webapp.customers import documents
from webapp.customers.notifications.texts import Words, words
from webapp.models import EmailAddress, Notification, Setting

BOT_NAME = "bot.username"
"""The setting in which the bot's name is kept, for links into its chat."""

WITH_RECEIPT = frozenset({"ready", "topped_up", "refunded"})


def letter(notification: Notification, to: EmailAddress, config: Config) -> EmailMessage:
    """The e-mail in the language at hand. The same notification always has the same Message-ID, so that one
    whose answer was lost, and which is sent again, can be known for the same.
    """
    said = _words(notification, to, config)
    mail = _envelope(notification, to, config)
    mail["Subject"] = f"{said.heading}: {said.plan}" if said.plan else said.heading
    stop = None if notification.kind == "code" else f"{config.public_url}/unsubscribe/{to.key}"
    if stop is not None:
        mail["List-Unsubscribe"] = f"<{stop}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_plain(said, stop, config))
    mail.add_alternative(_html(said, stop, config), subtype="html")
    if notification.kind in WITH_RECEIPT:
        paper = documents.receipt(notification.told_of(), config)
        mail.add_attachment(paper.content, *paper.kind.split("/"), filename=paper.name)
    return mail


def _envelope(notification: Notification, to: EmailAddress, config: Config) -> EmailMessage:
    mail = EmailMessage()
    name, sender = parseaddr(config.smtp_from or "")
    mail["From"] = Address(name or config.shop_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=to.address)
    mail["Date"] = format_datetime(notification.created_at)
    host = sender.rpartition("@")[2]
    mail["Message-ID"] = f"<simka-{notification.id}-{notification.occasion or notification.kind}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language()
    return mail


def _words(notification: Notification, to: EmailAddress, config: Config) -> Words:
    if notification.kind == "code":
        text = _(
            "Enter it in the shop within 15 minutes. If you have not asked for it, somebody has mistyped "
            "their address: there is nothing that you have to do."
        )
        return Words(_("%(code)s is your code") % {"code": to.code}, text, ())
    said = words(notification)
    if notification.kind == "ready":
        text = _(
            "The QR code is in the chat and in the shop; we do not send it by e-mail, because whoever has it "
            "can install the eSIM. Install it on Wi-Fi now; it starts to count when you first use it."
        )
        return Words(said.heading, text, said.buttons, said.plan)
    return said


# --- its two forms


def _plain(said: Words, stop: str | None, config: Config) -> str:
    parts = [said.heading, said.plan, said.text]
    if link := _chat_link():
        parts.append(f"{_open(config)}: {link}")
    parts.append(f"-- \n{_why(config)}" if stop is not None else f"-- \n{config.shop_name}")
    if stop is not None:
        parts.append(_("No more e-mails") + f": {stop}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(said: Words, stop: str | None, config: Config) -> str:
    """Mail programs know tables and inline styles, and no stylesheets."""
    link = _chat_link()
    button = f'<p><a href="{escape(link)}" style="{_BUTTON}">{escape(_open(config))}</a></p>' if link else ""
    footer = escape(config.shop_name)
    if stop is not None:
        no_more = escape(_("No more e-mails"))
        footer = f'{escape(_why(config))} <a href="{escape(stop)}">{no_more}</a>'
    plan = f'<p style="color:#555;margin:0 0 16px">{escape(said.plan)}</p>' if said.plan else ""
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(said.heading)}</title></head>\n<body style="{_BODY}">\n'
        f'<h1 style="font-size:22px;line-height:28px;margin:0 0 4px">{escape(said.heading)}</h1>\n{plan}\n'
        f"<p>{escape(said.text)}</p>\n{button}\n"
        f'<p style="color:#555;font-size:13px;border-top:1px solid #ddd;padding-top:12px">{footer}</p>\n'
        "</body></html>\n"
    )


_BODY = (
    "margin:0 auto;padding:24px 16px;max-width:560px;color:#111;background:#fff;"
    "font:16px/24px -apple-system,'Segoe UI',Roboto,sans-serif"
)
_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:10px;background:#0a66c2;color:#fff;"
    "font-weight:600;text-decoration:none"
)


def _chat_link() -> str:
    """Into the bot's chat: a page of the shop would not know who opens it from a mailbox."""
    name = Setting.read(BOT_NAME, "")
    return f"https://t.me/{name}" if name else ""


def _open(config: Config) -> str:
    return _("Open %(shop)s in Telegram") % {"shop": config.shop_name}


def _why(config: Config) -> str:
    return _("You get this copy because you gave %(shop)s this address.") % {"shop": config.shop_name}
