"""What is said of an order, in the language at hand. Chat and e-mail are both made of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from webapp import catalogue
from webapp.base.i18n import data_size, days_text, moment_text, stars_text, time_text
from webapp.base.i18n import gettext as _
from webapp.models import Assignment, Esim, Notification, Order


@dataclass(frozen=True)
class Words:
    """Plain text. `buttons` are labels with the pages of the shop that they open, the likeliest first."""

    heading: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    plan: str = ""


def words(notification: Notification) -> Words:
    """For every kind that tells of an order."""
    order = notification.told_of()
    facts = json.loads(notification.facts or "{}")
    heading, text, buttons = _WORDS[notification.kind](order, facts)
    return Words(heading, text, buttons, catalogue.title(order))


Text = tuple[str, str, tuple[tuple[str, str], ...]]
Facts = dict[str, str]


# --- an order and its money


def _paid(order: Order, _facts: Facts) -> Text:
    text = _("Your eSIM is on its way: ready or refunded by %(time)s.")
    if order.esim_id is not None:
        text = _("The plan is being added to your eSIM: there or refunded by %(time)s.")
    return _("Paid, thank you"), text % {"time": time_text(order.deadline_at)}, _order(order)


def _ready(order: Order, _facts: Facts) -> Text:
    text = _(
        "Scan the code with another screen, or open the shop on this phone to install it with one tap. "
        "Install it on Wi-Fi now; it starts to count when you first use it."
    )
    return _("Your eSIM is ready"), text, ((_("Install"), _page(order)),)


def _topped_up(order: Order, _facts: Facts) -> Text:
    text = _(
        "The plan is on your eSIM; there is nothing to install. "
        "It starts by itself when the one before it has ended."
    )
    return _("Topped up"), text, _esim(order)


def _failed(order: Order, _facts: Facts) -> Text:
    heading = _("This eSIM could not be delivered")
    if order.esim_id is not None:
        heading = _("This plan could not be added to your eSIM")
    text = _("Your %(stars)s are being returned; you will hear from us when they have arrived.")
    return heading, text % {"stars": stars_text(order.stars)}, _order(order)


def _refunded(order: Order, _facts: Facts) -> Text:
    text = _("%(stars)s returned to your balance.") % {"stars": stars_text(order.stars)}
    return _("Refunded"), text, _order(order)


# --- on the way


def _activated(order: Order, _facts: Facts) -> Text:
    if order.esim_id is not None:
        text = _("It is valid for %(days)s from now.") % {"days": days_text(order.days)}
        return _("Your next plan has started"), text, _esim(order)
    text = _("When you arrive, switch it on and allow data roaming for it.")
    return _("Your eSIM is on your phone"), text, _esim(order)


def _first_use(order: Order, _facts: Facts) -> Text:
    plan = _plan(order)
    text = _("The plan has begun to count. How much is left is in the shop at any time.")
    if plan is not None and plan.ends_at is not None:
        text = _("The plan counts from now and is valid until %(moment)s.") % {
            "moment": moment_text(plan.ends_at)
        }
    return _("You are connected"), text, _esim(order)


def _used_80(order: Order, _facts: Facts) -> Text:
    text = _("%(left)s of %(all)s are left.") % _figures(order)
    return _("Most of your data is used"), f"{text} {_afterwards(order)}", _more(order)


def _used_up(order: Order, _facts: Facts) -> Text:
    return _("Your data is used up"), _afterwards(order), _more(order)


def _running_out(order: Order, facts: Facts) -> Text:
    text = _(
        "%(used)s in %(days)s: at this pace your data lasts until about %(moment)s, before your plan ends. "
        "%(left)s of %(all)s are left."
    ) % {
        "used": data_size(int(facts["used_bytes"]) // 1_000_000),
        "days": days_text(round(int(facts["span_s"]) / 86_400)),
        "moment": moment_text(datetime.fromisoformat(facts["until"])),
        **_figures(order),
    }
    return _("Your data may not last"), f"{text} {_afterwards(order)}", _more(order)


def _ends_tomorrow(order: Order, _facts: Facts) -> Text:
    plan = _plan(order)
    text = _afterwards(order)
    if plan is not None and plan.ends_at is not None:
        until = _("It is valid until %(moment)s.") % {"moment": moment_text(plan.ends_at)}
        text = f"{until} {text}"
    # Not "tomorrow": the server does not know the traveller's midnight.
    return _("Your plan ends within a day"), text, _more(order)


def _not_installed(order: Order, _facts: Facts) -> Text:
    text = _(
        "You have bought this eSIM, and it is on no phone yet. Install it before you leave, on Wi-Fi: it "
        "takes a minute, and the days do not count until you use it. If something is in the way, write to us."
    )
    return _("Do not forget your eSIM"), text, ((_("Install"), _page(order)),)


# --- what they are made of


def _order(order: Order) -> tuple[tuple[str, str], ...]:
    return ((_("Open the order"), f"/orders/{order.reference}"),)


def _esim(order: Order) -> tuple[tuple[str, str], ...]:
    return ((_("Open my eSIM"), _page(order)),)


def _more(order: Order) -> tuple[tuple[str, str], ...]:
    """More data, where it can be had, and the figures."""
    esim = Esim.of(order)
    if esim is None or not esim.can_be_topped_up:
        return _esim(order)
    return ((_("Top up"), f"/esims/{esim.reference}/topup"), *_esim(order))


def _page(order: Order) -> str:
    esim = Esim.of(order)
    return f"/esims/{esim.reference}" if esim else f"/orders/{order.reference}"


def _plan(order: Order) -> Assignment | None:
    return Assignment.get_or_none(Assignment.order == order)


def _figures(order: Order) -> dict[str, str]:
    plan = _plan(order)
    left, all_of_it = (plan.remaining_bytes, plan.initial_bytes) if plan else (None, None)
    return {"left": data_size((left or 0) // 1_000_000), "all": data_size((all_of_it or 0) // 1_000_000)}


def _afterwards(order: Order) -> str:
    """What comes after this plan: the next one that lies on the eSIM, or nothing without a top-up."""
    esim, plan = Esim.of(order), _plan(order)
    if esim is not None and esim.queued(plan):
        return _("After that your next plan starts by itself.")
    return _("A top-up goes onto the same eSIM: there is nothing to install.")


_WORDS: dict[str, Callable[[Order, Facts], Text]] = {
    "paid": _paid,
    "ready": _ready,
    "topped_up": _topped_up,
    "failed": _failed,
    "refunded": _refunded,
    "activated": _activated,
    "first_use": _first_use,
    "used_80": _used_80,
    "used_up": _used_up,
    "running_out": _running_out,
    "ends_tomorrow": _ends_tomorrow,
    "not_installed": _not_installed,
}
