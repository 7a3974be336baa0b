"""Refunds are paid from the bot's balance of Stars: one that it does not cover waits.

Every 10 min it is tried all the same, for what is told of a balance may not be what refunds are paid from.

What is left is the balance as it was told, with what was paid since, less what was taken since by refunds:
those that are under way, whose answer was lost, or that have arrived. Nothing is known of a balance that was
told long ago: then Telegram's refusal tells.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from peewee import fn

from webapp.base import clock
from webapp.base.money import NANO
from webapp.clients.telegram.botapi import BotApi
from webapp.models import CHARGED, Payment, Refund, Setting
from webapp.models.db import transaction
from webapp.orders.payments.registry import provider_for
from webapp.state import star_balance
from webapp.state.star_balance import StarBalance

EVERY = timedelta(minutes=5)
WHILE_SHORT = timedelta(seconds=15)
WAITS_FOR_LONG = timedelta(minutes=1)
TRIED_ANYWAY = timedelta(minutes=10)
DAY = timedelta(days=1)
LONGEST_WAIT = timedelta(days=2)
"""Of a refund that would wait longer at this pace nobody is told a time."""
STEP = timedelta(minutes=5)

_LOOKED_AT = "stars.balance.looked_at"


def look(bot: BotApi) -> bool:
    """Ask for the balance when it is time: every 5 min, and every 15 s while a refund waits for it. What
    waits is tried again. Returns whether it was asked for. Raises ProviderError.
    """
    now, looked_at = clock.now(), Setting.read_time(_LOOKED_AT)
    every = WHILE_SHORT if _short().exists() else EVERY
    if looked_at is not None and timedelta(0) <= now - looked_at < every:
        return False
    Setting.write_time(_LOOKED_AT, now)
    star_balance.seen(provider_for("stars", bot).balance(), now)
    with transaction():
        Refund.update(next_try_at=now).where(Refund.id.in_(_short().select(Refund.id))).execute()
    return True


def look_soon() -> None:
    """What we know of it is wrong."""
    Setting.write_time(_LOOKED_AT, None)


def covers(refund: Refund) -> bool:
    """May it be sent? Call it in the transaction that claims it: what is left is nobody else's meanwhile. One
    that was sent before is asked for again whatever is left: it takes nothing twice.
    """
    known = star_balance.locked()
    if known is None or not known.is_fresh or refund.state == "sent" or refund.silent:
        return True
    if _has_waited(refund):
        return True
    return _need_of(refund.payment) <= _left(known)


def _has_waited(refund: Refund) -> bool:
    """So long for the balance, and since it was last tried, that Telegram shall say so itself."""
    moment = clock.now() - TRIED_ANYWAY
    waited = refund.short_since is not None and refund.short_since <= moment
    return waited and (refund.sent_at is None or refund.sent_at <= moment)


def shortage() -> int | None:
    """How many nanostars the refunds that are due need and are not there; None while that is not known."""
    known, due = star_balance.known(), _sum(Refund.state.in_(("due", "stuck")) & ~Refund.silent)
    if due and (known is None or not known.is_fresh):
        return None
    return max(0, due - _left(known)) if due and known is not None else 0


def waiting() -> int:
    """How many refunds have waited for a balance that covers them for so long that it is no passing thing."""
    for_long = Refund.short_since < clock.now() - WAITS_FOR_LONG
    return int(Refund.select().where(Refund.state.in_(("due", "stuck", "sent")), for_long).count())


def expected_at(refund: Refund) -> datetime | None:
    """When it will be covered, by what was paid in the last day; None where that tells nothing."""
    known = star_balance.known()
    paid = _paid_since(clock.now() - DAY)
    income = int(Payment.select(fn.SUM(Payment.amount)).where(paid).scalar() or 0) * NANO
    if known is None or not income:
        return None
    in_line = Refund.short_since.is_null(False) & (Refund.done_at.is_null()) & (Refund.id < refund.id)
    missing = max(0, _sum(in_line) + _need_of(refund.payment) - _left(known))
    wait = DAY * (missing / income)
    return _rounded_up(clock.now() + wait) if wait < LONGEST_WAIT else None


def _left(known: StarBalance) -> int:
    """A charge that was made as it was asked for may count twice: then Telegram's refusal tells."""
    under_way = Refund.done_at.is_null() & ((Refund.state == "sent") | Refund.silent)
    came = _paid_since(known.asked_at)
    income = Payment.select(fn.SUM(fn.COALESCE(Payment.credited_nano, Payment.amount * NANO))).where(came)
    return known.nano + int(income.scalar() or 0) - _sum(under_way | (Refund.done_at >= known.asked_at))


def _paid_since(moment: datetime) -> Any:
    """Found by its index, and not by reading every payment there ever was: refunds are claimed meanwhile. No
    charge is made a day after it was allowed.
    """
    lately = Payment.state.in_(CHARGED) & (Payment.created_at > moment - DAY)
    return lately & (Payment.confirmed_at > moment)


def _sum(which: Any) -> int:
    return int(Refund.select(fn.SUM(_need())).join(Payment).where(which).scalar() or 0)


def _need() -> Any:
    """A refund takes all that was paid but an affiliate's part, which comes back from there. What Telegram
    has kept of the sale besides is not given back.
    """
    return Payment.amount * NANO - fn.COALESCE(Payment.commission_nano, 0)


def _need_of(payment: Payment) -> int:
    return payment.amount * NANO - (payment.commission_nano or 0)


def _short() -> Any:
    return Refund.select().where(Refund.short_since.is_null(False), Refund.state.in_(("due", "stuck")))


def _rounded_up(moment: datetime) -> datetime:
    """So that a page need not change with every look."""
    steps = ceil(moment.timestamp() / STEP.total_seconds())
    return datetime.fromtimestamp(steps * STEP.total_seconds(), moment.tzinfo)
