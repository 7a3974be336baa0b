"""Is there room for one more order, in the line before its deadline and in eSIM Go's balance?

Both are counted before a payment is allowed, and what is allowed counts from then on. Whoever counts and
allows does so in one `db.turn`, so that no two count the same room.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from peewee import fn

from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Bundle, Order, Submission
from webapp.models.orders import ADMITTED_FOR
from webapp.orders import pace
from webapp.state import provider

LAST_CALL = timedelta(minutes=2)
"""An order is not begun any more so shortly before its deadline."""
KNOWN_WITHIN = timedelta(hours=26)
IN_LINE = ("paid", "submitting", "unknown")
"""Bought sooner or later, or, as the unclear ones, perhaps once more."""


class Line(NamedTuple):
    """What is bought before an order, or with it: so many orders, for so much (in thousandths)."""

    orders: int
    wholesale: int


def line_beside(order: Order) -> Line:
    """Everybody who has paid and is to be bought for, and whose payment was allowed a moment ago."""
    ahead = Order.stage.in_(IN_LINE) | Order.admitted()
    counted = Order.select(fn.COUNT(Order.id), fn.COALESCE(fn.SUM(Order.wholesale), 0))
    orders, wholesale = counted.where(ahead, Order.id != order.id).tuples()[0]
    return Line(int(orders), int(wholesale))


def full_for(line: Line, bundle: Bundle | None, config: Config) -> timedelta | None:
    """By how much the line is too long for one more to be bought before its deadline; None when it is not.

    An order takes what the last ones have taken (pace.py), and no less than eSIM Go has just needed to say
    whether it would sell this `bundle`.
    """
    room = timedelta(seconds=config.deadline_s) - LAST_CALL - ADMITTED_FOR
    asked = timedelta(milliseconds=bundle.check_ms or 0 if bundle is not None else 0) * pace.MARGIN
    too_long = line.orders * max(pace.per_order(config), asked) - room
    return None if too_long < timedelta() else too_long


def balance_covers(order: Order, line: Line) -> bool:
    """Does eSIM Go's balance cover this order beside all that it is promised to? Not when nobody knows it.

    What is bought in this moment may be counted twice, and never not at all: it is promised before it is
    spent, and the line is read before what was spent.
    """
    known = provider.balance()
    return known is not None and known[0] - line.wholesale - _spent(known[1]) >= order.wholesale


def _spent(since: datetime) -> int:
    """What became known as bought after the balance was told: perhaps it is not in it yet. `sent_at` is for
    the index: nobody looks for what became of an older one.
    """
    bought = Submission.outcome.in_(("bought", "late", "stock")) & (Submission.sent_at > since - KNOWN_WITHIN)
    lately = fn.COALESCE(Submission.ended_at, Submission.sent_at) > since
    return int(Submission.select(fn.SUM(Submission.cost)).where(bought, lately).scalar() or 0)


def hold(order: Order) -> None:
    """This order's payment was just allowed: keep its place in the line, and its share of the balance."""
    Order.update(admitted_at=clock.now()).where(Order.id == order.id).execute()
