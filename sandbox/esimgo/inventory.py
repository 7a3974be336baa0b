"""Inventory: bought without an eSIM, applied later, given back (eSIM Go API v2.5, /inventory, /esims/apply).

Also the revoking of what lies unused on an eSIM, since it goes back the same ways.
"""

from datetime import timedelta
from typing import Any

from sandbox import clock
from sandbox.esimgo import stamps
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.life import bundle_state
from sandbox.esimgo.world import Assignment, Esim, World, new_reference

REFUND_PERIOD = timedelta(days=60)


def apply(world: World, body: object) -> dict[str, Any]:
    """POST /esims/apply: `{name, iccid?, repeat?, allowReassign?}` or `{bundles: [...]}`."""
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    wishes = body.get("bundles") or [body]
    if not isinstance(wishes, list) or not all(isinstance(wish, dict) for wish in wishes):
        raise Refused(400, "bundles must be a list of objects")
    units = [unit for wish in wishes for unit in _units(world, wish)]
    _refuse_unless_in_stock(world, units)
    reference = new_reference()
    esims = [_apply_one(world, unit, f"{reference}-{place}") for place, unit in enumerate(units)]
    _note_order(world, reference)
    return {"esims": esims, "applyReference": reference}


def _units(world: World, wish: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry per bundle to apply."""
    repeat = wish.get("repeat", 1)
    if not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 1:
        raise Refused(400, "repeat must be 1 or more")
    if wish.get("iccid") and repeat > 1:
        raise Refused(400, "repeat cannot be used with an iccid")
    bundle = world.catalogue.known(wish.get("name"))
    if bundle is None:
        raise Refused(400, "bundle not found")
    esim = world.esim(wish["iccid"]) if wish.get("iccid") else None
    if esim and esim["profileName"] != bundle["profileName"]:
        if wish.get("allowReassign") is not True:
            raise Refused(400, "bundle is not compatible with the eSIM")
        esim = None
    return [{"bundle": bundle, "esim": esim}] * repeat


def _refuse_unless_in_stock(world: World, units: list[dict[str, Any]]) -> None:
    for name in {unit["bundle"]["name"] for unit in units}:
        wanted = sum(unit["bundle"]["name"] == name for unit in units)
        if wanted > sum(stock["remaining"] for stock in world.stock_of(name)):
            raise Refused(403, "no available bundles left")


def _apply_one(world: World, unit: dict[str, Any], reference: str) -> dict[str, Any]:
    bundle = unit["bundle"]
    stock = world.stock_of(bundle["name"])[0]
    stock["remaining"] -= 1
    esim = unit["esim"] or world.new_esim(bundle["profileName"])
    world.assign(esim, bundle, reference, stock["paid_m"])
    return {"iccid": esim["iccid"], "status": "ACTIVE", "bundle": bundle["name"]}


def _note_order(world: World, reference: str) -> None:
    """Applying shows up among the orders, for nothing, as item type bundleAssignment (since v2.2)."""
    item = {"type": "bundleAssignment", "item": f"{reference}-0", "quantity": 0, "pricePerUnit": 0}
    world.add_order(
        {
            "order": [item],
            "total": 0,
            "currency": "USD",
            "status": "completed",
            "statusMessage": "Order completed",
            "orderReference": new_reference(),
            "createdDate": stamps.nanoseconds(),
            "assigned": True,
        }
    )


def listed(world: World) -> list[dict[str, Any]]:
    """GET /inventory: one row per bundle."""
    names = dict.fromkeys(stock["name"] for stock in world.stock)
    return [row for name in names if (row := _row(world, name))]


def _row(world: World, name: str) -> dict[str, Any] | None:
    bundle, stocks = world.catalogue.known(name), world.stock_of(name)
    if bundle is None or not stocks:
        return None
    return {
        "name": name,
        "desc": bundle["description"],
        "useDms": False,
        "available": [
            {key: stock[key] for key in ("id", "total", "remaining", "expiry")} for stock in stocks
        ],
        "countries": [country["iso"] for country in bundle["countries"]],
        "data": bundle["dataAmount"],
        "duration": bundle["duration"],
        "durationUnit": "day",
        "autostart": bundle["autostart"],
        "unlimited": bundle["unlimited"],
        "speed": bundle["speed"],
        "allowances": bundle["allowances"],
    }


def refund(world: World, body: object) -> dict[str, str]:
    """POST /inventory/refund: `{usageId, quantity}`."""
    refuse_unless_refunding(world)
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    stock = next((one for one in world.stock if one["id"] == body.get("usageId")), None)
    quantity = body.get("quantity")
    if stock is None or not isinstance(quantity, int) or not 1 <= quantity <= stock["remaining"]:
        raise Refused(400, "no such unused bundles in the inventory")
    stock["remaining"] -= quantity
    world.balance_m += stock["paid_m"] * quantity
    world.touch()
    return {"status": "Successfully refunded bundles to balance"}


def refuse_unless_refunding(world: World) -> None:
    """The feature is off until the account manager switches it on."""
    if not world.habits.refunds:
        raise Refused(403, "refunds are not enabled for this organisation")


def refuse_unless_revocable(assignment: Assignment, goes_to: str) -> None:
    """Refused(400) when the bundle was used, or bought too long ago to go back to the balance."""
    if bundle_state(assignment) != "queued":
        raise Refused(400, "bundle has been used, expired or revoked and cannot be refunded")
    if goes_to == "balance" and stamps.parse(assignment["assigned"]) + REFUND_PERIOD < clock.now():
        raise Refused(400, "the refund period of the bundle is over")


def revoke(world: World, esim: Esim, assignment: Assignment, goes_to: str) -> None:
    """Take back an unused bundle; it goes to the "balance", to the "inventory", or nowhere ("")."""
    refuse_unless_revocable(assignment, goes_to)
    assignment["revoked"] = True
    world.note(esim, "Bundle Revoked", assignment["name"])
    if goes_to == "balance":
        world.balance_m += assignment["paid_m"]
        world.note(esim, "Bundle Refunded To Balance", assignment["name"])
    elif goes_to and (bundle := world.catalogue.known(assignment["name"])):
        world.add_stock(bundle, 1, assignment["paid_m"])
        world.note(esim, "Bundle Refunded to Inventory", assignment["name"])


def oldest_unused(esim: Esim, name: str, offer_id: str | None) -> Assignment:
    """The assignment a revoke by name means; Refused(400) when there is none of that name."""
    named: list[Assignment] = [
        one
        for one in esim["assignments"]
        if one["name"] == name and not one["revoked"] and offer_id in (None, "", one["id"])
    ]
    if not named:
        raise Refused(400, "bundle not found on the eSIM")
    unused = [one for one in named if bundle_state(one) == "queued"]
    return unused[0] if unused else named[0]
