"""Sales by day as an SVG, drawn by leather in attributes alone, as the CSP wants it."""

from collections.abc import Sequence
from datetime import date

import leather
from leather import theme
from markupsafe import Markup

from webapp.base import i18n
from webapp.books.sales import Row

WIDTH, HEIGHT = 358, 190
LABELS = 4

theme.background_color = "none"
theme.label_color = theme.zero_color = "var(--hint)"
theme.tick_color = "var(--line)"
theme.tick_font_family = "var(--font)"
theme.tick_font_size = 12
theme.margin = 0.025


def draw(days: Sequence[Row]) -> Markup | None:
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
    svg = str(chart.to_svg(width=WIDTH, height=HEIGHT))
    box = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false" '
    return Markup(svg.replace("<svg ", box, 1))  # noqa: S704 - numbers and dates alone
