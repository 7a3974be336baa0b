"""How a plan's data is being used: by days, at what pace, and whether it lasts until the plan ends.

Numbers, no sentences: pages and messages say them in their own words. Bytes and UTC throughout. What is said
of the future is said with what it rests on ("2.1 GB in 3 days"), or not at all.

The data itself comes in points (UsagePoint): what was left, whenever that had changed. When it was used
between two of them nobody knows. But a plan in use is looked at once an hour, so it was in the hour before
the later one; only the first use may be seen a day late, and is spread over all that time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from webapp.base import clock
from webapp.models import Assignment, UsagePoint
from webapp.models.profiles import ENDED, WAITING

LOOKED_EVERY = timedelta(hours=1)
RECENT = timedelta(days=3)
"""The pace is that of the last days: people use more when they arrive, and less at the beach."""
LEAST_SPAN = timedelta(hours=12)
LEAST_SHARE = 4
"""No forecast before 12 hours, or a quarter of a shorter plan, have passed: a morning is no pace."""
MICROSECOND = timedelta(microseconds=1)
FORESEEABLE = timedelta(days=3 * 365)


class Outlook(StrEnum):
    NOT_STARTED = "not_started"
    UNLIMITED = "unlimited"
    CANNOT_TELL = "cannot_tell"
    ENOUGH = "enough"
    RUNS_OUT = "runs_out"
    USED_UP = "used_up"
    OVER = "over"


@dataclass(frozen=True)
class Pace:
    """So much was used in so long: the last three days, or all the time since the start when that is less."""

    used_bytes: int
    span: timedelta

    @property
    def bytes_a_day(self) -> int:
        return self.used_bytes * 86_400 // max(1, int(self.span.total_seconds()))


@dataclass(frozen=True)
class Forecast:
    """`left_bytes` and `initial_bytes` are None when data is unlimited or eSIM Go does not say; `pace` is
    None where none can be told. `runs_out_at` is there for RUNS_OUT alone, before `ends_at` if that is known.
    """

    outlook: Outlook
    initial_bytes: int | None
    left_bytes: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    pace: Pace | None = None
    runs_out_at: datetime | None = None


@dataclass(frozen=True)
class Day:
    date: date
    used_bytes: int


@dataclass(frozen=True)
class _Use:
    """So many bytes between two moments."""

    since: datetime
    until: datetime
    used_bytes: int


# --- from the database


def usage_in(assignments: Sequence[Assignment]) -> dict[int, list[UsagePoint]]:
    """The points of each of these plans by its id, as they were written: one query."""
    points: defaultdict[int, list[UsagePoint]] = defaultdict(list)
    wanted = UsagePoint.assignment.in_([assignment.id for assignment in assignments] or [0])
    for point in UsagePoint.select().where(wanted).order_by(UsagePoint.id):
        points[point.__data__["assignment"]].append(point)
    return points


def forecasts(assignments: Sequence[Assignment]) -> dict[int, Forecast]:
    """By the plan's id, as of now: one query for all of them."""
    now, points = clock.now(), usage_in(assignments)
    return {plan.id: forecast(plan, points.get(plan.id, ()), now) for plan in assignments}


# --- by days


def days(
    assignment: Assignment, points: Iterable[UsagePoint], now: datetime, zone: tzinfo = UTC
) -> list[Day]:
    """Every day from the start to today or the plan's end, the oldest first, with what was used on it.

    Days are those of `zone`. Together they are exactly what was used. Empty when nothing has begun, or when
    data is unlimited.
    """
    uses = _uses(assignment, points, now)
    if not uses:
        return []
    by_date: defaultdict[date, int] = defaultdict(int)
    for use in uses:
        for day, used in _by_day(use, zone):
            by_date[day] += used
    first = min([_start(assignment, uses, now).astimezone(zone).date(), *by_date])
    last = max([min(now, assignment.ends_at or now).astimezone(zone).date(), *by_date])
    dates = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [Day(day, by_date.get(day, 0)) for day in dates]


