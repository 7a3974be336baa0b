"""APScheduler's clock is what is counted: no step of the machine's own stops the jobs, or makes them race."""

import threading
from datetime import UTC, datetime, timedelta, tzinfo

import apscheduler.schedulers.base
import apscheduler.triggers.date
import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from jobs.counting import Counted, Every
from webapp.base import clock

LATER_S = 30.0


def stepped(by: timedelta) -> type[datetime]:
    class Stepped(datetime):
        """A machine's clock that somebody has set."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return (datetime.now(UTC) + by).astimezone(tz)  # noqa: TID251 - it is one

    return Stepped


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(minutes=-20), timedelta(days=1)], ids=str)
def test_a_step_while_the_scheduler_runs_stops_no_job(
    monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    ran = threading.Semaphore(0)
    scheduler = BackgroundScheduler(timezone=Counted(), job_defaults={"misfire_grace_time": None})
    scheduler.add_job(ran.release, Every(0.02))
    scheduler.start()
    try:
        assert all(ran.acquire(timeout=LATER_S) for _ in range(3))
        for module in (apscheduler.schedulers.base, apscheduler.triggers.date):
            monkeypatch.setattr(module, "datetime", stepped(step))
        assert all(ran.acquire(timeout=LATER_S) for _ in range(5))
        scheduler.add_job(ran.release)
        assert all(ran.acquire(timeout=LATER_S) for _ in range(5))
    finally:
        scheduler.shutdown()


def test_the_time_zone_tells_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Counted()
    monkeypatch.setattr(clock, "counted", lambda: 90.5)
    now = datetime.now(zone)  # noqa: TID251 - as APScheduler does
    assert now == datetime(1970, 1, 1, 0, 1, 30, 500_000, tzinfo=zone)
    assert (zone.tzname(None), zone.utcoffset(None), zone.dst(None)) == ("counted", timedelta(), timedelta())


def test_runs_that_were_missed_are_one() -> None:
    moment, every = datetime(2026, 11, 20, 12, tzinfo=Counted()), Every(5)
    late = moment + timedelta(hours=1)
    assert every.get_next_fire_time(None, moment) == moment + timedelta(seconds=5)
    assert every.get_next_fire_time(moment, moment) == moment + timedelta(seconds=5)
    assert every.get_next_fire_time(moment, late) == late
    assert every.get_next_fire_time(late, late) == late + timedelta(seconds=5)
    assert str(every) == "every 0:00:05"
