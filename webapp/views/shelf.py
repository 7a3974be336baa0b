"""Where ready answers lie: bounded, and only for as long as the shop is in one state."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple, Self

from flask import Response

MOST = 512
"""Pages; with some 10 KB each they stay small beside the process."""


class Kept(NamedTuple):
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, response: Response) -> Self:
        return cls(response.get_data(), tuple(response.headers))

    def again(self) -> Response:
        response = Response(self.body)
        response.headers.clear()
        response.headers.extend(self.headers)
        return response


class Shelf:
    """The pages of one state of the shop, those that nobody has asked for lately given up first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: Hashable = None
        self._pages: OrderedDict[Hashable, Kept] = OrderedDict()

    def find(self, state: Hashable, key: Hashable) -> Kept | None:
        with self._lock:
            if state != self._state or key not in self._pages:
                return None
            self._pages.move_to_end(key)
            return self._pages[key]

    def keep(self, state: Hashable, key: Hashable, made: Kept) -> None:
        """`state` was read before the page was made: what changed meanwhile makes the next one look again."""
        with self._lock:
            if state != self._state:
                self._state = state
                self._pages.clear()
            self._pages[key] = made
            while len(self._pages) > MOST:
                self._pages.popitem(last=False)
