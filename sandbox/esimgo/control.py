"""/_sandbox/: the strings behind the scene, for tests and for the demo window. Not part of any real API."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import clock
from sandbox.esimgo import fates, here, life, occasions, orders
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.money import number, thousandths
from sandbox.esimgo.routes.bundles import shown
from sandbox.esimgo.routes.esims import activation_code
from sandbox.esimgo.world import Esim, Order

control = Blueprint("control", __name__, url_prefix="/_sandbox")

MOST_MB = 10_000_000


@control.after_request
def open_to_other_pages(answer: Response) -> Response:
    """The demo window is served from another port."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE, OPTIONS"
    answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
    return answer


@control.errorhandler(Refused)
def refused(error: Refused) -> ResponseReturnValue:
    return {"error": error.message}, 400


@control.errorhandler(ValueError)
def senseless(error: ValueError) -> ResponseReturnValue:
    return {"error": str(error)}, 400


@control.post("/reset")
def reset() -> dict[str, Any]:
    """Catalogue, balance and no orders, as on the first day; the clock is right, and not moved back."""
    clock.skew(0)
    here.sandbox().faults.start_over()
    here.sandbox().calls.clear()
    here.sandbox().said.clear()
    here.world().reset()
    return {"ok": True}


@control.get("/faults")
def faults() -> dict[str, Any]:
    return {"faults": here.sandbox().faults.list()}


@control.post("/faults")
def add_fault() -> dict[str, Any]:
    here.sandbox().faults.add(_body())
    return faults()


@control.delete("/faults")
def lift_faults() -> dict[str, Any]:
    here.sandbox().faults.lift_all()
    return faults()


@control.post("/clock")
def set_clock() -> dict[str, Any]:
    """`advance_s` moves everybody's clock forward, `skew_s` says by how much this stand-in's own is wrong."""
    if "skew_s" in _body():
        clock.skew(_number("skew_s"))
    else:
        clock.advance(_number("advance_s"))
    now = clock.now().isoformat().replace("+00:00", "Z")
    return {"offset_s": clock.offset_s(), "skew_s": clock.skew_s(), "now": now}


@control.post("/esims/<iccid>/install")
def install(iccid: str) -> dict[str, Any]:
    esim = here.world().esim(iccid)
    life.install(here.world(), esim)
    return _esim(esim)


@control.post("/esims/<iccid>/use")
def use(iccid: str) -> dict[str, Any]:
    """`used_mb` is less than asked for when the data ran out."""
    megabytes = _number("mb")
    if not 0 < megabytes <= MOST_MB:
        raise ValueError(f"mb is a number above 0 and up to {MOST_MB}")
    esim = here.world().esim(iccid)
    used = life.use(here.world(), esim, round(megabytes * 1_000_000))
    return {"used_mb": used / 1_000_000, **_esim(esim)}


@control.post("/esims/<iccid>/state")
def decree(iccid: str) -> dict[str, Any]:
    """Any profileStatus, state or bundleState: see sandbox.esimgo.fates."""
    esim = here.world().esim(iccid)
    fates.decree(here.world(), esim, _body())
    return _esim(esim)


@control.post("/esims/<iccid>/country")
def travel(iccid: str) -> dict[str, Any]:
    esim = here.world().esim(iccid)
    fates.travel(here.world(), esim, _body().get("iso"))
    return _esim(esim)


@control.post("/balance")
def receive() -> dict[str, Any]:
    """`{"add": 50}`: money comes in; `kind` may be AutoTopup or eSIMGoTopup. `{"take": 1.5}`: it goes,
    without an order and without a word.
    """
    if "take" in _body():
        _number("take")
        here.world().spend(thousandths(str(_body()["take"])))
        return {"balance": number(here.world().balance_m)}
    kind = str(_body().get("kind", "Topup"))
    if kind not in ("Topup", "AutoTopup", "eSIMGoTopup"):
        raise ValueError("kind is Topup, AutoTopup or eSIMGoTopup")
    _number("add")
    here.world().receive(thousandths(str(_body()["add"])), kind)
    return {"balance": number(here.world().balance_m)}


