"""The provider's rate limit: a fixed window of one second per source address (eSIM Go guide, rate limits)."""

import threading
from datetime import timedelta

from sandbox import clock
from sandbox.esimgo import stamps


class RateLimit:
    """`per_second` tokens for each address; 0 = never refuses."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._window = clock.now().replace(microsecond=0)

    def spend(self, address: str, cost: int) -> bool:
        """Take so many tokens; False when there are not enough left in this second."""
        with self._lock:
            self._turn()
            spent = self._spent.get(address, 0)
            if self.per_second and spent + cost > self.per_second:
                return False
            self._spent[address] = spent + cost
            return True

    def headers(self, address: str, cost: int) -> dict[str, str]:
        """The X-Ratelimit-* of every answer."""
        with self._lock:
            self._turn()
            limit = self.per_second or 10
            left = max(0, limit - self._spent.get(address, 0)) if self.per_second else limit
        return {
            "X-Ratelimit-Limit": str(limit),
            "X-Ratelimit-Remaining": str(left),
            "X-Ratelimit-Reset": stamps.seconds(self._window + timedelta(seconds=1)),
            "X-Ratelimit-Cost": str(cost),
        }

    def _turn(self) -> None:
        window = clock.now().replace(microsecond=0)
        if window != self._window:
            self._window, self._spent = window, {}
