"""Places for requests that wait for somebody outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """At most `count` wait at once, and one of each customer: else a few of them would hold all places while
    the outside is slow. Safe to share between threads.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._waiting: set[int] = set()

    @contextmanager
    def of(self, telegram_user_id: int) -> Iterator[bool]:
        """Yields whether there was one for this customer, who has it until the end of the block."""
        with self._lock:
            free = telegram_user_id not in self._waiting and len(self._waiting) < self._count
            if free:
                self._waiting.add(telegram_user_id)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._waiting.remove(telegram_user_id)
