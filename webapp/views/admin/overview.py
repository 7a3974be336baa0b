"""The first page: how the shop does, what needs a person, and the way to the rest."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.books import sales
from webapp.books.sales import Period, Sales
from webapp.models import Customer
from webapp.operations import admin as actions
from webapp.operations import alerts, conditions
from webapp.orders import limits
from webapp.state import incidents, provider, switches
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.admin.sales import sales_chart
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

SPANS = (1, 7, 30)
"""Days, today with them."""
CHART_DAYS = 30
WEEK = 7


class Step(NamedTuple):
    """How many came so far, and how many of a hundred of those a step before."""

    name: str
    times: int
    percent: int | None


class Span(NamedTuple):
    """Sales of the last `days`, and of as many days before them."""

    days: int
    now: Sales
    before: Sales


@blueprint.get("")
@admin
def overview(admin: Customer) -> Response:
    return page.personal("admin/overview", **_view_of())


@blueprint.post("")
@admin
def release(admin: Customer) -> Response:
    """Let a held customer buy again, also one who has deleted their data: by the name of the hold."""
    name = request.form.get("hold", "")
    if not limits.HOLD_NAME.fullmatch(name):
        raise BadRequest
    return page.personal("admin/overview", flash=_released(admin, name), **_view_of())


def _released(admin: Customer, name: str) -> Flash:
    hold = limits.hold_named(name)
    if hold is None:
        return stale()
    with actions.acting(admin, "customer.release", name, hold.reason):
        limits.release(hold)
    return done()


def _view_of() -> dict[str, Any]:
    week, month = Period.last(WEEK), Period.last(CHART_DAYS)
    runway = conditions.runway()
    return {
        "spans": [_span(days) for days in SPANS],
        "currency": shop().config.currency,
        "chart": sales_chart(sales.by_day(month)),
        "waits": sales.waits(week),
        "refunds": sales.refunds(week),
        "balance": provider.balance(),
        "runway_h": None if runway is None else int(runway.total_seconds() // 3600),
        "steps": _steps(sales.conversion(week)),
        "incidents": incidents.open_ones(),
        "kinds": alerts.kinds(),
        "held": limits.held(),
        "stuck": [*actions.stuck(), *actions.owed()],
        "off": switches.off(),
    }


def _span(days: int) -> Span:
    period = Period.last(days)
    return Span(days, sales.sales(period), sales.sales(period.before(days)))


def _steps(counts: Mapping[str, int]) -> list[Step]:
    """The way to a purchase: who looks at several plans is counted several times, so it may grow as well."""
    steps: list[Step] = []
    for name, count in counts.items():
        before = steps[-1].times if steps else 0
        steps.append(Step(name, count, round(100 * count / before) if before else None))
    return steps
