"""One order: its page, its live status, the install sheet, its refund and its receipt."""

from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import BadRequest, NotFound

from webapp import esims, orders
from webapp.customers import account
from webapp.models import Customer, Esim, Order
from webapp.orders import payments
from webapp.views import page
from webapp.views.auth import personal, sender
from webapp.views.caching import etag_poll
from webapp.views.wiring import shop

blueprint = Blueprint("orders", __name__)


@blueprint.get("/orders/<reference>")
@personal
def show(reference: str, customer: Customer) -> Response:
    return page.personal("orders/show", **view_of(own(customer, reference)))


@blueprint.get("/orders/<reference>/status")
@etag_poll(lambda reference: orders.glance(reference, sender().user_id))
@personal
def status(reference: str, customer: Customer) -> Response:
    return page.personal("orders/status", **view_of(own(customer, reference)))


@blueprint.post("/orders/<reference>/activate")
@personal
def activate(reference: str, customer: Customer) -> Response:
    esim = Esim.of(own(customer, reference))
    if esim is None:
        raise NotFound
    esims.activate(esim)
    return page.personal("esims/install", esim=esim)


@blueprint.post("/orders/<reference>/refund")
@personal
def request_return(reference: str, customer: Customer) -> Response:
    order = own(customer, reference)
    orders.request_return(order, shop().config)
    return page.personal("orders/refund", **view_of(order))


@blueprint.post("/orders/<reference>/receipt")
@personal
def receipt(reference: str, customer: Customer) -> Response:
    """Sends the receipt into the chat. 400 for an order that was never paid."""
    order = own(customer, reference)
    if not account.ask_for_receipt(customer, order):
        raise BadRequest
    may_write = customer.may_write and customer.blocked_at is None
    return page.personal("orders/receipt", order=order, asked_for=True, may_write=may_write)


def own(customer: Customer, reference: str) -> Order:
    """The customer's order. Raises NotFound for anybody else's, as for one that does not exist."""
    order = orders.find(customer, reference)
    if order is None:
        raise NotFound
    return order


def view_of(order: Order) -> dict[str, Any]:
    """What the order's templates need."""
    refund = payments.refund_of(order)
    plan = esims.plan_of(order)
    return {
        "order": order,
        "esim": Esim.of(order),
        "assignment": plan,
        "progress": orders.progress(order, plan, refund),
        "held": orders.is_held(order.customer),
        "refund": refund,
        "refund_is_stuck": refund is not None and payments.is_stuck(refund),
        "return_request": orders.request_of(order),
        "no_return": orders.obstacle(order, shop().config),
    }
