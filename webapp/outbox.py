"""The outbox goes out: in order within a chat, at Telegram's pace, and again until it has arrived.

Claim, send, mark. A claim is committed before the call; one whose process died lapses, and its message is
sent again. Telegram has no idempotency key, so a message is doubled when its answer is lost, or when the
process dies between the call and the mark: at most once in a chat, and in PARALLEL chats.

Only the calls run in threads; the database stays with the thread of the job.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

from peewee import Expression, ModelSelect, fn

from webapp import clock, customers, notifications
from webapp.boundaries import boundary
from webapp.config import Config
from webapp.db import transaction
from webapp.i18n import speaking
from webapp.models import Customer, Notification, Order
from webapp.notifications import Message
from webapp.pace import Pace
from webapp.telegram.botapi import BotApi
from webapp.telegram.errors import BadCall, Blocked, Lost, NotReached, SlowDown

log = logging.getLogger(__name__)

PARALLEL = 4
READ_AHEAD = 30
ROUND_S = 5.0
CLAIM_LAPSES_AFTER = timedelta(seconds=60)
ASKED_AGAIN_AFTER = timedelta(hours=6)
LONGEST_PAUSE_S = 300
MAX_ATTEMPTS = 300
"""About 24 hours of them: 8 minutes of growing pauses, then one in 5 minutes."""


def deliver(bot: BotApi, config: Config, pace: Pace) -> int:
    """Send what is due, the longest overdue first; returns how many have arrived.

    Nothing is begun after ROUND_S, so that a Telegram that hangs holds the job up for one call more.
    """
    _take_over_lapsed()
    return _Round(bot, config, pace).run()


class _Round:
    """One run of the job: what is under way, and what has arrived."""

    def __init__(self, bot: BotApi, config: Config, pace: Pace) -> None:
        self._bot, self._config, self._pace = bot, config, pace
        self._ends_at = clock.monotonic() + ROUND_S
        self._under_way: dict[Future[int], Notification] = {}
        self._line: list[Notification] = []
        self._arrived = 0

    def run(self) -> int:
        with ThreadPoolExecutor(PARALLEL) as threads:
            try:
                while self._begin(threads):
                    self._finish(FIRST_COMPLETED)
            finally:  # whatever has gone wrong, what was sent is marked
                self._finish(ALL_COMPLETED)
        return self._arrived

    def _begin(self, threads: ThreadPoolExecutor) -> bool:
        """Fill the free places; True while anything is under way."""
        while due := self._next():
            for notification in _claimed(due):
                if message := self._composed(notification):
                    self._pace.begin()
                    call = threads.submit(_send, self._bot, _chat(notification), message)
                    self._under_way[call] = notification
        return bool(self._under_way)

    def _next(self) -> list[Notification]:
        """As many as may begin now. The line is read ahead: each chat stands in it once."""
        room = self._room()
        if room and not self._line:
            self._line = _due(READ_AHEAD, self._pace)
        due, self._line = self._line[:room], self._line[room:]
        return due

    def _room(self) -> int:
        if clock.monotonic() >= self._ends_at:
            return 0
        return max(0, min(PARALLEL - len(self._under_way), self._pace.room()))

    def _composed(self, notification: Notification) -> Message | None:
        try:
            with speaking(notification.customer.language):
                return notifications.compose(notification.order, notification.kind, self._config)
        except Exception:  # one text that cannot be written must not hold up everybody's
            log.exception("%s cannot be written", notification.kind, extra=_order(notification))
            _try_again(notification)
            return None

    def _finish(self, when: str) -> None:
        done, _ = wait(self._under_way, return_when=when)
        for call in done:
            notification = self._under_way.pop(call)
            self._pace.end(_chat(notification))
            boundary("notification.sent")
            self._arrived += _mark(notification, call.exception(), self._pace)


def _send(bot: BotApi, chat: int, message: Message) -> int:
    if message.photo is None:
        return bot.send_message(chat, message.text, message.keyboard)
    return bot.send_photo(chat, message.photo, message.text, message.keyboard)


def _chat(notification: Notification) -> int:
    return int(notification.customer.telegram_user_id)


def _order(notification: Notification) -> dict[str, str]:
    return {"order": notification.order.reference}


# --- whose turn it is


def _due(limit: int, pace: Pace) -> list[Notification]:
    """The first open message of each chat that may be written to now.

    Nobody's block is believed for ever: an unblocking that we were never told of is found out.
    """
    asked = Customer.blocked_at.is_null() | (Customer.blocked_at <= clock.now() - ASKED_AGAIN_AFTER)
    ready = (Notification.state == "waiting") & (Notification.next_try_at <= clock.now()) & asked
    query = Notification.select(Notification, Customer, Order).join(Customer).switch(Notification).join(Order)
    due = query.where(ready, ~fn.EXISTS(_earlier()), Customer.telegram_user_id.not_in(pace.resting()))
    return list(due.order_by(Notification.next_try_at, Notification.id).limit(limit))


def _earlier() -> "ModelSelect[Notification]":
    other = Notification.alias()
    return other.select(other.id).where(
        other.customer == Notification.customer,
        other.state.in_(("waiting", "sending")),
        other.id < Notification.id,
    )


def _claimed(due: Sequence[Notification]) -> list[Notification]:
    with transaction():
        claimed = [n for n in due if not _is_outdated(n) and _claim(n)]
    boundary("notification.claimed")
    return claimed


def _claim(notification: Notification) -> bool:
    return _leave("waiting", notification, "sending", next_try_at=clock.now() + CLAIM_LAPSES_AFTER)


def _is_outdated(notification: Notification) -> bool:
    """Somebody could not be written to for so long that this is no news any more: then it ends here."""
    outdated: bool = clock.now() - notification.created_at > notifications.useful_for(notification.kind)
    if outdated:
        _leave("waiting", notification, "outdated")
    return outdated


def _take_over_lapsed() -> None:
    lapsed = (Notification.state == "sending") & (Notification.next_try_at <= clock.now())
    if Notification.select().where(lapsed).exists():
        Notification.update(state="waiting").where(lapsed).execute()


# --- what became of it


def _mark(notification: Notification, error: BaseException | None, pace: Pace) -> bool:
    """Write down how the call has ended; True when the message has arrived."""
    if error is None:
        Notification.update(state="sent", sent_at=clock.now()).where(_this(notification)).execute()
        return True
    if isinstance(error, SlowDown):
        pace.slow_down(_chat(notification), error.retry_after_s)
        _wait(notification, error.retry_after_s)
    elif isinstance(error, Blocked):
        customers.unreachable(notification.customer)
        _wait(notification, 0)
    elif isinstance(error, BadCall):
        log.error("Telegram refuses it: %s", error, extra=_order(notification))
        _leave("sending", notification, "refused")
    else:
        if not isinstance(error, NotReached | Lost):
            log.error("not sent", exc_info=error, extra=_order(notification))
        _try_again(notification)
    return False


def _try_again(notification: Notification) -> None:
    attempts = notification.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        log.error("given up after %s attempts", attempts, extra=_order(notification))
        _leave("sending", notification, "given up", attempts=attempts)
    else:
        _wait(notification, pause_s(attempts), attempts=attempts)


def pause_s(attempts: int) -> int:
    """Seconds until the next try after so many that failed."""
    return min(1 << min(attempts - 1, 30), LONGEST_PAUSE_S)


def _wait(notification: Notification, seconds: float, **changes: int) -> None:
    again = clock.now() + timedelta(seconds=seconds)
    _leave("sending", notification, "waiting", next_try_at=again, **changes)


def _leave(state: str, notification: Notification, to: str, **changes: Any) -> bool:
    as_known = _this(notification) & (Notification.state == state)
    return bool(Notification.update(state=to, **changes).where(as_known).execute())


def _this(notification: Notification) -> Expression:
    return Notification.id == notification.id
