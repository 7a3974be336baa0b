"""How often an eSIM is looked at: often while something is about to happen, rarely when nothing is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from webapp.clients.esimgo.errors import EsimGoError, TryLater, Unavailable
from webapp.models.profiles import DEAD, ENDED, IN_USE

EAGER_FOR = timedelta(minutes=10)
EAGER_PAUSE = timedelta(seconds=5)

FIRST_SETBACK = timedelta(seconds=30)
LONGEST_SETBACK = timedelta(hours=1)
LONGEST_IN_AN_OUTAGE = timedelta(minutes=5)


def pause(
    states: Sequence[str],
    delivered_at: datetime,
    activate_pressed_at: datetime | None,
    now: datetime,
    profile: str = "",
) -> timedelta | None:
    """How long until the next look; None when there is nothing left to see.

    `states` are those of the plans on the eSIM, `delivered_at` is when the newest of them came. A profile
    that was deleted from its phone uses no data: it is looked at once a day, for it may be installed again.
    """
    if profile == DEAD or (states and all(state in ENDED for state in states)):
        return None
    if activate_pressed_at is not None and now - activate_pressed_at < EAGER_FOR:
        return EAGER_PAUSE
    age = now - delivered_at
    if age < timedelta(hours=1):
        return timedelta(minutes=2)
    if age < timedelta(days=1):
        return timedelta(minutes=15)
    in_use = IN_USE & set(states) and profile != "deleted"
    return timedelta(hours=1) if in_use else timedelta(days=1)


def setback(error: EsimGoError, failed_looks: int) -> timedelta:
    """How long an eSIM rests whose look has failed, after `failed_looks` failures before this one.

    An outage is not the eSIM's fault, so what it postpones is not postponed for long.
    """
    if isinstance(error, TryLater):
        return FIRST_SETBACK
    most = LONGEST_IN_AN_OUTAGE if isinstance(error, Unavailable) else LONGEST_SETBACK
    doublings = min(failed_looks, 10)
    return min(FIRST_SETBACK * (1 << doublings), most)
