"""Charts. A customer's days are numbers for an SVG that the template draws: bars in a box of WIDTH by HEIGHT.
The merchant's are drawn by leather, in attributes alone, as the CSP wants it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import leather
from leather import theme
from markupsafe import Markup

from webapp import i18n
from webapp.esims import Day
from webapp.reports import Row

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


# --- the merchant's

SALES_WIDTH, SALES_HEIGHT = 358, 190
LABELS = 4

theme.background_color = "none"
theme.label_color = theme.zero_color = "var(--hint)"
theme.tick_color = "var(--line)"
theme.tick_font_family = "var(--font)"
theme.tick_font_size = 12
theme.margin = 0.025


class Step(NamedTuple):
    """How many came so far, and how many of a hundred of those a step before."""

    name: str
    times: int
    percent: int | None


def of_sales(days: Sequence[Row]) -> Markup | None:
    """A column for each day: orders sold. None when there were none."""
    most = max((row.sales.sold for row in days), default=0)
    if most == 0:
        return None
    named = days[:: -(-len(days) // LABELS)]
    labels = {row.key: i18n.short_date_text(date.fromisoformat(row.key)) for row in named}
    chart = leather.Chart()
    chart.add_columns([(row.key, row.sales.sold) for row in days], fill_color="var(--accent)")
    chart.add_x_axis(tick_formatter=lambda key, _number, _count: labels.get(key, ""))
    step = -(-most // 4)
    chart.add_y_scale(0, step * 4)
    chart.add_y_axis(ticks=[step * number for number in range(5)])
    svg = str(chart.to_svg(width=SALES_WIDTH, height=SALES_HEIGHT))
    box = f'<svg viewBox="0 0 {SALES_WIDTH} {SALES_HEIGHT}" aria-hidden="true" focusable="false" '
    return Markup(svg.replace("<svg ", box, 1))  # noqa: S704 - numbers and dates alone


def of_steps(counts: Mapping[str, int]) -> list[Step]:
    """The way to a purchase: who looks at several plans is counted several times, so it may grow as well."""
    steps: list[Step] = []
    for name, count in counts.items():
        before = steps[-1].times if steps else 0
        steps.append(Step(name, count, round(100 * count / before) if before else None))
    return steps
