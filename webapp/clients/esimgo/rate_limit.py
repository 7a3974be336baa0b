"""What the headers X-Ratelimit-* of an answer say.

Source: eSIM Go guide, rate limits: a fixed window of one second with 10 tokens for each address; endpoints
cost different numbers of tokens, which are published nowhere but in X-Ratelimit-Cost.
"""

import re
from datetime import datetime
from typing import NamedTuple

from webapp.base import clock
from webapp.clients.http import Answer

from . import verdicts

WINDOW_S = 1.0
LONGEST_WAIT_S = 2.0

_COUNT = re.compile(r"[0-9]{1,6}")


class Told(NamedTuple):
    """`cost` in tokens, None when it is not told. `wait_s`: seconds in which no token is left."""

    cost: int | None
    wait_s: float


def told(answer: Answer) -> Told:
    """Whatever is not understood counts as not told."""
    cost = _count(answer.headers.get("X-Ratelimit-Cost", ""))
    left = _count(answer.headers.get("X-Ratelimit-Remaining", ""))
    reset = verdicts.moment(answer.headers.get("X-Ratelimit-Reset", ""))
    now = verdicts.provider_now(answer) or clock.now()
    return Told(cost or None, _until(reset, now) if left == 0 else 0.0)


def _until(reset: datetime | None, now: datetime) -> float:
    """Windows last a second, so a reset that is further off tells of a clock that is wrong."""
    if reset is None:
        return WINDOW_S
    seconds = (reset - now).total_seconds()
    return max(0.0, seconds) if abs(seconds) <= LONGEST_WAIT_S else WINDOW_S


def _count(given: str) -> int | None:
    return int(given) if _COUNT.fullmatch(given.strip()) else None
