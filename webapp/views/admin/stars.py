"""Telegram's money: charges that nobody can place, each with what can be done about it."""

from typing import Any, NamedTuple

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.models import Customer, Order, Payment
from webapp.operations import admin as actions
from webapp.orders import unplaced
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

MOST = 50
LONGEST = 64


class Charge(NamedTuple):
    """`order`: the one that its invoice named, where the charge can pay for it."""

    payment: Payment
    order: Order | None


@blueprint.get("/stars")
@admin
def stars(admin: Customer) -> Response:
    return _shown()


@blueprint.post("/stars")
@admin
def place(admin: Customer) -> Response:
    """`charge` is served (`do`: the order that its invoice named, or `order`) or given back, once."""
    action, charge_id = request.form.get("do", ""), request.form.get("charge", "")
    if action not in {"serve", "refund"} or not charge_id or "\0" in charge_id:
        raise BadRequest
    charge = unplaced.charge_with(charge_id)
    if charge is None:
        return _shown(stale())
    return _shown(_placed(admin, charge, action, request.form.get("order", "").strip()[:LONGEST]))


def _placed(admin: Customer, charge: Payment, action: str, reference: str) -> Flash:
    try:
        with actions.acting(admin, f"charge.{action}", str(charge.charge_id), f"{charge.amount} {reference}"):
            if not _act(admin, charge, action, reference):
                raise actions.StaleState
    except actions.StaleState:
        return stale()
    return done()


def _act(admin: Customer, charge: Payment, action: str, reference: str) -> bool:
    if action == "refund":
        return unplaced.give_back(charge)
    order = None if "\0" in reference else unplaced.order_for(charge, reference)
    actor = f"admin {admin.telegram_user_id}"
    return order is not None and unplaced.serve(charge, order, shop().config, actor)


def _shown(flash: Flash | None = None) -> Response:
    charges = unplaced.charges(MOST)
    count, amount = unplaced.sums()
    return page.personal("admin/stars", flash=flash, **_view_of(charges, count, amount))


def _view_of(charges: list[Payment], count: int, amount: int) -> dict[str, Any]:
    return {
        "charges": [Charge(charge, unplaced.order_for(charge)) for charge in charges],
        "count": count,
        "amount": amount,
    }
