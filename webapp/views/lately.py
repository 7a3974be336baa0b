"""The state of the shop as of a moment ago: under load hundreds of requests ask for it in that time."""

from collections.abc import Callable

from webapp.base import clock
from webapp.state.outages import State

A_MOMENT_S = 0.1
"""By so much a new price or a notice may be late on a page that is known. What is bought is checked anew."""


class Lately:
    def __init__(self, look: Callable[[], State]) -> None:
        self._look = look
        self._known: tuple[float, State] | None = None

    def state(self) -> State:
        """Two threads that look at once do no harm: each finds what is so."""
        began, known = clock.monotonic(), self._known
        if known is None or began - known[0] >= A_MOMENT_S:
            known = self._known = began, self._look()
        return known[1]
