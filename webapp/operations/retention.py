"""What is thrown away, and when. Never payments, refunds, orders that were paid for, or their journals."""

from datetime import timedelta

from webapp.base import clock
from webapp.models import (
    BundleEvent,
    Callback,
    Compatibility,
    EmailAddress,
    JobRequest,
    LedgerSeal,
    Notification,
    Share,
    TelegramUpdate,
)
from webapp.orders import idempotency, limits, placing
from webapp.state import shares

UPDATES = timedelta(days=30)
NOTIFICATIONS = timedelta(days=90)
REQUESTS = timedelta(days=7)
EVENTS = timedelta(days=365)


def purge() -> int:
    """Delete what nobody can ask for again; returns how many rows. Telegram repeats an update for a day."""
    now = clock.now()
    stale = (
        TelegramUpdate.delete().where(TelegramUpdate.received_at < now - UPDATES),
        Callback.delete().where(Callback.received_at < now - UPDATES, Callback.verdict.is_null(False)),
        Notification.delete().where(Notification.sent_at < now - NOTIFICATIONS),
        EmailAddress.delete().where(
            EmailAddress.confirmed_at.is_null(), EmailAddress.counted_from < now - REQUESTS
        ),
        Compatibility.delete().where(Compatibility.asked_at < now - REQUESTS),
        BundleEvent.delete().where(BundleEvent.at < now - EVENTS),
        JobRequest.delete().where(JobRequest.done_at < now - REQUESTS),
        LedgerSeal.delete().where(LedgerSeal.at < now - NOTIFICATIONS),
        Share.delete().where(Share.since < now - shares.LONGEST),
    )
    deleted: int = sum(query.execute() for query in stale)
    return deleted + idempotency.purge(now) + limits.purge(now) + placing.purge(now)
