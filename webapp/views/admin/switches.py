"""Switching off: all sales, payments, messages to customers, or one place."""

from flask import Response, request
from werkzeug.exceptions import BadRequest

from webapp.models import Area, Customer
from webapp.operations import admin as deeds
from webapp.state import switches as lever
from webapp.views import page
from webapp.views.admin.door import admin, blueprint
from webapp.views.admin.said import Said, done, overtaken


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
        with deeds.acting(admin, "switch.on" if on == "yes" else "switch.off", name):
            deeds.turn(name, admin.telegram_user_id, on=on == "yes")
    except deeds.Overtaken:
        return _shown(overtaken())
    return _shown(done())


def _name() -> str:
    code, name = request.form.get("area", "")[:100].lower(), request.form.get("name", "")
    if name in lever.SHOP:
        return name
    if "\0" in code or not Area.select().where(Area.code == code).exists():
        raise BadRequest
    return lever.area(code)


def _shown(said: Said | None = None) -> Response:
    off = lever.off()
    areas = list(Area.select().order_by(Area.code))
    return page.personal(
        "admin/switches",
        said=said,
        off=off,
        names=lever.SHOP,
        closed=[(area, off[lever.area(area.code)]) for area in areas if lever.area(area.code) in off],
        open_areas=[area for area in areas if lever.area(area.code) not in off],
    )
