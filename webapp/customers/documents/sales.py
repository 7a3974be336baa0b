"""Sales by day, country or plan, as a table: the merchant asks for it on the report's page."""

import json

from webapp.base.i18n import area_name
from webapp.base.i18n import gettext as _
from webapp.base.money import in_units
from webapp.books import sales
from webapp.customers.documents.document import Document
from webapp.customers.documents.spreadsheet import spreadsheet


def report(facts: str) -> Document:
    """`facts`: JSON with `by`, and the last `days`. Money in the currency of the shop; days are UTC days."""
    asked = json.loads(facts)
    by, days = asked["by"], int(asked["days"])
    found = sales.BY[by](sales.Period.last(days))
    return spreadsheet(f"sales-by-{by}-{days}-days.csv", _head(by), [_row(by, row) for row in found])


def _head(by: str) -> list[str]:
    of_what = {"day": [_("Day (UTC)")], "country": [_("Code"), _("Place")], "plan": [_("Plan")]}
    return [
        *of_what[by],
        _("Sold"),
        _("Delivered"),
        _("Not delivered"),
        _("Under way"),
        _("Stars"),
        _("Revenue"),
        _("Cost"),
        _("Spent besides"),
        _("Commission"),
        _("Margin"),
    ]


def _row(by: str, row: sales.Row) -> list[object]:
    sales = row.sales
    name = [row.key, area_name(row.key, row.key)] if by == "country" else [row.key]
    counts = [sales.sold, sales.delivered, sales.lost, sales.in_flight, sales.stars]
    money = (sales.revenue, sales.cost, sales.besides, sales.commission, sales.margin)
    return [*name, *counts, *map(in_units, money)]
