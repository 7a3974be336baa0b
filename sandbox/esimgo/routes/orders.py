"""POST /orders, GET /orders, GET /orders/{orderReference}."""

import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import clock
from sandbox.esimgo import here, orders, stamps
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.world import Order

routes = Blueprint("orders", __name__)

LARGEST_PAGE = 1000
OPERATORS: dict[str, Callable[[datetime, datetime], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}


@routes.post("/orders")
def place() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    address = request.remote_addr or ""
    return orders.place(here.world(), body, address, here.circumstances())


@routes.get("/orders")
def listed() -> ResponseReturnValue:
    """A bare list, oldest first unless habits say otherwise: the schema says one object, an older one said
    list.
    """
    filters = request.args.getlist("createdAt")
    if filters and here.fault_kind() == "filter_refused":
        raise Refused(400, "createdAt is not a valid filter")
    bounds = [] if here.fault_kind() == "filter_ignored" else [_bound(text) for text in filters]
    if late_s := here.late_s():
        bounds.append((operator.le, clock.now() - timedelta(seconds=late_s)))
    found = [
        order for order in here.world().orders.values() if _is_shown(order) and _is_within(order, bounds)
    ]
    page, _ = here.one_page(
        _in_order(found), here.whole("page", 1, 10**6), here.whole("limit", 10, LARGEST_PAGE)
    )
    rows = [orders.shown(order) for order in page]
    if not here.flag("includeIccids"):
        rows = [orders.without_esims(row) for row in rows]
    return jsonify([_bare(row) for row in rows] if here.world().habits.bare_orders else rows)


@routes.get("/orders/<reference>")
def one(reference: str) -> dict[str, Any]:
    order = here.world().orders.get(reference)
    if order is None:
        raise Refused(400, "order not found")
    return orders.shown(order)


def _in_order(found: list[Order]) -> list[Order]:
    habit = here.world().habits.order_list
    if habit == "shuffled":
        return sorted(found, key=lambda order: str(order["orderReference"]))
    return found[::-1] if habit == "newest" else found


def _bare(order: dict[str, Any]) -> dict[str, Any]:
    lines = [{"item": row["item"]} for row in order["order"]]
    return {name: order[name] for name in ("orderReference", "createdDate")} | {"order": lines}


Bound = tuple[Callable[[datetime, datetime], bool], datetime]


def _bound(text: str) -> Bound:
    """`gte:2024-03-01T00:00:00.000Z`; without an operator it means equal."""
    name, colon, moment = text.partition(":")
    if name in OPERATORS and colon:
        return OPERATORS[name], stamps.parse(moment)
    return operator.eq, stamps.parse(text)


def _is_shown(order: Order) -> bool:
    return str(order.get("visible", "")) <= stamps.microseconds(clock.now())


def _is_within(order: Order, bounds: list[Bound]) -> bool:
    created = stamps.parse(order["createdDate"])
    return all(compare(created, moment) for compare, moment in bounds)
