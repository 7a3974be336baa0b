"""Orders: found, read to the last line of their journal, and helped."""

from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest, NotFound

from webapp import esims
from webapp.models import Customer, Esim, Order, Payment
from webapp.operations import admin as deeds
from webapp.orders import payments
from webapp.views import page
from webapp.views.admin.door import admin, blueprint
from webapp.views.admin.said import Said, done, overtaken
from webapp.views.wiring import shop

LONGEST = 64


@blueprint.get("/orders")
@admin
def orders(admin: Customer) -> Response:
    query = request.args.get("q", "")[:LONGEST].strip()
    found = deeds.find(query) if query else deeds.latest()
    stuck = [] if query else [*deeds.stuck(), *deeds.owed()]
    return page.personal("admin/orders", query=query, found=found, stuck=stuck)


@blueprint.get("/orders/<reference>")
@admin
def order(admin: Customer, reference: str) -> Response:
    return page.personal("admin/order", **_view_of(_any(reference)))


@blueprint.post("/orders/<reference>")
@admin
def help_order(admin: Customer, reference: str) -> Response:
    """Do what helps; `seen` is how the order stood on the page, so that nobody acts on what is over."""
    found, deed, seen = _any(reference), request.form.get("deed", ""), request.form.get("seen", "")
    if not deed or not seen:
        raise BadRequest
    said = _helped(admin, found, deed, seen)
    return page.personal("admin/order", said=said, **_view_of(found.fresh()))


def _helped(admin: Customer, order: Order, deed: str, seen: str) -> Said:
    cost = next((way.cost for way in deeds.ways(order, shop().config) if way.deed == deed), "")
    try:
        with deeds.acting(admin, f"order.{deed}", order.reference, cost):
            deeds.act(order, deed, seen, admin.telegram_user_id, shop().config)
    except deeds.Overtaken:
        return overtaken()
    return done()


def _any(reference: str) -> Order:
    """Anybody's order. Raises NotFound."""
    found = Order.get_or_none(Order.reference == reference)
    if found is None:
        raise NotFound
    return found


def _view_of(order: Order) -> dict[str, Any]:
    ways = deeds.ways(order, shop().config)
    return {
        "order": order,
        "esim": Esim.of(order),
        "assignment": esims.plan_of(order),
        "refund": payments.refund_of(order),
        "charges": list(Payment.select().where(Payment.order == order).order_by(Payment.id)),
        "entries": deeds.journal(order),
        "way": ways[0] if ways else None,
        "others": ways[1:],
        "seen": deeds.seen(order),
    }
