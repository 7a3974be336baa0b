"""GET /catalogue, /catalogue/bundle/{name}, /catalogue/prices, /networks."""

from typing import Any

from flask import Blueprint, request

from sandbox.esimgo.areas import Area
from sandbox.esimgo.catalogue import LARGEST_PAGE, shown
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.here import circumstances, flag, one_page, whole, world
from sandbox.esimgo.offers import SPEEDS

routes = Blueprint("catalogue", __name__)


@routes.get("/catalogue")
def catalogue() -> dict[str, Any]:
    """The envelope is the one live clients read; the schema promises a bare list."""
    found = world().catalogue.find(request.args.to_dict())
    rows, counts = one_page(found, whole("page", 1, 10**6), whole("perPage", 50, LARGEST_PAGE))
    factor = circumstances().price_factor
    return {"bundles": [shown(bundle, factor) for bundle in rows], **counts}


@routes.get("/catalogue/bundle/<name>")
def bundle(name: str) -> dict[str, Any]:
    """The schema calls `groups` `group` here, so it is called that."""
    found = world().catalogue.get(name)
    if found is None:
        raise Refused(400, "bundle not found")
    row = shown(found, circumstances().price_factor)
    row["group"] = row.pop("groups")
    return row


@routes.get("/catalogue/prices")
def prices() -> dict[str, Any]:
    """For partners who are billed by consumption, which this one is not."""
    raise Refused(403, "consumption pricing is not enabled for this organisation")


@routes.get("/networks")
def networks() -> dict[str, Any]:
    wanted = {
        part.strip() for name in ("isos", "countries") for part in request.args.get(name, "").split(",")
    }
    areas = [area for area in world().catalogue.areas.values() if not area.covers]
    if not flag("returnAll"):
        areas = [area for area in areas if area.code in wanted or area.name in wanted]
    return {"countryNetworks": [{"name": area.code, "networks": _networks(area)} for area in areas]}


def _networks(area: Area) -> list[dict[str, Any]]:
    """Two invented operators; 001 is the mobile country code reserved for tests."""
    return [
        {
            "name": f"{brand} {area.name}",
            "brandName": brand,
            "mcc": "001",
            "mnc": mnc,
            "tagid": f"{area.code}{mnc}",
            "speed": SPEEDS[area.profile],
        }
        for brand, mnc in (("Example Mobile", "01"), ("Sample Telecom", "02"))
    ]
