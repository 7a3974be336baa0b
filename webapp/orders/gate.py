"""The gate before the money, in two steps: may this plan be ordered, and may this order be paid for now?

Page and JSON API ask the first, the pre-checkout the second: that asks the same again, and whether the order
can be bought in time and paid for at eSIM Go.
"""

import math
from datetime import timedelta
from typing import NamedTuple

from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.base.i18n import ngettext
from webapp.models import Bundle, Customer, Esim, Order, Plan
from webapp.orders import capacity, limits, quotes, topups
from webapp.state import outages
from webapp.state.outages import Outages


class Refusal(NamedTuple):
    """`code` is for programs (the JSON API's error code), `sentence` for people, in the language at hand."""

    code: str
    sentence: str


def may_place(customer: Customer, plan: Plan, config: Config, esim: Esim | None = None) -> Refusal | None:
    """None when this customer may order the plan, on `esim` or on a new one."""
    return (
        _closed(outages.now(), plan.area.code)
        or _unfit(esim is None or topups.fits(esim, plan.bundle.name))
        or _limited(customer, plan.stars, config)
    )


def may_pay(order: Order, config: Config) -> Refusal | None:
    """None when the order can be charged now, bought in time, and paid for at eSIM Go.

    A pre-checkout has to be answered within seconds, so nobody outside is asked here. What is counted here is
    only true until somebody else is allowed to pay: ask and allow in one `db.turn`.
    """
    state = outages.now()
    return (
        _payments_off(state)
        or _closed(state, order.country_code)
        or _unfit(topups.still_fits(order))
        or _limited(order.customer, order.stars, config, besides=order)
        or _not_bought(order, config)
    )


def _closed(state: Outages, area: str) -> Refusal | None:
    return None if state.sells(area) else _sales_paused()


def _sales_paused() -> Refusal:
    sentence = _("Sales are paused for a moment. You have not been charged; please try again a little later.")
    return Refusal("sales_paused", sentence)


def _unfit(fits: bool) -> Refusal | None:
    sentence = _("This plan cannot be added to your eSIM any more. Please choose another one.")
    return None if fits else Refusal("does_not_fit", sentence)


def _limited(customer: Customer, stars: int, config: Config, besides: Order | None = None) -> Refusal | None:
    refused = limits.refusal(customer, stars, config, besides)
    return None if refused is None else Refusal("limit_reached", limits.sentence(refused))


def _payments_off(state: Outages) -> Refusal | None:
    sentence = _(
        "Payments are paused for a moment. You have not been charged; please try again a little later."
    )
    return Refusal("payments_paused", sentence) if state.payments_off else None


def _not_bought(order: Order, config: Config) -> Refusal | None:
    """Why eSIM Go would not sell it in time, or not to us."""
    line, bundle = capacity.line_beside(order), Bundle.get_or_none(Bundle.name == order.esimgo_product_id)
    if (too_long := capacity.full_for(line, bundle, config)) is not None:
        return _full(too_long)
    verdict = quotes.before_the_money(order, bundle, config)
    if verdict != "ok":
        return _unsold(verdict)
    return None if capacity.balance_covers(order, line) else _sales_paused()


def _full(too_long: timedelta) -> Refusal:
    minutes = math.ceil(too_long / timedelta(minutes=1))
    sentence = ngettext(
        "Very many people are buying now. You have not been charged; please try again in a minute.",
        "Very many people are buying now. You have not been charged; please try again in %(num)d minutes.",
        minutes,
    )
    return Refusal("queue_full", sentence % {"num": minutes})


def _unsold(verdict: str) -> Refusal:
    sentence = {
        "refused": _("Our supplier does not sell this plan right now. Please choose another one."),
        "dearer": _("The price has changed. Please choose the plan again."),
        "missing": _("We are still checking this plan. You have not been charged; please tap Pay again."),
    }[verdict]
    return Refusal(verdict, sentence)
