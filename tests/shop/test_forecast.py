"""What was used on which day, at what pace, and whether it lasts; and when that is worth a message."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shop.factories import make_customer, make_esim, make_order
from webapp import esims
from webapp.base import clock
from webapp.esims import Outlook, UsageWarning
from webapp.models import Assignment, Esim, Order, UsagePoint, db

GB = 1_000_000_000
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def plan(left: float | None = 2, initial: float | None = 3, **values: Any) -> Assignment:
    """A plan in use that is in no database: 30 days, the fifth of them today."""
    row = {
        "state": "active",
        "initial_bytes": None if initial is None else int(initial * GB),
        "remaining_bytes": None if left is None else int(left * GB),
        "starts_at": NOW - 5 * DAY,
        "ends_at": NOW + 25 * DAY,
    }
    return Assignment(**row | values)


def points(*told: tuple[timedelta, float]) -> list[UsagePoint]:
    """How long ago, and how many GB were left."""
    return [UsagePoint(at=NOW - ago, remaining_bytes=int(left * GB)) for ago, left in told]


STEADY = points(*((5 * DAY - day * DAY, 3 - day * 0.2) for day in range(6)))
"""0.2 GB a day, 2 GB left."""


def used(found: list[esims.Day]) -> dict[str, float]:
    return {f"{day.date:%m-%d}": day.used_bytes / GB for day in found if day.used_bytes}


# --- by days


def test_days_are_all_there_with_what_was_used_on_each() -> None:
    told = points((5 * DAY, 3), (5 * DAY - HOUR, 2.5), (2 * DAY, 2))
    found = esims.days(plan(2), told, NOW)
    assert [day.date.day for day in found] == [15, 16, 17, 18, 19, 20]
    assert used(found) == {"07-15": 0.5, "07-18": 0.5}


def test_use_around_midnight_belongs_to_both_days() -> None:
    told = points((5 * DAY, 3), (4 * DAY, 3), (timedelta(hours=11.5), 2))
    assert used(esims.days(plan(2), told, NOW)) == {"07-19": 0.5, "07-20": 0.5}


def test_days_are_those_of_the_zone() -> None:
    told = points((5 * DAY, 3), (4 * DAY, 3), (DAY - 9.5 * HOUR, 2))  # used from 20:30 to 21:30 UTC
    by_zone = {
        name: used(esims.days(plan(2), told, NOW, ZoneInfo(name))) for name in ("UTC", "Europe/Moscow")
    }
    assert by_zone == {"UTC": {"07-19": 1.0}, "Europe/Moscow": {"07-19": 0.5, "07-20": 0.5}}


def test_a_first_use_that_was_seen_late_is_spread_from_the_start() -> None:
    told = points((2 * DAY, 3), (DAY, 2))
    found = esims.days(plan(2, starts_at=NOW - 2 * DAY), told, NOW)
    assert used(found) == {"07-18": 0.5, "07-19": 0.5}


def test_what_is_newer_than_the_last_point_counts_too() -> None:
    assert used(esims.days(plan(1), points((5 * DAY, 3), (2 * DAY, 2)), NOW))["07-20"] == 1.0


def test_a_refill_uses_nothing() -> None:
    told = points((5 * DAY, 3), (4 * DAY, 1), (3 * DAY, 4), (2 * DAY, 3.5))
    assert sum(used(esims.days(plan(3.5), told, NOW)).values()) == 2.5


def test_equal_points_use_nothing() -> None:
    told = points((5 * DAY, 3), (4 * DAY, 3), (4 * DAY, 3))
    assert used(esims.days(plan(3), told, NOW)) == {}


def test_a_clock_that_was_set_back_loses_nothing_and_tells_no_future() -> None:
    told = points((5 * DAY, 3), (-2 * DAY, 2.5), (DAY, 2))
    found = esims.days(plan(2), told, NOW)
    assert max(day.date for day in found) == NOW.date()
    assert sum(used(found).values()) == 1.0


def test_the_chart_ends_with_the_plan() -> None:
    over = plan(1, state="expired", ends_at=NOW - 2 * DAY)
    assert esims.days(over, points((5 * DAY, 3), (3 * DAY, 1)), NOW)[-1].date.day == 18


@pytest.mark.parametrize(
    "assignment", [plan(state="queued"), plan(None, None, unlimited=True), plan(state="processing")]
)
def test_what_has_not_begun_or_has_no_end_has_no_days(assignment: Assignment) -> None:
    assert esims.days(assignment, STEADY, NOW) == []


# --- what comes next


@pytest.mark.parametrize(
    ("assignment", "outlook"),
    [
        (plan(state="queued"), Outlook.NOT_STARTED),
        (plan(state="processing", ends_at=None), Outlook.NOT_STARTED),
        (plan(None, None, unlimited=True), Outlook.UNLIMITED),
        (plan(0), Outlook.USED_UP),
        (plan(0, state="depleted"), Outlook.USED_UP),
        (plan(state="expired"), Outlook.OVER),
        (plan(ends_at=NOW), Outlook.OVER),
        (plan(None, None, unlimited=True, ends_at=NOW - DAY), Outlook.OVER),
        (plan(None), Outlook.CANNOT_TELL),
    ],
)
def test_what_needs_no_forecast_says_so(assignment: Assignment, outlook: Outlook) -> None:
    found = esims.forecast(assignment, STEADY, NOW)
    assert (found.outlook, found.pace, found.runs_out_at) == (outlook, None, None)


def test_it_runs_out_at_the_pace_of_the_last_three_days() -> None:
    found = esims.forecast(plan(2), STEADY, NOW)
    assert found.outlook is Outlook.RUNS_OUT
    assert found.pace is not None
    assert found.pace.span == 3 * DAY
    assert found.pace.used_bytes / GB == pytest.approx(0.6)
    assert found.pace.bytes_a_day / GB == pytest.approx(0.2)
    assert found.runs_out_at is not None
    assert abs(found.runs_out_at - (NOW + 10 * DAY)) < HOUR


def test_a_heavy_first_day_is_forgotten() -> None:
    told = points((5 * DAY, 3), (5 * DAY - HOUR, 2), (2 * DAY, 2), (DAY, 1.99))
    assert esims.forecast(plan(1.99), told, NOW).outlook is Outlook.ENOUGH


def test_what_lasts_longer_than_the_plan_is_enough() -> None:
    found = esims.forecast(plan(2, ends_at=NOW + 9 * DAY), STEADY, NOW)
    assert (found.outlook, found.runs_out_at) == (Outlook.ENOUGH, None)


def test_nothing_used_lately_is_enough() -> None:
    found = esims.forecast(plan(2), points((5 * DAY, 3), (4 * DAY, 2)), NOW)
    assert found.outlook is Outlook.ENOUGH
    assert found.pace == esims.Pace(0, 3 * DAY)


@pytest.mark.parametrize(
    ("hours", "length", "outlook"),
    [
        (11, 30 * DAY, Outlook.CANNOT_TELL),
        (12, 30 * DAY, Outlook.RUNS_OUT),
        (5, DAY, Outlook.CANNOT_TELL),
        (6, DAY, Outlook.RUNS_OUT),
        (0, DAY, Outlook.CANNOT_TELL),
    ],
)
def test_a_morning_is_no_pace(hours: int, length: timedelta, outlook: Outlook) -> None:
    start = NOW - hours * HOUR
    told = points((hours * HOUR, 3), (timedelta(minutes=hours), 1))
    assert esims.forecast(plan(1, starts_at=start, ends_at=start + length), told, NOW).outlook is outlook


def test_without_points_nothing_is_told() -> None:
    assert esims.forecast(plan(2), [], NOW).outlook is Outlook.CANNOT_TELL


def test_a_plan_whose_end_is_not_known_still_runs_out() -> None:
    assert esims.forecast(plan(2, ends_at=None), STEADY, NOW).outlook is Outlook.RUNS_OUT


# --- whatever the points say

MOMENTS = st.timedeltas(-20 * DAY, 20 * DAY).map(lambda away: NOW + away)
AMOUNTS = st.integers(0, 10**12)
POINTS = st.lists(st.builds(UsagePoint, at=MOMENTS, remaining_bytes=AMOUNTS), max_size=12)
PLANS = st.builds(
    Assignment,
    state=st.sampled_from(["queued", "active", "depleted", "expired", "new word"]),
    unlimited=st.booleans(),
    initial_bytes=st.none() | AMOUNTS,
    remaining_bytes=st.none() | AMOUNTS,
    starts_at=st.none() | MOMENTS,
    ends_at=st.none() | MOMENTS,
)
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Asia/Kathmandu", "Pacific/Apia", "America/New_York", "Africa/Cairo")]
)


@settings(deadline=None, derandomize=True)
@given(PLANS, POINTS, ZONES)
def test_days_are_whole_and_hold_exactly_what_was_used(
    assignment: Assignment, told: list[UsagePoint], zone: ZoneInfo
) -> None:
    found = esims.days(assignment, told, NOW, zone)
    if not told or assignment.unlimited or assignment.state == "queued":
        assert found == []
        return
    left = [point.remaining_bytes for point in told]
    if assignment.remaining_bytes is not None:
        left.append(assignment.remaining_bytes)
    assert sum(day.used_bytes for day in found) == sum(max(0, a - b) for a, b in pairwise(left))
    assert all(day.used_bytes >= 0 for day in found)
    assert all(later.date - day.date == DAY for day, later in pairwise(found))
    assert found[-1].date <= NOW.astimezone(zone).date()


@settings(deadline=None, derandomize=True)
@given(PLANS, POINTS)
def test_a_forecast_never_contradicts_itself(assignment: Assignment, told: list[UsagePoint]) -> None:
    found = esims.forecast(assignment, told, NOW)
    assert (found.runs_out_at is not None) is (found.outlook is Outlook.RUNS_OUT)
    if found.runs_out_at is not None:
        assert found.pace is not None
        assert found.pace.used_bytes > 0
        assert NOW <= found.runs_out_at < (found.ends_at or datetime.max.replace(tzinfo=UTC))
    if found.pace is not None:
        assert timedelta(0) < found.pace.span <= 3 * DAY
        assert found.pace.used_bytes >= 0
    assert set(esims.warnings_of(found, NOW)) <= set(UsageWarning)


@settings(deadline=None, derandomize=True)
@given(POINTS.filter(bool), st.integers(1, 10**12))
def test_who_uses_more_runs_out_no_later(told: list[UsagePoint], more: int) -> None:
    """With the same data left."""
    greedy = [UsagePoint(at=told[0].at, remaining_bytes=told[0].remaining_bytes + more), *told[1:]]
    assignment = plan(2, ends_at=None, starts_at=NOW - 2 * DAY)
    outs = [esims.forecast(assignment, each, NOW).runs_out_at for each in (told, greedy)]
    if outs[0] is not None:
        assert outs[1] is not None
        assert outs[1] <= outs[0]


# --- what is worth a message


def warnings_of(assignment: Assignment, told: list[UsagePoint]) -> tuple[UsageWarning, ...]:
    return esims.warnings_of(esims.forecast(assignment, told, NOW), NOW)


@pytest.mark.parametrize(
    ("left", "said"), [(0.601, False), (0.6, True), (0.001, True), (0, False), (3, False), (None, False)]
)
def test_eighty_per_cent_used_is_said_while_there_is_some_left(left: float | None, said: bool) -> None:
    told = points((5 * DAY, 3), (4 * DAY, left or 0))
    assert (UsageWarning.MOSTLY_USED in warnings_of(plan(left), told)) is said


def pace_of(left: float, a_day: float, **values: Any) -> tuple[Assignment, list[UsagePoint]]:
    told = ((n * DAY, left + n * a_day) for n in range(5, -1, -1))
    return plan(left, left + 5 * a_day, **values), points(*told)


@pytest.mark.parametrize(
    ("left", "a_day", "ends_in", "said"),
    [
        (1.0, 0.6, 25, True),
        (1.0, 0.4, 25, False),
        (1.0, 0.6, 2.5, False),
        (1.0, 0.6, 3, True),
        (1.0, 0.001, 25, False),
    ],
    ids=["in 40 hours", "not within two days", "hours before the end", "a day before it", "never"],
)
def test_running_out_early_is_said_two_days_before(
    left: float, a_day: float, ends_in: float, said: bool
) -> None:
    assignment, told = pace_of(left, a_day, ends_at=NOW + ends_in * DAY)
    assert (UsageWarning.RUNS_OUT in warnings_of(assignment, told)) is said


def test_a_pace_of_less_than_a_day_alarms_nobody() -> None:
    told = points((20 * HOUR, 3), (HOUR, 1))
    assignment = plan(1, starts_at=NOW - 20 * HOUR)
    assert esims.forecast(assignment, told, NOW).outlook is Outlook.RUNS_OUT
    assert UsageWarning.RUNS_OUT not in warnings_of(assignment, told)


@pytest.mark.parametrize(
    ("ends_in", "values", "said"),
    [
        (24, {}, True),
        (1, {}, True),
        (25, {}, False),
        (0, {}, False),
        (5, {"unlimited": True, "remaining_bytes": None}, True),
        (5, {"state": "depleted", "remaining_bytes": 0}, False),
        (5, {"state": "queued"}, False),
        (5, {"starts_at": NOW - 2 * DAY}, False),
        (5, {"starts_at": NOW - 3 * DAY}, True),
        (5, {"starts_at": None}, True),
    ],
)
def test_the_last_day_is_said_while_there_is_something_to_lose(
    ends_in: float, values: dict[str, Any], said: bool
) -> None:
    assignment = plan(2, **{"ends_at": NOW + ends_in * HOUR} | values)
    assert (UsageWarning.ENDS_SOON in warnings_of(assignment, STEADY)) is said


def test_the_most_urgent_comes_first() -> None:
    assignment, told = pace_of(0.5, 0.6)
    assert warnings_of(assignment, told) == (UsageWarning.RUNS_OUT, UsageWarning.MOSTLY_USED)


def bought(stage: str = "ready", ago: timedelta = 3 * DAY, **values: Any) -> Esim:
    return Esim(**{"order": Order(stage=stage), "created_at": NOW - ago} | values)


@pytest.mark.parametrize(
    ("esim", "said"),
    [
        (bought(), True),
        (bought(ago=3 * DAY - HOUR), False),
        (bought(ago=30 * DAY), False),
        (bought(installed_at=NOW - DAY), False),
        (bought(profile_status="enabled"), False),
        (bought(profile_status="downloaded"), True),
        (bought(profile_status="unavailable"), False),
        (bought(state="suspended"), False),
        (bought("active"), False),
        (bought("returned"), False),
        (bought(activate_pressed_at=NOW - HOUR / 2), False),
        (bought(activate_pressed_at=NOW - 2 * HOUR), True),
    ],
)
def test_what_was_never_installed_is_remembered_after_three_days(esim: Esim, said: bool) -> None:
    assert esims.is_forgotten(esim, NOW) is said


# --- from the database


@pytest.mark.usefixtures("database")
def test_all_forecasts_are_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    for number in range(3):
        esim = make_esim(make_order("active", make_customer(5000 + number), plan_id=f"plan-{number}"))
        started = {"state": "active", "starts_at": now - 2 * DAY, "ends_at": now + 9 * DAY}
        Assignment.update(**started, remaining_bytes=GB).where(Assignment.esim == esim).execute()
        told = Assignment.get(Assignment.esim == esim)
        UsagePoint.create(assignment=told, at=now - 2 * DAY, remaining_bytes=3 * GB)
        UsagePoint.create(assignment=told, at=now - DAY, remaining_bytes=GB)
    assignments = list(Assignment.select())
    asked: list[Any] = []
    execute = db.database.obj.execute_sql

    def count(*args: Any, **more: Any) -> Any:
        asked.append(args)
        return execute(*args, **more)

    monkeypatch.setattr(db.database.obj, "execute_sql", count)
    found = esims.forecasts(assignments)
    assert len(asked) == 1
    assert {forecast.outlook for forecast in found.values()} == {Outlook.RUNS_OUT}
    assert len(found) == 3


@pytest.mark.usefixtures("database")
def test_no_plans_have_no_forecasts() -> None:
    assert esims.forecasts([]) == {}
