"""The pace at which orders leave for eSIM Go: the pause that it wants between two of them, and how long one
has really taken lately.
"""

from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from peewee import Expression

from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Order, Submission

CALL_CAN_TAKE = timedelta(seconds=40)
"""From the sending of an order to the moment when nobody waits for its answer any more."""

LATELY = timedelta(minutes=10)
KNOWN = 20
"""So many orders tell how fast they go."""
NEWEST = 3
"""When these took longer than the others, eSIM Go has just become slower."""
UNKNOWN = timedelta(seconds=10)
"""What an order is thought to take of which nothing is known."""
MARGIN = 1.1
ARRIVES_WITHIN_S = 0.03
"""eSIM Go counts from when it hears of an order, and the way there is not always as long."""


def due_in(config: Config) -> float:
    """Seconds until the next order may be sent, 0 when it may now. Any process may have sent the last one."""
    last = Submission.select(Submission.sent_at).where(_was_sent()).order_by(Submission.id.desc()).first()
    if last is None:
        return 0.0
    ago_s: float = (clock.now() - last.sent_at).total_seconds()
    pause_s = config.esimgo_order_interval_s and config.esimgo_order_interval_s + ARRIVES_WITHIN_S
    return min(float(pause_s), max(0.0, float(pause_s) - ago_s))


def per_order(config: Config) -> timedelta:
    """How long the line waits for each order in it, thought rather too long than too short.

    The average of the orders that have left since there was nobody in line last, up to twenty of them; where
    one is missing a slow one, because eSIM Go may be slower now than it was before. If the last three orders
    took longer, whenever that was, their average. And a tenth more.
    """
    shortest = float(config.esimgo_order_interval_s)
    taken = [(max(shortest, seconds), is_of_this_rush) for seconds, is_of_this_rush in _taken_s()]
    known = [seconds for seconds, is_of_this_rush in taken if is_of_this_rush]
    slow = [max(shortest, UNKNOWN.total_seconds())] * (KNOWN - len(known))
    newest = [seconds for seconds, _ in taken[:NEWEST]] or [0.0]
    return timedelta(seconds=max(fmean(known + slow), fmean(newest)) * MARGIN)


def _taken_s() -> list[tuple[float, bool]]:
    """What each of the last orders has taken, the newest first, and whether somebody has waited ever since.
    One that is under way tells nothing before it takes longer than was thought.
    """
    lately = _lately()
    taken: list[tuple[float, bool]] = []
    is_of_this_rush = True
    for place, sent in enumerate(lately):
        next_one = lately[place - 1] if place else None
        is_retried = next_one is not None and next_one.order in [one.order for one in lately[place:]]
        was_waiting = next_one is not None and not is_retried and next_one.paid_at <= sent.sent_at
        is_of_this_rush &= next_one is None or is_retried or was_waiting
        seconds = _took_s(sent, next_one, was_waiting)
        if next_one is not None or sent.ended_at is not None or seconds > UNKNOWN.total_seconds():
            taken.append((min(seconds, CALL_CAN_TAKE.total_seconds()), is_of_this_rush))
    return taken


def _took_s(sent: "_Sent", next_one: "_Sent | None", was_waiting: bool) -> float:
    """From its sending until the next one was sent, where that one was waiting; else until its answer."""
    ended_s = ((sent.ended_at or clock.now()) - sent.sent_at).total_seconds()
    if next_one is None:
        return ended_s
    apart_s = (next_one.sent_at - sent.sent_at).total_seconds()
    return apart_s if was_waiting else min(ended_s, apart_s)


def _was_sent() -> Expression:
    """Not what a restored shop looks up: that dates from before it was made."""
    sent: Expression = Submission.sent_at.is_null(False) & (Submission.sent_at >= Submission.claimed_at)
    return sent


class _Sent(NamedTuple):
    sent_at: datetime
    ended_at: datetime | None
    order: int
    paid_at: datetime


def _lately() -> list[_Sent]:
    sent = Submission.select(Submission.sent_at, Submission.ended_at, Order.id, Order.paid_at).join(Order)
    began = _was_sent() & (Submission.sent_at >= clock.now() - LATELY)
    newest = sent.where(began).order_by(Submission.sent_at.desc(), Submission.id.desc()).limit(KNOWN)
    rows: Any = newest.tuples()
    return [_Sent._make(row) for row in rows]
