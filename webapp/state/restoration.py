"""A shop that was brought back from a copy knows nothing of what it sold after the copy was made.

It is known by a mark (`flask restore`) or found by evidence, for a file that was copied, a folder that was
set back or a snapshot of the machine leave no mark: each new leader compares eSIM Go's list with its rows
(`webapp/orders/copies.py`), and Telegram's statement may name an order that nobody knows. Until then nothing
is done about an order that was paid for before this leader began. What comes of either is the same: what was
paid for before is looked up at eSIM Go before it is bought, and its deadline counts from the restoration:
nobody is refunded for what they have.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp.base import clock
from webapp.models import OPEN_STAGES, Order, Payment, Setting, Submission

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MERELY_RESTARTED = timedelta(minutes=1)
"""Where nobody has led for no longer than this, so little can have been sold without our knowing that an
order whose time is over does not wait for eSIM Go's answer.
"""
FORGETS_EVERY = timedelta(seconds=30)

_COPIED_AT = "shop.copied_at"
_RESTORED_AT = "shop.restored_at"
_STATEMENT_AT = "shop.statement_read_at"
_BEGAN_AT = "leader.began_at"
_LED_UNTIL = "leader.led_until"
_UNLED_AT = "leader.unled_at"
_COMPARED_AT = "leader.compared_at"
_FORGOT_AT = "leader.forgot_at"
_FORGETS_AT = "leader.forgets_at"


@dataclass(frozen=True)
class Past:
    """What is known of the time before this leader began. `led_until`: there was a leader until then, as far
    as this database tells; `unled_at`: when one began since, where nobody had led for longer than
    MERELY_RESTARTED, as in a copy; `compared_at`: when eSIM Go's list was compared with it since; `copied_at`
    and `restored_at`: of the last copy that the shop was brought back from; `forgot_at`: when whoever has
    deleted their data was first forgotten again.
    """

    began_at: datetime
    led_until: datetime
    unled_at: datetime | None
    compared_at: datetime | None
    copied_at: datetime | None
    restored_at: datetime | None
    forgot_at: datetime | None

    @property
    def is_forgetting(self) -> bool:
        """Does this database perhaps still know somebody who has deleted their data?"""
        return self.began_at > BEGINNING and self.forgot_at is None

    @property
    def is_settled(self) -> bool:
        """Compared, or marked as a copy since the leader before: then everything is looked up anyhow."""
        marked = self.restored_at is not None and self.restored_at >= self.led_until
        return marked or self.compared_at is not None

    @property
    def unsure_before(self) -> datetime:
        """What was paid for before this moment may have been bought without our knowing."""
        return BEGINNING if self.is_settled else self.began_at

    @property
    def kept_before(self) -> datetime:
        """What was paid for before this moment is not given up either: perhaps it was delivered."""
        return BEGINNING if self.unled_at is None else self.unsure_before


def past() -> Past:
    names = (_BEGAN_AT, _LED_UNTIL, _UNLED_AT, _COMPARED_AT, _COPIED_AT, _RESTORED_AT, _FORGOT_AT)
    began_at, led_until, *others = Setting.read_times(*names)
    began_at = began_at or BEGINNING
    return Past(began_at, led_until or began_at, *others)


def begin(led_until: datetime) -> None:
    """A new leader begins; the one before led until then. Call it in the transaction in which it does.

    One that ended before it had compared, or before Telegram's statement was read, has led nobody out of
    doubt: what is unknown begins where the leader before it ended.
    """
    now, before = clock.now(), past()
    unled_at = now if now - led_until > MERELY_RESTARTED else None
    if before.began_at > BEGINNING and not _was_led(before):
        led_until, unled_at = min(led_until, before.led_until), unled_at or before.unled_at
    Setting.write_time(_BEGAN_AT, now)
    Setting.write_time(_LED_UNTIL, min(led_until, now))
    Setting.write_time(_UNLED_AT, unled_at)
    Setting.write_time(_COMPARED_AT, None)
    Setting.write_time(_FORGOT_AT, None)


def _was_led(before: Past) -> bool:
    read_at = Setting.read_time(_STATEMENT_AT)
    return before.is_settled and read_at is not None and read_at >= before.began_at


def is_to_forget() -> bool:
    """Has the leader just begun, has somebody deleted their data, or is somebody left since a while ago?"""
    names = (_FORGOT_AT, _FORGETS_AT)
    forgot_at, again_at = Setting.read_times(*names)
    return forgot_at is None or (again_at is not None and clock.now() >= again_at)


def forgot(is_all: bool) -> None:
    """Whoever has deleted their data is forgotten here too; who is left, a little later."""
    now = clock.now()
    Setting.write_time(_FORGOT_AT, now)
    Setting.write_time(_FORGETS_AT, None if is_all else now + FORGETS_EVERY)


def forget_more() -> None:
    """Somebody has deleted their data, or is here again who had."""
    Setting.write_time(_FORGETS_AT, clock.now())


def compared() -> None:
    """eSIM Go's list tells of no purchase that we do not know, or what it tells is looked up, or nobody
    waits.
    """
    Setting.write_time(_COMPARED_AT, clock.now())


def heard_late(paid_at: datetime) -> None:
    """Something that was paid for before this leader began is known only now: it is compared again."""
    if paid_at < past().began_at:
        Setting.write_time(_COMPARED_AT, None)


def note(copied_at: datetime, deadline_s: float, restored_at: datetime | None = None) -> None:
    """The shop that the database holds is as it was at `copied_at`, and begins again: now, or at the moment
    that is given. What is paid for until then and under way gets all of its time again, unless its money is
    known to have gone back.
    """
    now = clock.now()
    restored_at = restored_at or now
    Setting.write_time(_COPIED_AT, copied_at)
    Setting.write_time(_RESTORED_AT, restored_at)
    kept = Payment.select(Payment.order).where(Payment.state == "confirmed", Payment.order.is_null(False))
    theirs = Order.stage.in_(OPEN_STAGES) & (Order.paid_at <= restored_at) & Order.id.in_(kept)
    Order.update(deadline_at=now + timedelta(seconds=deadline_s)).where(theirs).execute()


def known_since() -> datetime:
    """From here on nothing has happened that the database does not tell of."""
    return Setting.read_time(_RESTORED_AT) or BEGINNING


def statement_read(began_at: datetime) -> None:
    """Telegram's statement was read to its end from that moment on."""
    Setting.write_time(_STATEMENT_AT, began_at)


def knows_refunds() -> bool:
    """Has the statement been read since the shop was brought back from a copy? Until then what went back may
    have gone back by our own hand, before that.
    """
    restored_at, read_at = Setting.read_times(_RESTORED_AT, _STATEMENT_AT)
    return restored_at is None or (read_at is not None and read_at >= restored_at)


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
