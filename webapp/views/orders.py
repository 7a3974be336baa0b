"""One order: its page, its live status, and the install sheet."""

from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from webapp import esims, orders, payments
from webapp.models import Customer, Esim, Order
from webapp.views import page
from webapp.views.auth import personal
from webapp.views.wiring import shop

blueprint = Blueprint("orders", __name__)


@blueprint.get("/orders/<reference>")
@personal
def show(reference: str, customer: Customer) -> Response:
    return page.personal("orders/show", **view_of(own(customer, reference)))


@blueprint.get("/orders/<reference>/status")
@personal
def status(reference: str, customer: Customer) -> Response:
    return page.polled(page.personal("orders/status", **view_of(own(customer, reference))))


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
def give_back(reference: str, customer: Customer) -> Response:
    order = own(customer, reference)
    orders.ask(order, shop().config)
    return page.personal("orders/refund", **view_of(order))


def own(customer: Customer, reference: str) -> Order:
    """The customer's order. Raises NotFound for anybody else's, as for one that does not exist."""
    order = orders.find(customer, reference)
    if order is None:
        raise NotFound
    return order


def view_of(order: Order) -> dict[str, Any]:
    """What the order's templates need."""
    refund = payments.refund_of(order)
    stuck = refund is not None and payments.is_stuck(refund)
    return {
        "order": order,
        "esim": Esim.of(order),
        "refund": refund,
        "refund_is_stuck": stuck,
        "return_request": orders.request_of(order),
        "no_return": orders.obstacle(order, shop().config),
    }
