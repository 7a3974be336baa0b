"""What the bot says in the chat when somebody writes to it: each answer is one Bot API call, which fits into
the response to the webhook.
"""

from collections.abc import Callable
from typing import Any

from webapp import catalogue
from webapp.base import support_link
from webapp.base.config import Config
from webapp.base.i18n import LANGUAGES, date_text, minutes_text, speaking, time_text
from webapp.base.i18n import gettext as _
from webapp.books import purchases
from webapp.books.purchases import Purchase
from webapp.clients.telegram.botapi import Json, inline_keyboard, web_app_button
from webapp.customers import identity
from webapp.models import OPEN_STAGES, Customer

Answer = dict[str, Any]
Reply = tuple[str, list[list[Json]]]

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
        said, keyboard = _ANSWERS.get(command, _hint)(customer, config)
        return _message(customer, said, keyboard)


def pressed(query_id: str, data: str, customer: Customer) -> Answer:
    """A button under one of our messages. Whatever it was, the phone is told that we have heard."""
    answer = {"method": "answerCallbackQuery", "callback_query_id": query_id}
    code = data.removeprefix(LANGUAGE_BUTTON)
    if not data.startswith(LANGUAGE_BUTTON) or code not in LANGUAGES:
        return answer
    identity.speak(customer, code, chosen=True)
    with speaking(code):  # each translation names its own language
        return answer | {"text": _("From now on we write to you in English.")}


def _message(customer: Customer, text: str, keyboard: list[list[Json]]) -> Answer:
    return {
        "method": "sendMessage",
        "chat_id": customer.telegram_user_id,
        "text": text,
        "reply_markup": inline_keyboard(keyboard),
    }


def _shop_button(customer: Customer, config: Config) -> Json:
    return web_app_button(_("Open the shop"), _public("/", customer, config))


def _public(path: str, customer: Customer, config: Config) -> str:
    """Public pages are shared and know nobody: a language that was chosen travels in the address."""
    chosen = f"?lang={customer.language}" if customer.language_chosen else ""
    return f"{config.public_url}{path}{chosen}"


# --- the answers


def _language(_customer: Customer, _config: Config) -> Reply:
    names = [[{"text": name, "callback_data": LANGUAGE_BUTTON + code}] for code, name in LANGUAGES.items()]
    return _("Which language shall we speak?"), names


def _welcome(customer: Customer, config: Config) -> Reply:
    text = _(
        "Welcome to %(shop)s! Mobile data for your trip, on your phone in a minute.\n\n"
        "Choose a country, pay with Telegram Stars, install the eSIM on Wi-Fi, and land connected. Every "
        "order is delivered or refunded within %(minutes)s, by itself."
    ) % {"shop": config.shop_name, "minutes": minutes_text(config.deadline_s)}
    help_button = web_app_button(_("How it works"), _public("/help", customer, config))
    return text, [[_shop_button(customer, config)], [help_button]]


def _hint(customer: Customer, config: Config) -> Reply:
    text = _(
        "I am a bot and understand buttons and commands only. Plans, your eSIMs and your orders are in the "
        "shop. How it works: /help. To reach a person: /paysupport."
    )
    return text, [[_shop_button(customer, config)]]


def _help(customer: Customer, config: Config) -> Reply:
    text = _(
        "How it works\n"
        "1. Choose a country and a plan.\n"
        "2. Pay with Telegram Stars.\n"
        "3. Install the eSIM on Wi-Fi, with one tap or by scanning the QR code.\n"
        "4. Switch it on when you arrive, and allow data roaming for it.\n\n"
        "Your phone has to support eSIM and must not be locked to one operator: dial *#06#, and if the "
        "screen shows an EID, it has one.\n\n"
        "It does not connect? Allow data roaming for the eSIM, then switch flight mode on and off.\n\n"
        "Every order is delivered or refunded within %(minutes)s of the payment, by itself. "
        "/paysupport leads to a person, /language changes the language."
    ) % {"minutes": minutes_text(config.deadline_s)}
    more = web_app_button(_("All questions and guides"), _public("/help", customer, config))
    return text, [[more], [_shop_button(customer, config)]]


