"""What a process remembers between two requests: ready answers, and values that may be a moment old."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, Self, TypeVar

from flask import Response

from webapp.base import clock

MAX_RESPONSES = 512
"""Answers of some 10 KB each: small beside the process."""

T = TypeVar("T")


class CachedResponse(NamedTuple):
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, response: Response) -> Self:
        return cls(response.get_data(), tuple(response.headers))

    def response(self) -> Response:
        response = Response(self.body)
        response.headers.clear()
        response.headers.extend(self.headers)
        return response


class ResponseCache:
    """LRU cache of the answers of one state of the shop: another state empties it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: Hashable = None
        self._responses: OrderedDict[Hashable, CachedResponse] = OrderedDict()

    def get(self, state: Hashable, key: Hashable) -> CachedResponse | None:
        with self._lock:
            if state != self._state or key not in self._responses:
                return None
            self._responses.move_to_end(key)
            return self._responses[key]

    def put(self, state: Hashable, key: Hashable, made: CachedResponse) -> None:
        """`state` was read before the answer was made: what changes in between is seen next time."""
        with self._lock:
            if state != self._state:
                self._state = state
                self._responses.clear()
            self._responses[key] = made
            while len(self._responses) > MAX_RESPONSES:
                self._responses.popitem(last=False)


class TtlValue(Generic[T]):
    """A value that is read again when it is older than `ttl_s` seconds: hundreds of requests share it."""

    def __init__(self, read: Callable[[], T], ttl_s: float) -> None:
        self._read, self.ttl_s = read, ttl_s
        self._known: tuple[float, T] | None = None

    def get(self) -> T:
        """Two threads may read at once; each gets what is true then."""
        began, known = clock.monotonic(), self._known
        if known is None or began - known[0] >= self.ttl_s:
            known = self._known = began, self._read()
        return known[1]
