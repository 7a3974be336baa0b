"""A plan, and the way to its payment."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from webapp import catalogue, orders
from webapp.models import Customer, Esim, Order
from webapp.orders import limits, payments, topups
from webapp.state import outages
from webapp.views import page
from webapp.views.auth import personal
from webapp.views.caching import cached_page
from webapp.views.esims import own as own_esim
from webapp.views.orders import own, view_of
from webapp.views.wiring import shop

blueprint = Blueprint("checkout", __name__)


@blueprint.get("/plans/<plan_id>")
@cached_page("plan", page.this_phone)
def plan(plan_id: str) -> Response:
    found = catalogue.plan(plan_id)
    if found is None:
        raise NotFound
    response = page.render(
        "checkout/plan",
        plan=found,
        device=page.this_phone(),
        about=catalogue.facts([found])[plan_id],
        coverage=catalogue.coverage(found.bundle.id),
        lookalikes=catalogue.taken_for(found.area.code),
    )
    response.vary.add("User-Agent")
    return response


@blueprint.post("/orders")
@personal
def place(customer: Customer) -> Response:
    plan_id = request.form.get("plan_id")
    if not plan_id or "\0" in plan_id:
        raise BadRequest
    found = catalogue.plan(plan_id)
    if found is None:
        raise NotFound
    esim = _to_top_up(customer)
    if not outages.now().sells(found.area.code):
        return page.personal("checkout/paused", status=422, plan=found)
    if esim is not None and not topups.fits(esim, found.bundle.name):
        return page.personal("esims/topup", status=422, esim=esim, offers=topups.offers(esim), unfit=found)
    refusal = limits.refusal(customer, found.stars, shop().config)
    if refusal is not None:
        reason = limits.sentence(refusal)
        return page.personal("checkout/declined", status=422, plan=found, reason=reason)
    return _with_invoice(orders.place(customer, found, esim))


def _to_top_up(customer: Customer) -> Esim | None:
    """The customer's eSIM that the form names, if it names one. Raises NotFound for anybody else's."""
    reference = request.form.get("esim")
    if reference is None:
        return None
    if "\0" in reference:
        raise BadRequest
    return own_esim(customer, reference)


@blueprint.post("/orders/<reference>/invoice")
@personal
def invoice(reference: str, customer: Customer) -> Response:
    return _with_invoice(own(customer, reference))


def _with_invoice(order: Order) -> Response:
    """The order's page, which opens the payment sheet; without a link it offers to try again."""
    url = payments.invoice_or_none(order, shop().bot, shop().config, shop().invoice_waits)
    response = page.personal("orders/show", **view_of(order), invoice_url=url, no_invoice=url is None)
    response.headers["HX-Push-Url"] = page.link("orders.show", reference=order.reference)
    return response
