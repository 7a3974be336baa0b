"""Messages to the chats: in order within a chat, and within Telegram's rate limits.

Telegram has no idempotency key, so a message is doubled when its answer is lost, or when the process dies
between the call and the mark: at most once in a chat, and in PARALLEL chats.

Only the calls run in threads; the database stays with the thread of the job.
"""

import logging
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.base.i18n import speaking
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import BadCall, Blocked, Lost, NotReached, SlowDown
from webapp.customers import identity, notifications
from webapp.customers.notifications import Message
from webapp.customers.outbox import rows
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import Customer, Notification, db

log = logging.getLogger(__name__)

PARALLEL = 4
READ_AHEAD = 30
ROUND_S = 5.0
ASKED_AGAIN_AFTER = timedelta(hours=6)


def deliver(bot: BotApi, config: Config, limiter: RateLimiter) -> int:
    """Send what is due, the longest overdue first; returns how many have arrived.

    Nothing is begun after ROUND_S, so that a Telegram that hangs holds the job up for one call more.
    """
    rows.take_over_lapsed()
    return _Round(bot, config, limiter).run()


class _Round:
    """One run of the job: what is under way, and what has arrived."""

    def __init__(self, bot: BotApi, config: Config, limiter: RateLimiter) -> None:
        self._bot, self._config, self._limiter = bot, config, limiter
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
            for notification in rows.claim(due):
                if message := self._composed(notification):
                    self._limiter.acquire()
                    call = threads.submit(_send, self._bot, _chat(notification), message)
                    self._under_way[call] = notification
        return bool(self._under_way)

    def _next(self) -> list[Notification]:
        """As many as may begin now. The line is read ahead: each chat stands in it once."""
        room = self._room()
        if room and not self._line:
            self._line = _due(READ_AHEAD, self._limiter)
        due, self._line = self._line[:room], self._line[room:]
        return due

    def _room(self) -> int:
        if clock.monotonic() >= self._ends_at:
            return 0
        return max(0, min(PARALLEL - len(self._under_way), self._limiter.available()))

    def _composed(self, notification: Notification) -> Message | None:
        try:
            with speaking(notification.customer.language):
                return notifications.compose(notification, self._config)
        except Exception as error:  # one text that cannot be written must not hold up everybody's
            if db.trouble(error):
                raise
            log.exception("%s cannot be written", notification.kind, extra=rows.about(notification))
            rows.try_again(notification)
            return None

    def _finish(self, when: str) -> None:
        done, _ = wait(self._under_way, return_when=when)
        for call in done:
            notification = self._under_way.pop(call)
            self._limiter.release(_chat(notification))
            crash_point("notification.sent")
            self._arrived += _mark(notification, call.exception(), self._limiter)


def _send(bot: BotApi, chat: int, message: Message) -> int:
    if message.document is not None:
        file = message.document
        return bot.send_document(chat, file.name, file.content, file.kind, message.text)
    if message.photo is not None:
        return bot.send_photo(chat, message.photo, message.text, message.keyboard)
    return bot.send_message(chat, message.text, message.keyboard)


def _chat(notification: Notification) -> int:
    return int(notification.customer.telegram_user_id)


def _due(limit: int, limiter: RateLimiter) -> list[Notification]:
    """The first open message of each chat that may be written to now.

    Nobody's block is believed for ever: an unblocking that we were never told of is found out.
    """
    asked = Customer.blocked_at.is_null() | (Customer.blocked_at <= clock.now() - ASKED_AGAIN_AFTER)
    due = rows.due("chat").where(asked, Customer.telegram_user_id.not_in(limiter.cooling_down()))
    return list(due.limit(limit))


def _mark(notification: Notification, error: BaseException | None, limiter: RateLimiter) -> bool:
    """Write down how the call has ended; True when the message has arrived."""
    if error is None:
        rows.sent(notification)
        return True
    if isinstance(error, SlowDown):
        limiter.slow_down(_chat(notification), error.retry_after_s)
        rows.wait(notification, error.retry_after_s)
    elif isinstance(error, Blocked):
        identity.unreachable(notification.customer)
        rows.wait(notification, 0)
    elif isinstance(error, BadCall):
        log.error("Telegram refuses it: %s", error, extra=rows.about(notification))
        rows.leave("sending", notification, "refused")
    else:
        if not isinstance(error, NotReached | Lost):
            log.error("not sent", exc_info=error, extra=rows.about(notification))
        rows.try_again(notification)
    return False
