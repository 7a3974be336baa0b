"""Orders: found, read to the last line of their journal, and helped."""

import re
from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest, NotFound

from webapp import esims
from webapp.models import Customer, Esim, Order, Payment
from webapp.operations import admin as actions
from webapp.orders import limits, payments
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

LONGEST = 64
_NUMBER = re.compile("[0-9]{1,18}", re.ASCII)


@blueprint.get("/orders")
@admin
def orders(admin: Customer) -> Response:
    query = request.args.get("q", "")[:LONGEST].strip()
    found = actions.find(query) if query else actions.latest()
    stuck = [] if query else [*actions.stuck(), *actions.owed()]
    return page.personal("admin/orders", query=query, found=found, stuck=stuck, **_person(query))


@blueprint.get("/orders/<reference>")
@admin
def order(admin: Customer, reference: str) -> Response:
    return page.personal("admin/order", **_view_of(_any(reference)))


@blueprint.post("/orders/<reference>")
@admin
def help_order(admin: Customer, reference: str) -> Response:
    """`remedy` is what to do, `version` how the order stood on the page: a stale page changes nothing."""
    found, action, version = _any(reference), request.form.get("remedy", ""), request.form.get("version", "")
    if not action or not version:
        raise BadRequest
    flash = _helped(admin, found, action, version)
    return page.personal("admin/order", flash=flash, **_view_of(found.fresh()))


def _helped(admin: Customer, order: Order, action: str, version: str) -> Flash:
    cost = next(
        (remedy.cost for remedy in actions.remedies(order, shop().config) if remedy.action == action), ""
    )
    try:
        with actions.acting(admin, f"order.{action}", order.reference, cost):
            actions.act(order, action, version, admin.telegram_user_id, shop().config)
    except actions.StaleState:
        return stale()
    return done()


def _person(query: str) -> dict[str, Any]:
    """What is kept against a Telegram number, also after its owner has deleted their data."""
    if not _NUMBER.fullmatch(query):
        return {"held": [], "chargebacks": 0}
    hold = limits.hold_on(int(query))
    return {"held": [hold] if hold else [], "chargebacks": limits.chargebacks(int(query))}


def _any(reference: str) -> Order:
    """Anybody's order. Raises NotFound."""
    found = Order.get_or_none(Order.reference == reference)
    if found is None:
        raise NotFound
    return found


def _view_of(order: Order) -> dict[str, Any]:
    remedies = actions.remedies(order, shop().config)
    return {
        "order": order,
        "is_held": limits.is_held(order.customer),
        "esim": Esim.of(order),
        "assignment": esims.plan_of(order),
        "refund": payments.refund_of(order),
        "charges": list(Payment.select().where(Payment.order == order).order_by(Payment.id)),
        "entries": actions.journal(order),
        "remedy": remedies[0] if remedies else None,
        "others": remedies[1:],
        "version": actions.version(order),
    }
