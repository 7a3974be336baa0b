"""How a plan's data was used up: points for a chart."""

from datetime import datetime, timedelta

from webapp.models import Assignment, UsagePoint
from webapp.models.profiles import ENDED, WAITING

POINT_EVERY = timedelta(minutes=10)


def usage_of(assignment: Assignment) -> list[UsagePoint]:
    """Bytes that were left at each moment, the oldest first; empty when unlimited or not begun."""
    points = UsagePoint.select().where(UsagePoint.assignment == assignment)
    return list(points.order_by(UsagePoint.at, UsagePoint.id))


def note(assignment: Assignment, now: datetime) -> None:
    """Write a point when what is left has changed: the start, then one in 10 min, and what is left last."""
    left = assignment.remaining_bytes
    if assignment.unlimited or left is None or assignment.state in WAITING:
        return
    last = _last(assignment) or _start(assignment, now)
    if left == last.remaining_bytes:
        return
    is_last = left == 0 or assignment.state in ENDED
    if is_last or now - last.at >= POINT_EVERY:
        UsagePoint.create(assignment=assignment, at=now, remaining_bytes=left)


def _last(assignment: Assignment) -> UsagePoint | None:
    points = UsagePoint.select().where(UsagePoint.assignment == assignment)
    last: UsagePoint | None = points.order_by(UsagePoint.at.desc(), UsagePoint.id.desc()).first()
    return last


def _start(assignment: Assignment, now: datetime) -> UsagePoint:
    return UsagePoint.create(
        assignment=assignment,
        at=assignment.starts_at or now,
        remaining_bytes=assignment.initial_bytes or assignment.remaining_bytes,
    )
