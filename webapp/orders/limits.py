"""How much one customer may buy: against stolen accounts, and against charges that are taken back later.

An installed eSIM cannot be taken back, and Stars can. PURCHASE_LIMITS holds the numbers; a burst is held for
the owner, who looks and releases the customer (`flask --app wsgi customers`).
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.models import Customer, Order
from webapp.models.db import transaction
from webapp.state import incidents

DAY = timedelta(days=1)
BURST_WITHIN = timedelta(hours=1)


class Limits(NamedTuple):
    """Of one customer: orders and Stars in 24 h, Stars until something was kept for a day, orders in 1 h."""

    orders: int
    stars: int
    first: int
    burst: int


def limits(config: Config) -> Limits:
    numbers = dict(part.split("=") for part in config.purchase_limits.split())
    return Limits(**{name: int(text.partition("/")[0]) for name, text in numbers.items()})


def refusal(customer: Customer, stars: int, config: Config, besides: Order | None = None) -> str | None:
    """Why this customer may not buy for so many more Stars: held, many, much, first; None when they may."""
    may = limits(config)
    if customer.held_at is not None:
        return "held"
    bought = _bought(customer, besides)
    if len(_since(bought, _burst_begins(customer))) >= may.burst:
        hold(customer, "burst")
        return "held"
    kept = [order for order in bought if order.stage != "failed"]
    spent = stars + sum(order.stars for order in kept)
    if len(kept) >= may.orders:
        return "many"
    if spent > may.stars:
        return "much"
    return "first" if spent > may.first and not _is_known(customer) else None


def sentence(refusal: str) -> str:
    return {
        "held": _(
            "We have to look at your latest purchases before the next one. You have not been charged; "
            "please write to us in the chat with the bot."
        ),
        "many": _(
            "These are as many purchases as one person can make in a day. You have not been charged; "
            "please come back tomorrow."
        ),
        "much": _(
            "This is more than one person can spend here in a day. You have not been charged; "
            "please choose a smaller plan or come back tomorrow."
        ),
        "first": _(
            "This is more than we sell to somebody who is new here. You have not been charged; "
            "please choose a smaller plan for now."
        ),
    }[refusal]


def _bought(customer: Customer, besides: Order | None) -> list[Order]:
    """Paid in the last day, and what may be paid in this moment."""
    now = clock.now()
    mine = Order.select().where(
        Order.telegram_user_id == customer.telegram_user_id,
        Order.created_at > now - DAY - BURST_WITHIN,
        (Order.paid_at > now - DAY) | Order.admitted(),
    )
    return list(mine if besides is None else mine.where(Order.id != besides.id))


def _burst_begins(customer: Customer) -> datetime:
    hour_ago = clock.now() - BURST_WITHIN
    return hour_ago if customer.released_at is None else max(hour_ago, customer.released_at)


def _since(bought: list[Order], moment: datetime) -> list[Order]:
    return [order for order in bought if (order.paid_at or order.admitted_at) > moment]


def _is_known(customer: Customer) -> bool:
    """Have they kept something for a day?"""
    mine = Order.telegram_user_id == customer.telegram_user_id
    return bool(
        Order.select()
        .where(mine, Order.stage.in_(("ready", "active")), Order.paid_at < clock.now() - DAY)
        .exists()
    )


# --- held


def hold(customer: Customer, reason: str) -> None:
    """Nothing more is sold to them until the owner has looked."""
    free = (Customer.id == customer.id) & Customer.held_at.is_null()
    with transaction():
        if Customer.update(held_at=clock.now(), held_for=reason).where(free).execute():
            incidents.open("customer_held", str(customer.telegram_user_id), reason)


def release(customer: Customer) -> bool:
    """The owner has looked; False when they were not held. A burst is counted anew from here."""
    theirs = (Customer.id == customer.id) & Customer.held_at.is_null(False)
    with transaction():
        incidents.close("customer_held", str(customer.telegram_user_id))
        free = {"held_at": None, "held_for": None, "released_at": clock.now()}
        return bool(Customer.update(free).where(theirs).execute())


def held() -> list[Customer]:
    """Those who wait for the owner, the longest first."""
    return list(Customer.select().where(Customer.held_at.is_null(False)).order_by(Customer.held_at))