def _paysupport(customer: Customer, config: Config) -> Reply:
    """Where the newest order stands, and the way to a person, who is told which order it is about."""
    newest = next(iter(purchases.of_customer(customer, limit=1)), None)
    keyboard = []
    text = _(
        "Something wrong with a payment? Every order is delivered or refunded within %(minutes)s, by itself."
    )
    parts = [text % {"minutes": minutes_text(config.deadline_s)}]
    if newest is not None:
        parts.append(_state(newest))
        page = f"{config.public_url}/orders/{newest.order.reference}"
        keyboard.append([web_app_button(_("Open this order"), page)])
    if person := support_link.link(config, newest.order.reference if newest else ""):
        parts.append(
            _("A person answers under the button below; the number of the order helps them find it.")
        )
        keyboard.append([{"text": _("Write to a person"), "url": person}])
    keyboard.append([web_app_button(_("My orders"), f"{config.public_url}/esims")])
    return "\n\n".join(parts), keyboard


def _state(purchase: Purchase) -> str:
    order, refund = purchase.order, purchase.refund
    if refund is not None and refund.done_at is not None:
        state = _("its Stars were returned on %(day)s.") % {"day": date_text(refund.done_at)}
    elif refund is not None:
        state = _("its Stars are on their way back.")
    elif order.stage in OPEN_STAGES:
        state = _("it is being prepared, and ready or refunded by %(time)s.") % {
            "time": time_text(order.deadline_at)
        }
    else:
        state = _("it was delivered; its code and its usage are in the shop.")
    told = _("Your last order is %(plan)s, number %(reference)s:") % {
        "plan": catalogue.title(order),
        "reference": order.reference,
    }
    return f"{told} {state}"


def _privacy(customer: Customer, config: Config) -> Reply:
    text = _(
        "What we know about you\n"
        "• From Telegram: your numeric id, your first name (encrypted), your username as a code that cannot "
        "be read back, and your language.\n"
        "• What you have bought: plan, price, times, Telegram's number of the payment, your eSIM, and how "
        "much of its data is used.\n"
        "• Whether this bot may write to you, and your e-mail address if you give us one.\n\n"
        "We ask for no phone number and no card: you pay Telegram. Our eSIM supplier, eSIM Go, gets the "
        "number of your order from us and nothing about you.\n\n"
        "We use this to deliver, to refund and to tell you about your orders; we sell and share none of it. "
        "Under Account in the shop you can delete it yourself."
    )
    whole = web_app_button(_("Read all of it"), _public("/privacy", customer, config))
    return text, [[whole], [web_app_button(_("Account"), f"{config.public_url}/account")]]


def _terms(customer: Customer, config: Config) -> Reply:
    text = _(
        "Terms of sale, in short\n"
        "• You buy prepaid mobile data on an eSIM: data only, without a phone number and without calls.\n"
        "• Data, days and countries are those that the plan names before you pay. Your phone has to support "
        "eSIM and must not be locked to one operator.\n"
        "• You pay in Telegram Stars. An order that is not delivered within %(minutes)s of the payment is "
        "cancelled, and all its Stars are returned without your asking.\n"
        "• A plan ends when its days or its data are used up. Nothing renews by itself.\n\n"
        "Payments: /paysupport. Your data: /privacy."
    ) % {"minutes": minutes_text(config.deadline_s)}
    whole = web_app_button(_("Read all of it"), _public("/terms", customer, config))
    return text, [[whole], [_shop_button(customer, config)]]


_ANSWERS: dict[str, Callable[[Customer, Config], Reply]] = {
    "/start": _welcome,
    "/help": _help,
    "/language": _language,
    "/paysupport": _paysupport,
    "/privacy": _privacy,
    "/terms": _terms,
}
