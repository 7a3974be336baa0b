"""The zero from which all processes of one boot count the shop's time (webapp/base/clock.py).

The first process of a boot takes it from the machine's clock, and never so that the shop would be behind a
moment that it had reached before: while the machine was off, time passed. From then on nobody reads the
machine's clock.
"""

import logging
from datetime import datetime, timedelta

from peewee import PeeweeException

from webapp.base import clock
from webapp.models import Boot, Setting

log = logging.getLogger(__name__)

REACHED = "clock.reached"
"""Name of a setting: a moment that the shop's time has passed."""


def begin() -> None:
    """When a process begins. A database that is away or has no tables yet keeps nobody from starting: until
    it is there, this process counts from what the machine's clock says.
    """
    try:
        follow()
    except PeeweeException as error:
        log.warning("the shop's time is the machine's: %s", type(error).__name__)


def follow() -> None:
    """Count from the zero of this boot; it may have been corrected since, by another process."""
    adopt((Boot.get_or_none(Boot.name == clock.boot()) or _new()).zero)


def adopt(zero: datetime | None) -> None:
    """Count from this zero, which the database has; None when it has none yet."""
    if zero is not None and zero != clock.zero():
        clock.count_from(zero)


def reach() -> None:
    """Note how late it is, for the next boot. The leader does so now and then."""
    Setting.write_time(REACHED, clock.now())


def _new() -> Boot:
    """Of several processes that begin at once the first one's counts."""
    reached, now = Setting.read_time(REACHED), clock.now()
    ahead = max(timedelta(0), reached - now) if reached is not None else timedelta(0)
    began = {"zero": clock.zero() + ahead, "began_at": now + ahead}
    Boot.insert(name=clock.boot(), **began).on_conflict_ignore().execute()
    row: Boot = Boot.get_by_id(clock.boot())
    return row
