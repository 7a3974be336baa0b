"""How the client is doing, for metrics. Nothing in here is secret or belongs to a customer."""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .breaker import BreakerState
from .budget import BudgetState

Kind = Literal["orders", "lookups", "deliveries", "reads", "catalogue"]
"""What is bought, what became of it, what one order has brought, what is followed, what is on sale: each has
a breaker of its own, so that neither a failing purchase nor one order that never gets an answer keeps anybody
from looking up what became of the others."""


NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class ClientState:
    """`calls`: endpoint (`GET /esims/{iccid}`) to outcome to number of attempts since the start.

    An outcome is "ok", the name of an error of errors.py, "not_asked" where our budget or breaker held the
    call back, or "crash" for an error of ours.
    """

    budget: BudgetState
    breakers: Mapping[Kind, BreakerState]
    calls: Mapping[str, Mapping[str, int]]


class Tally:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()

    def count(self, endpoint: str, outcome: str) -> None:
        with self._lock:
            self._calls[endpoint][outcome] += 1

    def counted(self) -> dict[str, dict[str, int]]:
        with self._lock:
            return {endpoint: dict(outcomes) for endpoint, outcomes in self._calls.items()}
