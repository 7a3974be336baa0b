"""Never above eSIM Go's rate limit: 10 tokens in a second and address (API v2.4 and later)."""

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from webapp.base import clock

from .errors import TryLater
from .rate_limit import WINDOW_S, Told

Priority = Literal["orders", "reads"]
RANKS: dict[Priority, int] = {"orders": 0, "reads": 1}

LONGEST_TRANSIT_S = 5.0  # a call that has had no answer for so long has been counted over there long ago


@dataclass(frozen=True)
class BudgetState:
    """`used` of `places` are taken in this second; `costs`: tokens, learnt for each endpoint."""

    used: int
    places: int
    held_s: float
    waiting: int
    costs: Mapping[str, int]


class Place:
    """What one request holds; `heed` is for the headers of its answer."""

    def __init__(self, budget: "Budget", ticket: int, endpoint: str) -> None:
        self._budget = budget
        self._endpoint = endpoint
        self.ticket = ticket

    def heed(self, told: Told) -> None:
        if told.wait_s:
            self._budget.hold(told.wait_s)
        if told.cost:
            self._budget.learn(self.ticket, self._endpoint, told.cost)


class Budget:
    """At most `per_second` tokens in any sliding second, across threads: orders first, else who came first.

    A request is counted by eSIM Go somewhere between its sending and its answer. Its places, one for each
    token it costs, are therefore kept until a second after the answer, which holds the limit however long
    the way there takes. An endpoint costs 1 until an answer tells otherwise.
    """

    def __init__(self, per_second: int = 8, *, max_wait_s: float = 10.0) -> None:
        self._max_wait_s = max_wait_s
        self._holders: list[int | None] = [None] * per_second
        self._free_at = [0.0] * per_second
        self._held_until = 0.0
        self._costs: dict[str, int] = {}
        self._numbers = itertools.count()
        self._line: set[tuple[int, int]] = set()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, priority: Priority, endpoint: str = "") -> Iterator[Place]:
        """Hold what one request costs, for as long as it takes. Errors: TryLater as in `acquire`."""
        place = Place(self, self.acquire(priority, self._costs.get(endpoint, 1)), endpoint)
        try:
            yield place
        finally:
            self.release(place.ticket)

    def acquire(self, priority: Priority, cost: int = 1) -> int:
        """Wait for `cost` places at once and take them; the ticket goes to `release`.

        Errors: TryLater, not asked, when they do not come within `max_wait_s` (at once when that is certain).
        """
        cost = self._capped(cost)
        give_up_at = clock.monotonic() + self._max_wait_s
        with self._changed:
            me = (RANKS[priority], next(self._numbers))
            self._line.add(me)
            try:
                self._wait(me, cost, give_up_at)
                return self._take(cost)
            finally:
                self._line.remove(me)
                self._changed.notify_all()

    def release(self, ticket: int) -> None:
        """The answer is here: its places are free after one window. A ticket that was lost is ignored."""
        with self._changed:
            for place, holder in enumerate(self._holders):
                if holder == ticket:
                    self._holders[place] = None
                    self._free_at[place] = clock.monotonic() + WINDOW_S
            self._changed.notify_all()

    def learn(self, ticket: int, endpoint: str, cost: int) -> None:
        """An answer told its cost. When that is more than was taken, the rest is taken now."""
        with self._changed:
            self._costs[endpoint] = cost = self._capped(cost)
            owed = cost - self._holders.count(ticket)
            free = [place for place, holder in enumerate(self._holders) if holder is None]
            for place in sorted(free, key=self._free_at.__getitem__)[: max(0, owed)]:
                self._holders[place] = ticket
                self._free_at[place] = clock.monotonic() + WINDOW_S

    def hold(self, seconds: float) -> None:
        """Nobody sends anything for so long: eSIM Go has said 429, or that no token is left."""
        with self._changed:
            self._held_until = max(self._held_until, clock.monotonic() + seconds)

    def state(self) -> BudgetState:
        with self._changed:
            now = clock.monotonic()
            used = sum(free_at > now for free_at in self._free_at)
            held_s = max(0.0, self._held_until - now)
            return BudgetState(used, len(self._free_at), held_s, len(self._line), dict(self._costs))

    def _capped(self, cost: int) -> int:
        return min(max(cost, 1), len(self._free_at))

    def _wait(self, me: tuple[int, int], cost: int, give_up_at: float) -> None:
        """Only the first in line may take places, or many small calls would starve a costly one."""
        while (wait_s := self._wait_s(cost)) > 0 or me != min(self._line):
            left_s = give_up_at - clock.monotonic()
            if left_s <= 0 or self._held_until > give_up_at:
                raise self._used_up(wait_s)
            self._changed.wait(min(wait_s, left_s) if me == min(self._line) else left_s)

    def _used_up(self, wait_s: float) -> TryLater:
        error = TryLater(max(wait_s, WINDOW_S / len(self._free_at)), "our own request budget is used up")
        error.asked = False
        return error

    def _wait_s(self, cost: int) -> float:
        return max(sorted(self._free_at)[cost - 1], self._held_until) - clock.monotonic()

    def _take(self, cost: int) -> int:
        ticket = next(self._numbers)
        places = sorted(range(len(self._free_at)), key=self._free_at.__getitem__)[:cost]
        for place in places:
            self._holders[place] = ticket
            self._free_at[place] = clock.monotonic() + LONGEST_TRANSIT_S
        return ticket
