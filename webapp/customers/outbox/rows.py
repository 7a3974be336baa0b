"""The rows of the outbox, whichever way they go out: claimed, and what became of them.

Claim, send, mark. A claim is committed before the call; one whose process died lapses, and its message is
sent again.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from peewee import JOIN, ModelSelect, fn

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.customers import notifications
from webapp.models import Customer, Notification, Order
from webapp.models.db import transaction
from webapp.state import switches

log = logging.getLogger(__name__)

CLAIM_LAPSES_AFTER = timedelta(seconds=60)
LONGEST_PAUSE_S = 300
MAX_ATTEMPTS = 300
"""About 24 hours of them: 8 minutes of growing pauses, then one in 5 minutes."""


def due(channel: str) -> "ModelSelect[Notification]":
    """What may go out now, the longest overdue first: of each customer the first that is open. While the
    owner has switched messages off, that is only what somebody asks for and waits for.
    """
    sent = _asked_for if switches.is_off(switches.MESSAGES) else _all
    ready = (
        (Notification.state == "waiting")
        & (Notification.next_try_at <= clock.now())
        & (Notification.channel == channel)
        & sent(Notification)
    )
    query = Notification.select(Notification, Customer, Order).join(Customer).switch(Notification)
    query = query.join(Order, JOIN.LEFT_OUTER).where(ready, ~fn.EXISTS(_earlier(sent)))
    return query.order_by(Notification.next_try_at, Notification.id)


def _all(row: Any) -> Any:
    return row.id.is_null(False)


def _asked_for(row: Any) -> Any:
    return row.kind.in_(notifications.ON_REQUEST)


def _earlier(sent: Callable[[Any], Any]) -> "ModelSelect[Notification]":
    other = Notification.alias()
    return other.select(other.id).where(
        other.customer == Notification.customer,
        other.channel == Notification.channel,
        other.state.in_(("waiting", "sending")),
        sent(other),
        other.id < Notification.id,
    )


def claim(due: Sequence[Notification]) -> list[Notification]:
    """Those that are ours to send now. What is no news any more, or not wanted, ends here."""
    with transaction():
        claimed = [row for row in due if not _is_over(row) and _claim(row)]
    crash_point("notification.claimed")
    return claimed


def _claim(notification: Notification) -> bool:
    return leave("waiting", notification, "sending", next_try_at=clock.now() + CLAIM_LAPSES_AFTER)


def _is_over(notification: Notification) -> bool:
    """Is nobody there any more, is its group switched off, or has it waited until it was no news?"""
    customer = notification.customer
    if customer.deleted_at is not None or notifications.is_muted(notification.kind, customer.muted):
        leave("waiting", notification, "not wanted")
        return True
    outdated: bool = clock.now() - notification.created_at > notifications.useful_for(notification.kind)
    if outdated:
        leave("waiting", notification, "outdated")
    return outdated


def take_over_lapsed() -> None:
    lapsed = (Notification.state == "sending") & (Notification.next_try_at <= clock.now())
    if Notification.select().where(lapsed).exists():
        Notification.update(state="waiting").where(lapsed).execute()


def sent(notification: Notification) -> None:
    notification.compare_and_set({}, state="sent", sent_at=clock.now())


def try_again(notification: Notification) -> None:
    attempts = notification.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        log.error("given up after %s attempts", attempts, extra=about(notification))
        leave("sending", notification, "given up", attempts=attempts)
    else:
        wait(notification, pause_s(attempts), attempts=attempts)


def pause_s(attempts: int) -> int:
    """Seconds until the next try after so many that failed."""
    return min(1 << min(attempts - 1, 30), LONGEST_PAUSE_S)


def wait(notification: Notification, seconds: float, **changes: int) -> None:
    again = clock.now() + timedelta(seconds=seconds)
    leave("sending", notification, "waiting", next_try_at=again, **changes)


def leave(state: str, notification: Notification, to: str, **changes: Any) -> bool:
    return notification.compare_and_set({"state": state}, state=to, **changes)


def about(notification: Notification) -> dict[str, str]:
    """For a line of the log."""
    return {"order": notification.order.reference} if notification.order is not None else {}
