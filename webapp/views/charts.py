"""A chart of days as numbers for an SVG: bars in a box of WIDTH by HEIGHT, drawn by the template."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.esims import Day

WIDTH, HEIGHT = 320, 96
MOST_DAYS = 31
WIDEST = 28
LEAST = 2
"""Of a day on which anything was used at all."""


class Bar(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    date: date
    megabytes: int


class Chart(NamedTuple):
    """`bars` are the last days, the oldest first; `most` is the highest of them in megabytes."""

    bars: list[Bar]
    most: int


def of_days(days: Sequence[Day]) -> Chart | None:
    """None when nothing was used yet."""
    shown = days[-MOST_DAYS:]
    most = max((day.used_bytes for day in shown), default=0)
    if most == 0:
        return None
    step = WIDTH // max(7, len(shown))
    return Chart([_bar(number, day, step, most) for number, day in enumerate(shown)], most // 1_000_000)


def _bar(number: int, day: Day, step: int, most: int) -> Bar:
    height = max(LEAST, day.used_bytes * HEIGHT // most) if day.used_bytes else 0
    width = min(WIDEST, step * 2 // 3)
    x = number * step + (step - width) // 2
    return Bar(x, HEIGHT - height, width, height, day.date, day.used_bytes // 1_000_000)
