"""The organisation, its money and its inventory: /organisation..., /inventory, /inventory/refund."""

from typing import Any

from flask import Blueprint

from sandbox.esimgo import here, inventory
from sandbox.esimgo.catalogue import GROUPS
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.money import number

routes = Blueprint("account", __name__)

LEAST_TOP_UP, MOST_TOP_UP = 1000, 5000  # dollars


@routes.get("/organisation")
def organisation() -> dict[str, Any]:
    """The real answer holds the API key, so this one holds an invented one: a leak of it can be noticed."""
    balance_m = 0 if here.circumstances().broke else here.world().balance_m
    return {
        "name": "Example Travel",
        "apiKey": "invented-key-that-opens-nothing",
        "taxLiable": "Yes",
        "addr1": "1 Example Street",
        "addr2": "",
        "city": "Exampleton",
        "country": "GB",
        "postcode": "EX1 1AA",
        "callbackUrl": here.world().callbacks.url or "",
        "notes": "",
        "groups": GROUPS,
        "currency": "USD",
        "balance": number(balance_m),
        "testCredit": 0,
        "testCreditExpiry": "2026-12-31",
        "businessType": "Corporation",
        "website": "https://shop.example.com",
        "productDescription": "",
        "users": [],
    }


@routes.post("/organisation/balance")
def top_up() -> dict[str, Any]:
    """Charges the card on file at the real one; a shop never calls it."""
    amount = here.whole("amount", 0, MOST_TOP_UP)
    if amount < LEAST_TOP_UP:
        raise Refused(400, f"amount must be {LEAST_TOP_UP} or more")
    here.world().receive(amount * 1000, "Topup")
    return {"amount": amount, "balance": number(here.world().balance_m), "ref": 500_000_001}


@routes.get("/organisation/groups")
def groups() -> dict[str, Any]:
    return {"groups": [{"name": name} for name in GROUPS]}


@routes.get("/inventory")
def list_inventory() -> dict[str, Any]:
    return {"bundles": inventory.listed(here.world())}


@routes.post("/inventory/refund")
def refund() -> dict[str, str]:
    return inventory.refund(here.world(), here.body())
