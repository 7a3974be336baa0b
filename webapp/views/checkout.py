"""A plan, and the way to its payment."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from webapp import catalogue, orders
from webapp.base.i18n import gettext
from webapp.models import Customer, Esim, Order, Plan
from webapp.orders import gate, payments, topups
from webapp.orders.gate import Refusal
from webapp.orders.placing import TOO_MANY
from webapp.state import shares
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
    refusal = gate.may_place(customer, found, shop().config, esim)
    if refusal is not None:
        return _refused(refusal, found, esim)
    try:
        order = orders.place(customer, found, esim)
    except orders.NotPlaced as error:
        return _refused(Refusal(error.code, error.sentence), found, esim)
    return _with_invoice(order)


def _refused(refusal: Refusal, plan: Plan, esim: Esim | None) -> Response:
    if refusal.code == "sales_paused":
        return page.personal("checkout/paused", status=422, plan=plan)
    if refusal.code == "does_not_fit" and esim is not None:
        return page.personal("esims/topup", status=422, esim=esim, offers=topups.offers(esim), unfit=plan)
    return page.personal("checkout/declined", status=422, plan=plan, reason=refusal.sentence)


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
    used_up = url is None and shares.is_used_up(order.telegram_user_id, "invoices")
    response = page.personal(
        "orders/show",
        **view_of(order),
        invoice_url=url,
        no_invoice=url is None,
        too_many=gettext(TOO_MANY) if used_up else None,
    )
    response.headers["HX-Push-Url"] = page.link("orders.show", reference=order.reference)
    return response
