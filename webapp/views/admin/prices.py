"""What plans cost, by rules that are looked at before they count; and the catalogue that they price."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp import catalogue
from webapp.base.i18n import gettext as _
from webapp.base.money import plain, thousandths
from webapp.catalogue import Rule, RuleRefused
from webapp.models import Area, Customer
from webapp.operations import admin as actions
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale
from webapp.views.wiring import shop

Number = TypeVar("Number", int, Decimal)

SHOWN = 20
FIELDS = ("scope", "target", "markup", "floor", "fixed")


@blueprint.get("/prices")
@admin
def prices(admin: Customer) -> Response:
    return page.personal("admin/prices", **_view_of(_given()))


@blueprint.post("/prices")
@admin
def change_prices(admin: Customer) -> Response:
    """Show what a rule would change, set it, or remove one; what the catalogue holds back is let go."""
    action = _ACTIONS.get(request.form.get("do", ""))
    if action is None:
        raise BadRequest
    try:
        found = action(admin)
    except RuleRefused as refused:
        found = {"flash": Flash(str(refused), is_problem=True)}
    form = _given() if action is _preview or ("flash" in found and found["flash"].is_problem) else {}
    return page.personal("admin/prices", **_view_of(form), **found)


def _given() -> dict[str, str]:
    """What stands in the form, and is to stand there again."""
    return {name: request.form.get(name, "")[:100].strip() for name in FIELDS}


def _view_of(form: dict[str, str]) -> dict[str, Any]:
    return {
        "rules": list(catalogue.rules().values()),
        "form": form,
        "state": catalogue.state(),
        "areas": list(Area.select().order_by(Area.code)),
        "currency": shop().config.currency,
        "markup": catalogue.in_force(shop().config).markup_percent,
        "plain": plain,
    }


# --- actions: what they add to the page


def _preview(_admin: Customer) -> dict[str, Any]:
    found = catalogue.preview(_rule(), shop().config)
    return {"changes": found[:SHOWN], "count": len(found)}


def _set(admin: Customer) -> dict[str, Any]:
    wanted = _rule()
    with actions.acting(admin, "price.set", _name(wanted), wanted.model_dump_json(exclude_none=True)):
        catalogue.set_rule(wanted, shop().config)
    return {"flash": done()}


def _remove(admin: Customer) -> dict[str, Any]:
    form = _given()
    with actions.acting(admin, "price.remove", f"{form['scope']} {form['target']}".strip()):
        catalogue.remove_rule(form["scope"], form["target"], shop().config)
    return {"flash": done()}


def _accept(admin: Customer) -> dict[str, Any]:
    """What eSIM Go lists no more may go; the list is read once again."""
    held = catalogue.state().held
    if held is None:
        return {"flash": stale()}
    with actions.acting(admin, "catalogue.accept", detail=f"{held['missing']} of {held['known']} bundles"):
        catalogue.accept()
        catalogue.request_sync()
    return {"flash": done()}


_ACTIONS: dict[str, Callable[[Customer], dict[str, Any]]] = {
    "preview": _preview,
    "set": _set,
    "remove": _remove,
    "accept": _accept,
}


def _rule() -> Rule:
    """Raises RuleRefused, also for what is no number."""
    form = _given()
    return catalogue.rule(
        scope=form["scope"],
        target="" if form["scope"] == "shop" else form["target"],
        markup_percent=_number(form["markup"], Decimal),
        floor=_number(form["floor"], thousandths),
        fixed=_number(form["fixed"], thousandths),
    )


def _number(text: str, parse: Callable[[str], Number]) -> Number | None:
    """A Russian keyboard has a decimal comma."""
    try:
        return parse(text.replace(",", ".")) if text else None
    except (ValueError, InvalidOperation):
        raise RuleRefused(_("“%(text)s” is not a number.") % {"text": text}) from None


def _name(rule: Rule) -> str:
    return f"{rule.scope} {rule.target}".strip()
