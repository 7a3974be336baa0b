"""The provider's rate limit: a fixed window of one second per source address (eSIM Go guide, rate limits)."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import clock
from sandbox.esimgo import stamps


@dataclass(frozen=True)
class Left:
    """What an address has left in the second in which it called. `admitted`: it was enough for the call."""

    limit: int
    tokens: int
    until: datetime
    admitted: bool = True

    def headers(self, cost: int) -> dict[str, str]:
        """The X-Ratelimit-* of every answer."""
        return {
            "X-Ratelimit-Limit": str(self.limit),
            "X-Ratelimit-Remaining": str(self.tokens),
            "X-Ratelimit-Reset": stamps.seconds(self.until),
            "X-Ratelimit-Cost": str(cost),
        }


class RateLimit:
    """`per_second` tokens for each address; 0 = never refuses."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._window = clock.now().replace(microsecond=0)

    def spend(self, address: str, cost: int) -> Left:
        """Take so many tokens, if as many are left in this second."""
        with self._lock:
            self._turn()
            spent = self._spent.get(address, 0)
            admitted = not self.per_second or spent + cost <= self.per_second
            if admitted:
                self._spent[address] = spent + cost
            return self._left(address, admitted)

    def look(self, address: str) -> Left:
        """Take nothing."""
        with self._lock:
            self._turn()
            return self._left(address)

    def _left(self, address: str, admitted: bool = True) -> Left:
        limit = self.per_second or 10
        tokens = max(0, limit - self._spent.get(address, 0)) if self.per_second else limit
        return Left(limit, tokens, self._window + timedelta(seconds=1), admitted)

    def _turn(self) -> None:
        window = clock.now().replace(microsecond=0)
        if window != self._window:
            self._window, self._spent = window, {}
