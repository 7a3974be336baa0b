"""Telegram's rate limits (Bot API FAQ): about one message a second in a chat, about 30 a second over all."""

from collections import deque
from datetime import datetime, timedelta

from webapp.base import clock

WINDOW = timedelta(seconds=1)
SAME_TROUBLE = timedelta(seconds=5)


class RateLimiter:
    """Never above the limits in any sliding second, for one thread that begins and ends the calls.

    Telegram counts a message somewhere between the call and its answer; its place is therefore kept until
    a second after the answer, however long the way takes.
    """

    def __init__(self, per_second: int = 30) -> None:
        self._per_second = per_second
        self._under_way = 0
        self._ended: deque[tuple[datetime, int]] = deque()
        self._slowed: tuple[datetime, int] | None = None
        self._held_until: datetime | None = None

    def available(self) -> int:
        """How many calls may begin now; 0 while a 429 holds everybody up."""
        if self._held_until is not None and clock.now() < self._held_until:
            return 0
        self._forget()
        return self._per_second - self._under_way - len(self._ended)

    def cooling_down(self) -> set[int]:
        """The chats that were written to within the last second."""
        self._forget()
        return {chat for _, chat in self._ended}

    def acquire(self) -> None:
        self._under_way += 1

    def release(self, chat: int) -> None:
        """The answer is here, whatever it says."""
        self._under_way -= 1
        self._ended.append((clock.now(), chat))

    def slow_down(self, chat: int, seconds: float) -> None:
        """A 429 does not say whose limit it is about. When a second chat meets one, it is everybody's."""
        now = clock.now()
        if self._slowed is not None and self._slowed[1] != chat and now - self._slowed[0] <= SAME_TROUBLE:
            self._held_until = now + timedelta(seconds=seconds)
        self._slowed = (now, chat)

    def _forget(self) -> None:
        now = clock.now()
        while self._ended and not timedelta(0) <= now - self._ended[0][0] < WINDOW:
            self._ended.popleft()
