"""The zero from which all processes of one boot count the shop's time (webapp/base/clock.py).

The first process of a boot takes it from the machine's clock, and never so that the shop would be behind a
moment that it had reached before: while the machine was off, time passed. From then on nobody reads the
machine's clock.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from peewee import PeeweeException

from webapp.base import clock
from webapp.models import Boot, Lease, Setting
from webapp.models.db import locking, transaction
from webapp.state import moments, restoration
from webapp.state.moments import Correction

log = logging.getLogger(__name__)

REACHED = "clock.reached"
"""Name of a setting: a moment that the shop's time has passed."""
MAY_DIFFER = timedelta(seconds=30)
WRONG = "clock.wrong_since"
"""Name of a setting: since when the outside says that our clock is wrong; null while it does not."""


def begin() -> None:
    """When a process begins. A database that is away or has no tables yet is told of elsewhere: until it is
    there, this process counts from what the machine's clock says.
    """
    with suppress(PeeweeException):
        follow()


def follow(*, locked: bool = False) -> None:
    """Count from the zero of this boot; it may have been corrected since, by another process. `locked`:
    nobody corrects it before the end of this transaction, so that what is written in it is right.
    """
    query = Boot.select().where(Boot.name == clock.boot())
    row = (locking(query, "FOR SHARE") if locked else query).first()
    adopt((row or _new()).zero)


def adopt(zero: datetime | None) -> None:
    """Count from this zero, which the database has; None when it has none yet."""
    if zero is not None and zero != clock.zero():
        clock.count_from(zero)


def reach() -> None:
    """Note how late it is, for the next boot. The leader does so now and then."""
    Setting.write_time(REACHED, clock.now())


class LeadersTime:
    """How late it is for the leader, which notes it every few seconds, for a process on another machine: only
    the leader asks the outside. Not for several threads.
    """

    def __init__(self) -> None:
        self._reached: datetime | None = None
        self._looked_s = float("-inf")

    def keep_up(self) -> None:
        """Count as the leader does, where ours is another boot. What it has just noted is as old as our last
        look, at most.
        """
        if Lease.select().where(Lease.boot == clock.boot()).exists():
            self._reached = None  # ours is the leader's own boot, so we count alike
            return
        before, looked_s = self._reached, self._looked_s
        self._reached, self._looked_s = Setting.read_time(REACHED), clock.steady()
        if self._reached is None or before is None or self._reached == before:
            return
        ahead, may_be = clock.now() - self._reached, timedelta(seconds=self._looked_s - looked_s)
        if ahead < timedelta(0) or ahead > may_be + MAY_DIFFER:
            log.warning("this machine's time is not the leader's: off by %.0f s", ahead.total_seconds())
            Boot.update(zero=clock.zero() - ahead).where(Boot.name == clock.boot()).execute()
            follow()


def is_confirmed() -> bool:
    """Has the outside said in this boot that our clock is right, and not said since that it is wrong?"""
    confirmed = Boot.confirmed_at.is_null(False) & (Boot.name == clock.boot())
    return Boot.select().where(confirmed).exists() and Setting.read(WRONG) is None


def confirm() -> None:
    """The outside says so now."""
    Boot.update(confirmed_at=clock.now()).where(Boot.name == clock.boot()).execute()


def correct(behind: timedelta) -> int:
    """The shop's time is `behind` (negative: ahead). From now on it is right, and so is what was written
    since it was known to be right last: deadlines keep what was left. Returns how many rows were changed.
    """
    with transaction():
        row = locking(Boot.select().where(Boot.name == clock.boot()), "FOR UPDATE").get()
        since = row.confirmed_at or row.began_at
        now = clock.now() + behind
        changed = moments.move(Correction(since, behind, now))
        moved = {"zero": row.zero + behind, "began_at": min(row.began_at + behind, now), "confirmed_at": now}
        Boot.update(moved).where(Boot.name == row.name).execute()
    clock.count_from(row.zero + behind)
    restoration.forget_more()  # their file and these rows tell the same again, before anybody comes back
    return changed


def _new() -> Boot:
    """Of several processes that begin at once the first one's counts."""
    reached, now = Setting.read_time(REACHED), clock.now()
    ahead = max(timedelta(0), reached - now) if reached is not None else timedelta(0)
    began = {"zero": clock.zero() + ahead, "began_at": now + ahead}
    Boot.insert(name=clock.boot(), **began).on_conflict_ignore().execute()
    row: Boot = Boot.get_by_id(clock.boot())
    return row
