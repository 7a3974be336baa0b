"""A shop that was brought back from a copy knows nothing of what it sold after the copy was made.

So what was paid for before the restoration is looked up at eSIM Go before it is bought, and its deadline
counts from the restoration: nobody is refunded for what they have.
"""

from datetime import UTC, datetime

from webapp.base import clock
from webapp.models import Order, Setting, Submission

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_COPIED_AT = "shop.copied_at"
_RESTORED_AT = "shop.restored_at"


def note(copied_at: datetime) -> None:
    """The shop that the database holds is as it was at `copied_at`, and begins again now."""
    Setting.write_time(_COPIED_AT, copied_at)
    Setting.write_time(_RESTORED_AT, clock.now())


def known_since() -> datetime:
    """From here on nothing has happened that the database does not tell of."""
    return Setting.read_time(_RESTORED_AT) or BEGINNING


def begins(moment: datetime) -> datetime:
    """When the time for what was paid for at `moment` begins to count."""
    return max(moment, known_since())


def doubtful_since(order: Order) -> datetime | None:
    """Since when it may have been bought without our knowing; None when that is out of the question."""
    restored_at = known_since()
    if order.paid_at >= restored_at or _was_looked_up(order, restored_at):
        return None
    paid_at: datetime = order.paid_at
    return max(paid_at, Setting.read_time(_COPIED_AT) or paid_at)


def _was_looked_up(order: Order, restored_at: datetime) -> bool:
    intents = Submission.select().where(Submission.order == order, Submission.claimed_at >= restored_at)
    return bool(intents.exists())
