"""The JSON API: catalogue, order, status. Personal calls carry initData like every other request."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from webapp import catalogue, orders
from webapp.base.i18n import gettext as _
from webapp.models import Assignment, Customer, Esim, Order
from webapp.orders import gate, idempotency, payments
from webapp.views import answers, openapi
from webapp.views.api_models import (
    Catalogue,
    CatalogueQuery,
    OrderByBundle,
    OrderByPlan,
    OrderHeaders,
    OrderPath,
    OrderRequest,
    OrderStatus,
    PlacedOrder,
)
from webapp.views.auth import customer
from webapp.views.errors import ApiError, as_json
from webapp.views.openapi import Operation, described
from webapp.views.wiring import shop

blueprint = Blueprint("api", __name__, url_prefix="/api/esimgo")

MAX_BYTES = 16 * 1024


@blueprint.get("/catalogue")
@described(
    Operation(
        summary="What is on sale",
        answer=Catalogue,
        parameters={"query": CatalogueQuery},
        errors=openapi.LIMITED,
        tagged=True,
    )
)
def plans() -> Response:
    wanted = CatalogueQuery.model_validate(request.args.to_dict())
    return answers.public(Catalogue.of(catalogue.plans_in(wanted.country)).model_dump_json())


@blueprint.post("/order")
@described(
    Operation(
        summary="Order a plan, once for each Idempotency-Key",
        status=201,
        answer=PlacedOrder,
        body=OrderRequest,
        parameters={"header": OrderHeaders},
        security="initData",
        errors=openapi.PERSONAL
        | {
            400: ("not_json", "plan_missing", "idempotency_key_invalid"),
            409: ("idempotency_conflict",),
            413: ("too_large",),
            422: ("not_for_sale", "sales_paused", "limit_reached", "data_deleted"),
        },
    )
)
def place() -> Response:
    buyer = customer()
    key, wanted = _key(), _wanted()
    known = idempotency.recall(buyer, key, wanted.asked_for) if key else None
    order = known or _placed(buyer, key, wanted)
    url = payments.invoice_or_none(order, shop().bot, shop().config, shop().invoice_waits)
    return answers.personal(PlacedOrder.of(order, url), 201)


@blueprint.get("/status/<reference>")
@described(
    Operation(
        summary="How far an order is",
        answer=OrderStatus,
        parameters={"path": OrderPath},
        security="initData",
        errors=openapi.PERSONAL | {404: ("not_found",)},
    )
)
def status(reference: str) -> Response:
    order = orders.find(customer(), reference)
    if order is None:
        raise ApiError(404, "not_found", _("There is no such order."))
    esim = Esim.of(order)
    assignment = Assignment.get_or_none(Assignment.order == order)
    return answers.personal(OrderStatus.of(order, esim, assignment))


def _key() -> str | None:
    try:
        return OrderHeaders.model_validate(dict(request.headers)).key
    except ValidationError as error:
        sentence = _("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        raise ApiError(400, "idempotency_key_invalid", sentence) from error


def _wanted() -> OrderByPlan | OrderByBundle:
    request.max_content_length = MAX_BYTES
    raw = request.get_data()
    if raw and not request.is_json:
        raise _not_json()
    try:
        return OrderRequest.model_validate_json(raw or b"{}").root
    except ValidationError as error:
        if any(detail["type"] == "json_invalid" for detail in error.errors()):
            raise _not_json() from error
        raise ApiError(400, "plan_missing", _("Say which plan: plan_id or bundle_id.")) from error


def _not_json() -> ApiError:
    return ApiError(400, "not_json", _("Send a JSON object, as Content-Type: application/json."))


def _placed(buyer: Customer, key: str | None, wanted: OrderByPlan | OrderByBundle) -> Order:
    plan = wanted.plan()
    if plan is None:
        raise ApiError(422, "not_for_sale", _("This plan is not for sale now."))
    refusal = gate.may_place(buyer, plan, shop().config)
    if refusal is not None:
        raise ApiError(422, refusal.code, refusal.sentence)
    if key is None:
        return orders.place(buyer, plan)
    return idempotency.place(buyer, plan, key, wanted.asked_for)


@blueprint.errorhandler(orders.NotPlaced)
def not_placed(error: orders.NotPlaced) -> ResponseReturnValue:
    return as_json(422, error.code, error.sentence)


@blueprint.errorhandler(idempotency.Conflict)
def conflict(_error: idempotency.Conflict) -> ResponseReturnValue:
    sentence = _("This Idempotency-Key stands for another order. Please send a new one.")
    return as_json(409, "idempotency_conflict", sentence)
