"""Telegram's money: charges that nobody can place, each with what can be done about it."""

import re
from typing import Any, NamedTuple

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.base.i18n import gettext as _
from webapp.base.money import NANO
from webapp.books import stars as book
from webapp.models import Customer, Order, Payment
from webapp.operations import admin as actions
from webapp.orders import payments, unplaced
from webapp.orders.payments import adding
from webapp.orders.payments.stars import Stars
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

MOST = 50
_AMOUNT = re.compile("[0-9]{1,5}", re.ASCII)
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
    """What to `do`: add Stars, refund `charge`, or serve it (`order`, or the one that its invoice named)."""
    if request.form.get("do") == "add":
        return _added(admin, request.form.get("amount", ""))
    action, charge_id = request.form.get("do", ""), request.form.get("charge", "")
    if action not in {"serve", "refund"} or not charge_id or "\0" in charge_id:
        raise BadRequest
    charge = unplaced.charge_with(charge_id)
    if charge is None:
        return _shown(stale())
    return _shown(_placed(admin, charge, action, request.form.get("order", "").strip()[:LONGEST]))


def _added(admin: Customer, text: str) -> Response:
    """The payment sheet for so many Stars."""
    if not _AMOUNT.fullmatch(text) or not 1 <= int(text) <= adding.MOST:
        raise BadRequest
    wired = shop()
    try:
        url = adding.invoice(int(text), Stars(wired.bot), wired.config)
    except payments.ProviderError:
        return _shown(Flash(_("Telegram does not answer. Try again in a minute."), True))
    with actions.acting(admin, "stars.add", detail=text):
        return _shown(invoice_url=url)


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


def _shown(flash: Flash | None = None, invoice_url: str | None = None) -> Response:
    charges = unplaced.charges(MOST)
    view = _view_of(charges, unplaced.sums()[0])
    return page.personal("admin/stars", flash=flash, invoice_url=invoice_url, **view)


def _view_of(charges: list[Payment], count: int) -> dict[str, Any]:
    return {
        "charges": [Charge(charge, unplaced.order_for(charge)) for charge in charges],
        "count": count,
        "account": book.account(),
        "withdrawal": book.withdrawal(),
        "fewest": book.FEWEST,
        "missing": payments.shortage(),
        "most": adding.MOST,
        "nano": NANO,
    }
