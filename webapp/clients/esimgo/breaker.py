"""After several calls in a row without a sensible answer, eSIM Go is left alone for a while.

An outage then costs nobody a timeout, and the first sign of life is looked for by one call, not by all.
"""

import itertools
import threading
from dataclasses import dataclass
from typing import Literal

from webapp.base import clock

Mood = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class BreakerState:
    """`failures`: in a row. `rests_s`: seconds until the next call is let through, 0 unless open."""

    mood: Mood
    failures: int
    rests_s: float


class Breaker:
    """Closed: calls pass. Open: none does, for `rest_s`, doubling to `longest_rest_s` with every probe that
    fails. Half-open: the rest is over and exactly one call, the probe, passes; if it succeeds, all do again.

    Safe to share between threads. Times are of webapp.base.clock.monotonic.
    """

    def __init__(self, *, opens_after: int = 5, rest_s: float = 2.0, longest_rest_s: float = 15.0) -> None:
        self._opens_after = opens_after
        self._rests = (rest_s, longest_rest_s)
        self._rest_s = rest_s
        self._failures = 0
        self._open_until: float | None = None
        self._probe: int | None = None
        self._tickets = itertools.count()
        self._lock = threading.Lock()

    def enter(self) -> int | None:
        """A ticket for one call, which must go to `leave`; None while calls are not to be made."""
        with self._lock:
            ticket = next(self._tickets)
            if self._open_until is None:
                return ticket
            if self._probe is not None or clock.monotonic() < self._open_until:
                return None
            self._probe = ticket
            return ticket

    def leave(self, ticket: int, sensible: bool | None) -> None:
        """How the call ended: was there a sensible answer? None when it was not made after all.

        A call that began before the breaker opened and ends after that says nothing about now.
        """
        with self._lock:
            if ticket == self._probe:
                self._probe = None
                self._judge_probe(sensible)
            elif self._open_until is None and sensible is not None:
                self._failures = 0 if sensible else self._failures + 1
                if self._failures >= self._opens_after:
                    self._rest(self._rests[0])

    def state(self) -> BreakerState:
        with self._lock:
            if self._open_until is None:
                return BreakerState("closed", self._failures, 0.0)
            rests_s = max(0.0, self._open_until - clock.monotonic())
            return BreakerState("open" if rests_s else "half_open", self._failures, rests_s)

    def _judge_probe(self, sensible: bool | None) -> None:
        if sensible:
            self._open_until, self._failures = None, 0
        elif sensible is False:
            self._failures += 1
            self._rest(min(2 * self._rest_s, self._rests[1]))

    def _rest(self, seconds: float) -> None:
        self._rest_s = seconds
        self._open_until = clock.monotonic() + seconds
