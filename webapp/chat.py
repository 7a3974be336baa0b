"""What the bot says in the chat when somebody writes to it: each answer is one Bot API call, which fits into
the response to the webhook.
"""

from typing import Any

from webapp import customers
from webapp.config import Config
from webapp.i18n import LANGUAGES, minutes_text, speaking
from webapp.i18n import gettext as _
from webapp.models import Customer
from webapp.telegram.botapi import Json, inline_keyboard, web_app_button

Answer = dict[str, Any]

LANGUAGE_BUTTON = "language:"


def commands() -> dict[str, str]:
    """Each command and what it is for, in the language at hand: the menu beside the message field."""
    return {
        "start": _("Open the shop"),
        "help": _("How it works"),
        "language": _("Another language"),
        "paysupport": _("Help with a payment"),
        "privacy": _("What we know about you"),
        "terms": _("Terms of sale"),
    }


def reply(text: str, customer: Customer, config: Config) -> Answer | None:
    """The answer to what somebody has written; None to what has no text."""
    words = text.split()
    if not words:
        return None
    command = words[0].partition("@")[0].lower()
    with speaking(customer.language):
        if command == "/language":
            return _message(customer, _("Which language shall we speak?"), _languages())
        compose = _ANSWERS.get(command, _hint)
        return _message(customer, compose(config), [[_way_in(command, customer, config)]])


def pressed(query_id: str, data: str, customer: Customer) -> Answer:
    """A button under one of our messages. Whatever it was, the phone is told that we have heard."""
    answer = {"method": "answerCallbackQuery", "callback_query_id": query_id}
    code = data.removeprefix(LANGUAGE_BUTTON)
    if not data.startswith(LANGUAGE_BUTTON) or code not in LANGUAGES:
        return answer
    customers.speak(customer, code, chosen=True)
    with speaking(code):  # each translation names its own language
        return answer | {"text": _("From now on we write to you in English.")}


def _message(customer: Customer, text: str, keyboard: list[list[Json]]) -> Answer:
    return {
        "method": "sendMessage",
        "chat_id": customer.telegram_user_id,
        "text": text,
        "reply_markup": inline_keyboard(keyboard),
    }


def _languages() -> list[list[Json]]:
    return [[{"text": name, "callback_data": LANGUAGE_BUTTON + code}] for code, name in LANGUAGES.items()]


def _way_in(command: str, customer: Customer, config: Config) -> Json:
    if command == "/paysupport":
        return web_app_button(_("My orders"), f"{config.public_url}/esims")
    # Public pages are shared and know nobody: a language that was chosen travels in the address.
    chosen = f"?lang={customer.language}" if customer.language_chosen else ""
    return web_app_button(_("Open the shop"), f"{config.public_url}/{chosen}")


# --- the texts


def _welcome(config: Config) -> str:
    return _("Welcome to %(shop)s! Mobile data for your trip, on your phone in a minute.") % {
        "shop": config.shop_name
    }


def _hint(_config: Config) -> str:
    return _(
        "I am a bot and understand buttons and commands only. Plans, your eSIMs and your orders are in the "
        "shop. How it works: /help. Trouble with a payment: /paysupport."
    )


def _help(config: Config) -> str:
    return _(
        "How it works\n"
        "1. Choose a country and a plan.\n"
        "2. Pay with Telegram Stars.\n"
        "3. Install the eSIM on Wi-Fi, with one tap or by scanning the QR code.\n"
        "4. Switch it on when you arrive, and allow data roaming for it.\n\n"
        "Your phone has to support eSIM and must not be locked to one operator. Every order is delivered or "
        "refunded within %(minutes)s of the payment, by itself.\n\n"
        "/paysupport helps with a payment, /language changes the language."
    ) % {"minutes": minutes_text(config.deadline_s)}


def _paysupport(config: Config) -> str:
    return _(
        "Something wrong with a payment? Every order is delivered or refunded within "
        "%(minutes)s, by itself. Open your orders to see where yours stands."
    ) % {"minutes": minutes_text(config.deadline_s)}


def _privacy(_config: Config) -> str:
    return _(
        "What we know about you\n"
        "• From Telegram: your numeric id, your first name and your language.\n"
        "• What you have bought: plan, price, times, Telegram's number of the payment, your eSIM, and how "
        "much of its data is used.\n"
        "• Whether this bot may write to you.\n\n"
        "We ask for no phone number, no address and no card: you pay Telegram. Our eSIM supplier, eSIM Go, "
        "gets the number of your order from us and nothing about you.\n\n"
        "We use this to deliver, to refund and to tell you about your orders; we sell and share none of it. "
        "Contact about your data: this chat."
    )


def _terms(config: Config) -> str:
    return _(
        "Terms of sale\n"
        "• You buy prepaid mobile data on an eSIM: data only, without a phone number and without calls.\n"
        "• Data, days and countries are those that the plan names before you pay. Your phone has to support "
        "eSIM and must not be locked to one operator.\n"
        "• You pay in Telegram Stars. An order that is not delivered within %(minutes)s of the payment is "
        "cancelled, and all its Stars are returned without your asking.\n"
        "• A plan ends when its days or its data are used up. Nothing renews by itself.\n\n"
        "Payments: /paysupport. Your data: /privacy. Contact: this chat."
    ) % {"minutes": minutes_text(config.deadline_s)}


_ANSWERS = {
    "/start": _welcome,
    "/help": _help,
    "/paysupport": _paysupport,
    "/privacy": _privacy,
    "/terms": _terms,
}
