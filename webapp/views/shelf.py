"""Where ready answers lie: bounded, and only for as long as the shop is in one state."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from webapp.outages import State

MOST = 512
"""Pages; with some 10 KB each they stay small beside the process."""


class Kept(NamedTuple):
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Shelf:
    """The pages of one state of the shop, those that nobody has asked for lately given up first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: State | None = None
        self._pages: OrderedDict[Hashable, Kept] = OrderedDict()

    def find(self, state: State, key: Hashable) -> Kept | None:
        with self._lock:
            if state != self._state or key not in self._pages:
                return None
            self._pages.move_to_end(key)
            return self._pages[key]

    def keep(self, state: State, key: Hashable, made: Kept) -> None:
        """`state` was read before the page was made: what changed meanwhile makes the next one look again."""
        with self._lock:
            if state != self._state:
                self._state = state
                self._pages.clear()
            self._pages[key] = made
            while len(self._pages) > MOST:
                self._pages.popitem(last=False)
