"""How many callbacks were refused, so that a wrong set-up is noticed."""

from datetime import timedelta

from webapp.base import clock
from webapp.state import funnel
from webapp.state.funnel import Funnel

LATELY = timedelta(days=6)
"""Today and the six days before it."""


def count(reason: str, counts: Funnel) -> None:
    """One more was refused, for being "unsigned" or "forged"."""
    counts.count(_step(reason))


def lately(reason: str) -> int:
    """At least so many in the last seven days."""
    now = clock.now()
    return funnel.counted(now - LATELY, now).get(_step(reason), 0)


def _step(reason: str) -> str:
    return f"callback_{reason}"
