"""Sales by day, country and plan; the table goes into the chat."""

from typing import Any

from flask import Response, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest

from webapp.books import sales as book
from webapp.books.sales import Period
from webapp.customers import notifications
from webapp.models import Customer
from webapp.operations import admin as actions
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import sent_to_chat
from webapp.views.wiring import shop

SPANS = (7, 30, 90)
YEAR = 365
MOST_ROWS = 100


@blueprint.get("/sales")
@admin
def sales(admin: Customer) -> Response:
    by, days = _asked(request.args)
    return page.personal("admin/sales", **_view_of(by, days))


@blueprint.post("/sales")
@admin
def send(admin: Customer) -> Response:
    """The table, of the days shown or of a year, into the chat."""
    by, days = _asked(request.form)
    with actions.acting(admin, "report", by, f"{days} days"):
        notifications.request(admin, "report", by=by, days=str(days))
    shown = days if days in SPANS else SPANS[-1]
    return page.personal("admin/sales", flash=sent_to_chat(admin), **_view_of(by, shown))


def _asked(form: Any) -> tuple[str, int]:
    by, days = form.get("by", "day"), form.get("days", str(SPANS[1]))
    if by not in book.BY or days not in {str(span) for span in (*SPANS, YEAR)}:
        raise BadRequest
    return by, int(days)


def _view_of(by: str, days: int) -> dict[str, Any]:
    period = Period.last(days)
    rows = book.BY[by](period)
    return {
        "by": by,
        "days": days,
        "spans": SPANS,
        "year": YEAR,
        "currency": shop().config.currency,
        "whole": book.sales(period),
        "chart": sales_chart(rows) if by == "day" else None,
        "rows": (list(reversed(rows)) if by == "day" else rows)[:MOST_ROWS],
        "left_off": max(0, len(rows) - MOST_ROWS),
        "most": max((row.sales.sold for row in rows), default=0),
    }


def sales_chart(days: list[book.Row]) -> Markup | None:
    from webapp.views.admin import columns

    return columns.draw(days)