@control.post("/orders")
def order_in_the_portal() -> dict[str, Any]:
    """`{"item", "quantity"}`: somebody orders in the portal; no key, no call, no fault. `currency`: another
    one than the account's.
    """
    wish = _body()
    row = {"type": "bundle", "item": wish.get("item"), "quantity": wish.get("quantity", 1)}
    body = {"type": "transaction", "assign": True, "order": [row]}
    order = orders.place(here.world(), body, "", orders.Circumstances())
    if "currency" in wish:
        here.world().orders[order["orderReference"]]["currency"] = str(wish["currency"])
    return order


@control.delete("/orders/<reference>")
def lose_order(reference: str) -> dict[str, Any]:
    """From now on no list tells of it. It was made, and asked for by its reference it is there."""
    order = here.world().orders.get(reference)
    if order is None:
        raise ValueError(f"no order {reference!r}")
    order["visible"] = fates.FOR_EVER
    here.world().touch()
    return _order(order)


@control.get("/state")
def state() -> ResponseReturnValue:
    """Everything; `?calls=n` keeps only the last n calls, for pages that ask every second."""
    world, calls = here.world(), here.sandbox().calls.list()
    if "calls" in request.args:
        calls = calls[-here.whole("calls", 1, 100_000) :]
    return jsonify(
        balance=number(world.balance_m),
        orders=[_order(order) for order in world.orders.values()],
        esims=[_esim(esim) for esim in world.esims.values()],
        calls=calls,
    )


@control.get("/catalogue")
def catalogue() -> dict[str, Any]:
    """How many bundles are sold now."""
    return {"bundles": len(here.world().catalogue)}


@control.post("/catalogue")
def edit_catalogue() -> dict[str, Any]:
    """Rename, remove, restore, add, reprice, shrink: see sandbox.esimgo.edits."""
    here.world().catalogue.edit(_body())
    here.world().touch()
    return catalogue()


@control.post("/renamed_bundle")
def rename_bundle() -> dict[str, Any]:
    """`{"from", "to", ...}`: the same as the wish of this name at `catalogue`."""
    here.world().catalogue.edit({"renamed_bundle": _body()})
    here.world().touch()
    return catalogue()


@control.get("/habits")
def habits() -> dict[str, Any]:
    return asdict(here.world().habits)


@control.post("/habits")
def change_habits() -> dict[str, Any]:
    """Some of sandbox.esimgo.habits, until the next reset."""
    here.world().adopt(here.world().habits.changed(_body()))
    return habits()


@control.post("/callbacks")
def send_callback() -> dict[str, Any]:
    """Any documented callback: see sandbox.esimgo.occasions. Answers with the body that is sent."""
    return {"sent": occasions.send(here.world(), _body())}


def _order(order: Order) -> dict[str, Any]:
    first = order["order"][0]
    return {
        "orderReference": order["orderReference"],
        "createdDate": order["createdDate"],
        "type": first["type"],
        "item": first["item"],
        "quantity": sum(row["quantity"] for row in order["order"]),
        "total": order["total"],
        "status": order["status"],
        "iccids": [iccid for row in order["order"] for iccid in row.get("iccids", [])],
    }


def _esim(esim: Esim) -> dict[str, Any]:
    bundles = [{"name": one["name"], **shown(one)} for one in esim["assignments"]]
    keys = ("iccid", "matchingId", "smdpAddress", "profileStatus", "customerRef", "state")
    return {key: esim[key] for key in keys} | {"lpa": activation_code(esim), "bundles": bundles}


def _body() -> dict[str, Any]:
    data = request.get_json(force=True, silent=True)
    if not isinstance(data, dict):
        raise ValueError("the body must be a JSON object")
    return data


def _number(name: str) -> float:
    value = _body().get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{name} is too large") from error