def _uses(assignment: Assignment, points: Iterable[UsagePoint], now: datetime) -> list[_Use]:
    """Between each two points, in the order in which they were written.

    More than before is a refill or a correction: nothing was used. A clock that was set back makes later
    points seem earlier: time then stands still, and nothing lies in the future.
    """
    if assignment.unlimited or assignment.state_at(now) in WAITING:
        return []
    moments = [(point.at, point.remaining_bytes) for point in points]
    left = assignment.remaining_bytes
    if moments and left is not None and left != moments[-1][1]:
        moments.append((min(now, assignment.ends_at or now), left))  # between points there is a pause
    uses: list[_Use] = []
    for (before, had), (at, has) in pairwise([*moments[:1], *moments]):
        since = min(now, max(before, uses[-1].until if uses else before))
        until = min(now, max(at, since))
        if len(uses) > 1:
            since = max(since, until - LOOKED_EVERY)
        uses.append(_Use(since, until, max(0, had - has)))
    return uses


def _by_day(use: _Use, zone: tzinfo) -> Iterator[tuple[date, int]]:
    """Parted at midnight in proportion to time; nothing is lost in rounding."""
    day, last = use.since.astimezone(zone).date(), use.until.astimezone(zone).date()
    rest, since = use.used_bytes, use.since
    while day < last:
        day += timedelta(days=1)
        midnight = datetime.combine(day, time.min, zone).astimezone(UTC)
        part = min(rest, _share(use, since, midnight))
        yield day - timedelta(days=1), part
        rest, since = rest - part, midnight
    yield last, rest


def _share(use: _Use, since: datetime, until: datetime) -> int:
    """The part of it that was used in this time, rounded down."""
    length, part = use.until - use.since, min(use.until, until) - max(use.since, since)
    return use.used_bytes * max(0, part // MICROSECOND) // max(1, length // MICROSECOND)


def _start(assignment: Assignment, uses: Sequence[_Use], now: datetime) -> datetime:
    return min(assignment.starts_at or uses[0].since, now)


# --- what comes next


def forecast(assignment: Assignment, points: Iterable[UsagePoint], now: datetime) -> Forecast:
    """Does what is left last until the plan ends, if it is used as in the last three days? Pure."""
    known = Forecast(
        Outlook.CANNOT_TELL,
        None if assignment.unlimited else assignment.initial_bytes,
        None if assignment.unlimited else assignment.remaining_bytes,
        assignment.starts_at,
        assignment.ends_at,
    )
    outlook = _settled(assignment, now)
    if outlook is not None:
        return replace(known, outlook=outlook)
    pace = _pace(assignment, _uses(assignment, points, now), now)
    return known if pace is None else _foreseen(known, pace, now)


def _settled(assignment: Assignment, now: datetime) -> Outlook | None:
    """What needs no forecast."""
    state = assignment.state_at(now)
    if state in ENDED:
        return Outlook.OVER
    if state in WAITING:
        return Outlook.NOT_STARTED
    if assignment.unlimited:
        return Outlook.UNLIMITED
    if state == "depleted" or assignment.remaining_bytes == 0:
        return Outlook.USED_UP
    return Outlook.CANNOT_TELL if assignment.remaining_bytes is None else None


def _pace(assignment: Assignment, uses: Sequence[_Use], now: datetime) -> Pace | None:
    """None while too little time has passed."""
    if not uses:
        return None
    start = _start(assignment, uses, now)
    least = LEAST_SPAN
    if assignment.ends_at is not None:
        least = min(least, (assignment.ends_at - start) / LEAST_SHARE)
    if now <= start or now - start < least:
        return None
    since = max(start, now - RECENT)
    return Pace(sum(_within(use, since) for use in uses), now - since)


def _within(use: _Use, since: datetime) -> int:
    """The part of it that was used after this moment."""
    return use.used_bytes if use.since >= since else _share(use, since, use.until)


def _foreseen(known: Forecast, pace: Pace, now: datetime) -> Forecast:
    runs_out_at = _runs_out_at(known.left_bytes or 0, pace, now)
    if runs_out_at is not None and (known.ends_at is None or runs_out_at < known.ends_at):
        return replace(known, outlook=Outlook.RUNS_OUT, pace=pace, runs_out_at=runs_out_at)
    return replace(known, outlook=Outlook.ENOUGH, pace=pace)


def _runs_out_at(left: int, pace: Pace, now: datetime) -> datetime | None:
    """None when that is beyond all plans."""
    if pace.used_bytes == 0:
        return None
    seconds = left * int(pace.span.total_seconds()) // pace.used_bytes
    return now + timedelta(seconds=seconds) if seconds < FORESEEABLE.total_seconds() else None
