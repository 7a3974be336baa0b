"""APScheduler's clock. By itself it goes by the machine's: set back by 20 minutes, no job would run for 20
minutes. Here it goes by what is counted (webapp/base/clock.py), which nobody can set.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger

from webapp.base import clock

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Counted(tzinfo):
    """The "time zone" in which it is always as late as was counted: APScheduler asks for the moment by
    `datetime.now(its time zone)`, which leaves the answer to `fromutc`.
    """

    def fromutc(self, _wall: datetime) -> datetime:
        return BEGINNING.replace(tzinfo=self) + timedelta(seconds=clock.counted())

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _moment: datetime | None) -> str:
        return "counted"


class Every(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """So many seconds after the last time; what was missed meanwhile is one run, not many."""

    def __init__(self, seconds: float) -> None:
        self.interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        return now + self.interval if previous is None else max(previous + self.interval, now)

    def __str__(self) -> str:
        return f"every {self.interval}"
