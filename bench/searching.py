"""How long a search takes over every place in the world, of all that the tests say people type."""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.shop.test_search import SEARCHES, whole_world
from webapp.catalogue import AreaCard, Search

GOAL_MS = 50
TIMES = 3


@dataclass(frozen=True)
class Searches:
    """Milliseconds. `first`: of a process, which reads the gazetteer."""

    places: int
    count: int
    first: float
    slowest: float
    of: str


def measure(_folder: Path) -> Searches:
    """Of each search the least of several times: what else runs on the machine only adds."""
    cards = whole_world()
    search = Search()
    first = _ms(search, "турция", cards)
    slowest, query = max(
        (min(_ms(search, query, cards) for _ in range(TIMES)), query) for query, _ in SEARCHES
    )
    return Searches(len(cards), len(SEARCHES), first, slowest, query)


def _ms(search: Search, query: str, cards: list[AreaCard]) -> float:
    began = time.thread_time()
    search.look(cards, query)
    return (time.thread_time() - began) * 1e3
