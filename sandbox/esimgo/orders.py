"""Orders: the rules, the money, and what comes of them (eSIM Go API v2.5, POST /orders).

Refusals are text/plain with 400, as that endpoint documents; somebody else's ICCID is a 403.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox import clock
from sandbox.esimgo import stamps
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.life import bundle_state
from sandbox.esimgo.money import number, text
from sandbox.esimgo.offers import Bundle
from sandbox.esimgo.world import MOST_QUEUED, Esim, Order, World, new_reference

MOST_ESIMS = 10  # help.esim-go.com: at most 10 eSIMs per order
MOST_AT_ONCE = 5  # release notes of v2.2: more than 5 bundles are processed asynchronously
PROCESSING = timedelta(seconds=5)
CURRENCY = "USD"


@dataclass
class Line:
    bundle: Bundle
    quantity: int
    price_m: int
    reassign: bool
    esims: list[Esim] = field(default_factory=list)

    @property
    def total_m(self) -> int:
        return self.price_m * self.quantity


@dataclass
class Circumstances:
    """What a fault changes about one call: the prices, an empty purse, for how long its order is in no list,
    and whether it is worked on twice.
    """

    price_factor: float = 1.0
    broke: bool = False
    late_s: float = 0.0
    twice: bool = False


def place(world: World, body: object, source_ip: str, circumstances: Circumstances) -> dict[str, Any]:
    """The answer to POST /orders, for `validate` and for `transaction`."""
    if not isinstance(body, dict) or body.get("type") not in ("validate", "transaction"):
        raise _no("type must be validate or transaction")
    assign = body.get("assign", False)
    if not isinstance(assign, bool):
        raise _no("assign must be true or false")
    lines = _read_lines(world, body, assign, circumstances.price_factor)
    total_m = sum(line.total_m for line in lines)
    if circumstances.broke or total_m > world.balance_m:
        if body["type"] == "transaction":
            world.warn_of_balance("InsufficientBalance")
        raise _no("insufficient balance")
    if body["type"] == "validate":
        return _validated(lines, total_m, assign)
    order = _buy(world, lines, total_m, assign, source_ip)
    if circumstances.late_s:
        order["visible"] = stamps.microseconds(clock.now() + timedelta(seconds=circumstances.late_s))
    if circumstances.twice:
        _buy(world, lines, total_m, assign, source_ip)
    return shown(order)


def _no(message: str) -> Refused:
    return Refused(400, message, plain=True)


def _read_lines(world: World, body: dict[str, Any], assign: bool, price_factor: float) -> list[Line]:
    rows = body.get("order")
    if not isinstance(rows, list) or not rows:
        raise _no("order must hold at least one item")
    if body.get("profileID") and not assign:
        raise _no("profileID can only be given when assign is true")
    lines = [_read_line(world, row, assign, price_factor) for row in rows]
    if sum(line.quantity for line in lines) > MOST_ESIMS:
        raise _no(f"an order can hold at most {MOST_ESIMS} eSIMs")
    return lines


def _read_line(world: World, row: object, assign: bool, price_factor: float) -> Line:
    if not isinstance(row, dict) or row.get("type") != "bundle":
        raise _no("order items must be of type bundle")
    bundle = world.catalogue.get(row.get("item"))
    if bundle is None:
        raise _no("bundle not available")
    quantity = row.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise _no("quantity must be 1 or more")
    reassign = row.get("allowReassign", False)
    if not isinstance(reassign, bool):
        raise _no("allowReassign must be true or false")
    line = Line(bundle, quantity, int(bundle["price_m"] * price_factor), reassign)
    line.esims = _read_esims(world, row.get("iccids"), assign, line)
    return line


def _read_esims(world: World, iccids: object, assign: bool, line: Line) -> list[Esim]:
    if iccids is None or iccids == []:
        return []
    if not assign:
        raise _no("iccids can only be given when assign is true")
    if not isinstance(iccids, list) or len(iccids) != line.quantity:
        raise _no("quantity must be the number of iccids")
    esims = [world.esim(iccid) for iccid in iccids]
    for esim in esims:
        _refuse_unless_it_fits(esim, line)
    return esims


def _refuse_unless_it_fits(esim: Esim, line: Line) -> None:
    if esim["profileName"] != line.bundle["profileName"] and not line.reassign:
        raise _no("bundle is not compatible with the eSIM")
    queued = [one for one in esim["assignments"] if bundle_state(one) == "queued"]
    if len(queued) >= MOST_QUEUED:
        raise _no(f"an eSIM can hold at most {MOST_QUEUED} queued bundles")


def _validated(lines: list[Line], total_m: int, assign: bool) -> dict[str, Any]:
    return {
        "order": [_row(line) for line in lines],
        "total": number(total_m),
        "valid": True,
        "currency": CURRENCY,
        "createdDate": stamps.nanoseconds(),
        "assigned": assign,
    }


def _row(line: Line) -> dict[str, Any]:
    return {
        "type": "bundle",
        "item": line.bundle["name"],
        "quantity": line.quantity,
        "subTotal": number(line.total_m),
        "pricePerUnit": number(line.price_m),
        "AllowReassign": line.reassign,
    }


def _buy(world: World, lines: list[Line], total_m: int, assign: bool, source_ip: str) -> Order:
    world.spend(total_m)
    reference = new_reference()
    rows = [_row(line) | ({"esims": [], "iccids": []} if assign else {}) for line in lines]
    order: Order = {
        "order": rows,
        "total": number(total_m),
        "currency": CURRENCY,
        "status": "processing",
        "statusMessage": "Order processing",
        "orderReference": reference,
        "createdDate": stamps.nanoseconds(),
        "assigned": False,
        "sourceIP": source_ip,
        "runningBalance": text(world.balance_m),
        "due": _due(world, lines),
        "wishes": [[esim["iccid"] for esim in line.esims] for line in lines] if assign else None,
    }
    world.add_order(order)
    if order["due"] is None:
        _complete(world, order)
    return order


def _due(world: World, lines: list[Line]) -> str | None:
    """When the processing ends; None for what is done within the call."""
    is_large = sum(line.quantity for line in lines) > MOST_AT_ONCE
    wait = timedelta(seconds=world.habits.order_s) or (PROCESSING if is_large else None)
    return stamps.microseconds(clock.now() + wait) if wait else None


def finish_due(world: World) -> None:
    """Complete the orders whose processing time is over by the clock."""
    for order in world.unfinished():
        if order.get("due", "") <= stamps.microseconds(clock.now()):
            _complete(world, order)


def _complete(world: World, order: Order) -> None:
    wishes = order.pop("wishes")
    order.pop("due", None)
    made = 0
    for index, row in enumerate(order["order"]):
        bundle = world.catalogue.known(row["item"])
        if bundle is None:
            continue  # kept in the state file by a version of the catalogue that has gone
        paid_m = round(row["pricePerUnit"] * 1000)
        if wishes is None:
            world.add_stock(bundle, row["quantity"], paid_m)
            continue
        for wish in wishes[index] or [""] * row["quantity"]:
            reference = f"{order['orderReference']}-{made}"
            esim = _assigned(world, bundle, world.esims.get(wish), reference, paid_m)
            row["esims"].append({key: esim[key] for key in ("iccid", "matchingId", "smdpAddress")})
            row["iccids"].append(esim["iccid"])
            made += 1
    order["status"], order["assigned"] = "completed", wishes is not None
    order["statusMessage"] = f"Order completed: {made} eSIMs assigned" if made else "Order completed"
    world.touch()


def _assigned(world: World, bundle: Bundle, wished: Esim | None, reference: str, paid_m: int) -> Esim:
    """The wished-for eSIM when the bundle fits it, else a new one (the caller allowed that)."""
    profile = bundle["profileName"]
    esim = wished if wished and wished["profileName"] == profile else world.new_esim(profile)
    world.assign(esim, bundle, reference, paid_m)
    return esim


def shown(order: Order) -> dict[str, Any]:
    """An order as the API spells it, without what only this emulator needs."""
    return {key: value for key, value in order.items() if key not in ("wishes", "due", "visible")}


def without_esims(order: dict[str, Any]) -> dict[str, Any]:
    """As GET /orders shows it unless includeIccids is true."""
    rows = [{key: row[key] for key in row if key not in ("esims", "iccids")} for row in order["order"]]
    return order | {"order": rows}
