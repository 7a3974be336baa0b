"""What the bot tells the customer: written in the transaction of the change, sent by outbox.py."""

from dataclasses import dataclass
from datetime import timedelta
from html import escape

from webapp import catalogue, qr
from webapp.config import Config
from webapp.i18n import gettext as _
from webapp.i18n import stars_text, time_text
from webapp.models import Esim, Notification, Order
from webapp.telegram.botapi import copy_button, inline_keyboard, web_app_button

_USEFUL_FOR = {
    "paid": timedelta(hours=1),  # by then it was delivered or refunded, and the next message says so
    "ready": timedelta(days=30),
    "topped_up": timedelta(days=3),
    "failed": timedelta(days=1),
    "refunded": timedelta(days=3),
    "activated": timedelta(days=1),
}


@dataclass(frozen=True)
class Message:
    text: str
    photo: bytes | None
    keyboard: dict[str, object]


def enqueue(order: Order, kind: str) -> None:
    """One message of each kind per order, however often the change is seen."""
    Notification.insert(customer=order.customer, order=order, kind=kind).on_conflict_ignore().execute()


def useful_for(kind: str) -> timedelta:
    """How long after the change its message still is news to somebody who could not be written to."""
    return _USEFUL_FOR.get(kind, timedelta(days=3))


# --- the texts


def compose(order: Order, kind: str, config: Config) -> Message:
    """A message in the language at hand."""
    if kind == "ready":
        return _ready(order, config)
    if kind == "topped_up":
        return _topped_up(order, config)
    open_order = web_app_button(_("Open the order"), f"{config.public_url}/orders/{order.reference}")
    return Message(_TEXTS[kind](order), None, inline_keyboard([[open_order]]))


def _ready(order: Order, config: Config) -> Message:
    esim = Esim.get(Esim.order == order)
    text = _(
        "<b>Your eSIM is ready</b>\n%(plan)s\n\nScan the code with another screen, or open the shop on this "
        "phone to install it with one tap. Install it on Wi-Fi now; it starts to count when you first use it."
    ) % {"plan": _plan(order)}
    code = f"\n\n<code>{escape(esim.activation_code)}</code>"
    page = f"{config.public_url}/esims/{esim.reference}"
    keyboard = inline_keyboard(
        [[web_app_button(_("Install"), page)], [copy_button(_("Copy the code"), esim.activation_code)]]
    )
    return Message(text + code, qr.png(esim.activation_code), keyboard)


def _topped_up(order: Order, config: Config) -> Message:
    esim = Esim.get_by_id(order.esim_id)
    text = _(
        "<b>Topped up</b>\n%(plan)s\n\nThe plan is on your eSIM; there is nothing to install. "
        "It starts by itself when the one before it has ended."
    ) % {"plan": _plan(order)}
    page = f"{config.public_url}/esims/{esim.reference}"
    return Message(text, None, inline_keyboard([[web_app_button(_("Open my eSIM"), page)]]))


def _paid(order: Order) -> str:
    if order.esim_id is not None:
        text = _(
            "<b>Paid, thank you</b>\n%(plan)s\n\n"
            "The plan is being added to your eSIM: there or refunded by %(time)s."
        )
    else:
        text = _(
            "<b>Paid, thank you</b>\n%(plan)s\n\nYour eSIM is on its way: ready or refunded by %(time)s."
        )
    return text % {"plan": _plan(order), "time": time_text(order.deadline_at)}


def _failed(order: Order) -> str:
    if order.esim_id is not None:
        text = _(
            "<b>This plan could not be added to your eSIM</b>\n%(plan)s\n\n"
            "Your %(stars)s are being returned; you will hear from us when they have arrived."
        )
    else:
        text = _(
            "<b>This eSIM could not be delivered</b>\n%(plan)s\n\nYour %(stars)s are being returned; "
            "you will hear from us when they have arrived."
        )
    return text % {"plan": _plan(order), "stars": stars_text(order.stars)}


def _refunded(order: Order) -> str:
    return _("<b>Refunded</b>\n%(plan)s\n\n%(stars)s returned to your balance.") % {
        "plan": _plan(order),
        "stars": stars_text(order.stars),
    }


def _activated(order: Order) -> str:
    if order.esim_id is not None:
        return _("<b>Your next plan has started</b>\n%(plan)s") % {"plan": _plan(order)}
    return _(
        "<b>Your eSIM is on your phone</b>\n%(plan)s\n\n"
        "When you arrive, switch it on and allow data roaming for it."
    ) % {"plan": _plan(order)}


def _plan(order: Order) -> str:
    return escape(catalogue.title(order))


_TEXTS = {"paid": _paid, "failed": _failed, "refunded": _refunded, "activated": _activated}
