"""How many callbacks were refused, so that a wrong set-up is noticed."""

from datetime import timedelta

from webapp.base import clock
from webapp.state import funnel
from webapp.state.funnel import Funnel

PATTERN = 5
"""So many within two days are a wrong set-up; fewer may be a stranger who knocks."""
LATELY = timedelta(days=6)
"""Today and the six days before it."""


def count(reason: str, counts: Funnel) -> None:
    """One more was refused, for being "unsigned" or "forged"."""
    counts.count(_step(reason))


def lately(reason: str) -> int:
    """At least so many in the last seven days."""
    now = clock.now()
    return funnel.counted(now - LATELY, now).get(_step(reason), 0)


def pattern() -> dict[str, int]:
    """By reason, how many were refused today and yesterday, where they are more than a stranger's knock."""
    now = clock.now()
    counted = funnel.counted(now - timedelta(days=1), now)
    refused = {reason: counted.get(_step(reason), 0) for reason in ("unsigned", "forged")}
    return {reason: count for reason, count in refused.items() if count >= PATTERN}


def _step(reason: str) -> str:
    return f"callback_{reason}"
