"""/esims: the list, the details, and what can be done to one eSIM."""

import operator
from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import clock
from sandbox.esimgo import callbacks, fates, here, life, stamps
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.world import Esim

routes = Blueprint("esims", __name__)

LONGEST_SMS = 160
PAGE_SIZES = (10, 25, 50, 100)
FILTERS = ("iccid", "customerRef", "lastAction", "actionDate", "assignedDate")
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "like": lambda text, part: part.lower() in text.lower(),
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}
INSTALL_HOSTS = {"apple": "esimsetup.apple.com", "android": "esimsetup.android.com"}


@routes.get("/esims")
def listed() -> dict[str, Any]:
    size = here.whole("perPage", 10, 100)
    if size not in PAGE_SIZES:
        raise Refused(400, "perPage must be 10, 25, 50 or 100")
    if request.args.get("orderBy", "iccid") != "iccid":
        raise Refused(400, "orderBy must be iccid")
    if request.args.get("filterBy", "iccid") not in FILTERS:
        raise Refused(400, f"filterBy must be one of {', '.join(FILTERS)}")
    ours = [esim for esim in here.world().esims.values() if not esim.get("deleted")]
    rows = [row for row in map(_row, ours) if _is_wanted(row)]
    if "orderBy" in request.args:
        rows.sort(key=lambda row: str(row["iccid"]))
    if request.args.get("direction", "asc") == "desc":
        rows.reverse()
    page, counts = here.one_page(rows, here.whole("page", 1, 10**6), size)
    return {"esims": page, **counts}


def _row(esim: Esim) -> dict[str, Any]:
    last = esim["history"][-1] if esim["history"] else {"name": "", "date": esim["assignedDate"]}
    return {
        "iccid": esim["iccid"],
        "customerRef": esim["customerRef"],
        "lastAction": last["name"],
        "actionDate": stamps.seconds(stamps.parse(last["date"])),
        "physical": False,
        "assignedDate": esim["assignedDate"],
        "state": spelled(esim["state"]),
    }


def spelled(state: str) -> str:
    """The documentation writes states in both ways."""
    return state.capitalize() if here.world().habits.capitals else state


def _is_wanted(row: dict[str, Any]) -> bool:
    """`filter` may begin with an operator (since v2.2); moments of equal form compare as text."""
    column, text = request.args.get("filterBy"), request.args.get("filter", "")
    if column is None:
        return True
    name, colon, value = text.partition(":")
    compare = OPERATORS.get(name) if colon else None
    return compare(str(row[column]), value) if compare else str(row[column]) == text


@routes.put("/esims")
def rename() -> dict[str, str]:
    """customerRef is a free label; JSON or query, as documented."""
    data = request.get_json(force=True, silent=True) or request.args.to_dict()
    if not isinstance(data, dict) or not isinstance(data.get("customerRef"), str):
        raise Refused(400, "iccid and customerRef are required")
    esim = here.world().esim(data.get("iccid"))
    esim["customerRef"] = data["customerRef"]
    here.world().touch()
    return {"status": "success"}


@routes.get("/esims/<iccid>")
def details(iccid: str) -> dict[str, Any]:
    """firstInstalledDateTime is milliseconds since 1970 here, and absent before the first install."""
    esim = here.world().esim(iccid)
    row = {
        "iccid": iccid,
        "msisdn": "",
        **{key: esim[key] for key in ("pin", "puk", "matchingId", "smdpAddress", "profileStatus")},
        "customerRef": esim["customerRef"],
        "brandingId": "",
        "profileName": esim["profileName"],
        "state": spelled(esim["state"]),
    }
    if esim["firstInstalled"]:
        row["firstInstalledDateTime"] = int(stamps.parse(esim["firstInstalled"]).timestamp() * 1000)
    return row | install_urls(esim)


