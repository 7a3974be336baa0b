"""Switching off: all sales, payments, messages to customers, or one place."""

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.models import Area, Customer
from webapp.operations import admin as actions
from webapp.state import switches as kill_switches
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.flash import Flash, done, stale


@blueprint.get("/switches")
@admin
def switches(admin: Customer) -> Response:
    return _shown()


@blueprint.post("/switches")
@admin
def turn(admin: Customer) -> Response:
    """`name` is a switch of the whole shop; `area` the code of a place. `on` is yes or no."""
    name, on = _name(), request.form.get("on", "")
    if on not in {"yes", "no"}:
        raise BadRequest
    try:
        with actions.acting(admin, "switch.on" if on == "yes" else "switch.off", name):
            if not kill_switches.turn(name, admin.telegram_user_id, on=on == "yes"):
                raise actions.StaleState
    except actions.StaleState:
        return _shown(stale())
    return _shown(done())


def _name() -> str:
    code, name = request.form.get("area", "")[:100].lower(), request.form.get("name", "")
    if name in kill_switches.SHOP:
        return name
    if "\0" in code or not Area.select().where(Area.code == code).exists():
        raise BadRequest
    return kill_switches.area(code)


def _shown(flash: Flash | None = None) -> Response:
    off = kill_switches.off()
    areas = [(area, off.get(kill_switches.area(area.code))) for area in Area.select().order_by(Area.code)]
    return page.personal(
        "admin/switches",
        flash=flash,
        off=off,
        names=kill_switches.SHOP,
        closed=[(area, switch) for area, switch in areas if switch],
        open_areas=[area for area, switch in areas if not switch],
    )
