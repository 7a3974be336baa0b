"""The chart of days: bars in their box, and none where nothing was used."""

import itertools
from datetime import date, timedelta

import pytest

from webapp.esims import Day
from webapp.views import charts

START = date(2026, 3, 1)


def days(*gigabytes: float) -> list[Day]:
    return [Day(START + timedelta(days=n), round(used * 1e9)) for n, used in enumerate(gigabytes)]


def test_nothing_used_is_no_chart() -> None:
    assert charts.of_days([]) is None
    assert charts.of_days(days(0, 0)) is None


def test_the_highest_day_fills_the_box_and_a_little_is_still_seen() -> None:
    chart = charts.of_days(days(1, 0, 0.001, 0.5))
    assert chart is not None
    assert [bar.height for bar in chart.bars] == [charts.HEIGHT, 0, charts.LEAST, charts.HEIGHT // 2]
    assert [bar.y + bar.height for bar in chart.bars] == [charts.HEIGHT] * 4
    assert (chart.most, chart.bars[3].megabytes) == (1000, 500)


@pytest.mark.parametrize("number", [1, 7, 30, 365])
def test_bars_stand_side_by_side_inside_the_box(number: int) -> None:
    chart = charts.of_days(days(*[1.0] * number))
    assert chart is not None
    assert len(chart.bars) == min(number, charts.MOST_DAYS)
    assert chart.bars[-1].date == START + timedelta(days=number - 1)
    edges = [(bar.x, bar.x + bar.width) for bar in chart.bars]
    assert edges[0][0] >= 0
    assert edges[-1][1] <= charts.WIDTH
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(edges))