@routes.delete("/esims/<iccid>")
def delete(iccid: str) -> dict[str, str]:
    fates.delete(here.world(), here.world().esim(iccid))
    return {"status": "success"}


@routes.post("/esims/<iccid>/sms")
def sms(iccid: str) -> dict[str, str]:
    """Accepted at once; that it did not arrive is told by SMSFailed."""
    here.world().esim(iccid)
    body = here.body()
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not 1 <= len(message) <= LONGEST_SMS:
        raise Refused(400, f"message must have 1 to {LONGEST_SMS} characters")
    if body.get("from", "eSIM") != "eSIM":
        raise Refused(400, "from must be eSIM")
    if here.world().habits.sms_fails:
        here.world().callbacks.send(callbacks.sms_failed(iccid, clock.now()))
    return {"status": "sent"}


def install_urls(esim: Esim) -> dict[str, str]:
    """As additionalFields asks for them: installUrl gives both, the older appleInstallUrl only Apple's."""
    wanted = request.args.get("additionalFields", "")
    phones = {"installUrl": ("apple", "android"), "appleInstallUrl": ("apple",)}.get(wanted, ())
    path = "/esim_qrcode_provisioning?carddata=" + activation_code(esim)
    return {f"{phone}InstallUrl": f"https://{INSTALL_HOSTS[phone]}{path}" for phone in phones}


def activation_code(esim: Esim) -> str:
    return f"LPA:1${esim['smdpAddress']}${esim['matchingId']}"


@routes.get("/esims/<iccid>/history")
def history(iccid: str) -> ResponseReturnValue:
    return jsonify(life.history(here.world().esim(iccid)))


@routes.get("/esims/<iccid>/refresh")
def refresh(iccid: str) -> dict[str, str]:
    here.world().note(here.world().esim(iccid), "eSIM Refreshed")
    return {"status": "Successfully refreshed SIM"}


@routes.get("/esims/<iccid>/compatible/<name>")
def compatible(iccid: str, name: str) -> dict[str, bool]:
    """Equal profiles fit; how the provider itself decides is not public."""
    esim, bundle = here.world().esim(iccid), here.world().catalogue.get(name)
    if bundle is None:
        raise Refused(400, "bundle not found")
    return {"compatible": esim["profileName"] == bundle["profileName"]}


@routes.get("/esims/<iccid>/location")
def location(iccid: str) -> dict[str, Any]:
    esim = here.world().esim(iccid)
    if esim["lastSeen"] is None:
        raise Refused(400, "the eSIM has not been seen on a network")
    return {
        "mobileNetworkCode": "00101",
        "networkName": "Example Mobile",
        "networkBrandName": "Example Mobile",
        "country": _country(esim),
        "lastSeen": esim["lastSeen"],
    }


def _country(esim: Esim) -> str:
    """Where it was sent, else where its newest bundle is meant for; in a region, the first country."""
    if esim.get("country"):
        return str(esim["country"])
    bundle = here.world().catalogue.known(esim["assignments"][-1]["name"])
    places = (bundle["roamingEnabled"] or bundle["countries"]) if bundle else [{"iso": ""}]
    return str(places[0]["iso"])


@routes.get("/esims/<iccid>/suspend")
def is_suspended(iccid: str) -> dict[str, bool]:
    return {"suspended": here.world().esim(iccid)["state"] == "suspended"}


@routes.post("/esims/<iccid>/suspend")
def suspend(iccid: str) -> ResponseReturnValue:
    esim, body = here.world().esim(iccid), here.body()
    if not isinstance(body, dict) or not isinstance(body.get("suspend"), bool):
        raise Refused(400, "suspend must be true or false")
    if esim["state"] == "deactivated":
        raise Refused(400, "the eSIM is deactivated")
    esim["state"] = "suspended" if body["suspend"] else "active"
    here.world().touch()
    done = "suspended" if body["suspend"] else "unsuspended"
    return {"status": f"eSIM {done} successfully"}, 201
