"""Both books against ours: what Telegram and eSIM Go list, and what of it nobody has explained."""

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.books import ledger, provider_audit, provider_balance, spending
from webapp.models import Customer, JobRequest
from webapp.operations import admin as actions
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

MOST_ROWS = 50


@blueprint.get("/books")
@admin
def books(admin: Customer) -> Response:
    return page.with_etag(_shown())


@blueprint.post("/books")
@admin
def settle(admin: Customer) -> Response:
    """`do`: look (compare both books now), spent or wanted (an order that is nobody's), or accept (what is
    missing).
    """
    action = request.form.get("do", "")
    if action == "look":
        actions.enqueue(actions.AUDIT)
        return _shown()
    try:
        if action in {"spent", "wanted"}:
            actions.settle_order(admin, request.form.get("order", "")[:250], action)
        elif action == "accept" and (missing := request.form.get("missing", "")).isdecimal():
            actions.accept_missing(admin, int(missing[:18]))
        else:
            raise BadRequest
    except actions.StaleState:
        return _shown(stale())
    return _shown(done())


def _shown(flash: Flash | None = None) -> Response:
    this = (JobRequest.name == actions.AUDIT) & JobRequest.result.in_(("", "running"))
    rows = provider_audit.unexplained()
    return page.personal(
        "admin/books",
        flash=flash,
        rows=rows[:MOST_ROWS],
        stockable=actions.stockable(rows[:MOST_ROWS]),
        left_off=max(0, len(rows) - MOST_ROWS),
        missing=provider_balance.difference(),
        balance=provider_balance.last(),
        rises=provider_balance.rises(),
        paid=ledger.accounts(),
        bought=spending.spending(),
        currency=shop().config.currency,
        last=provider_audit.last_look(),
        looking=JobRequest.select().where(this).exists(),
    )
