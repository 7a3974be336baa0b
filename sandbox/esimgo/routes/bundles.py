"""What lies on an eSIM: /esims/{iccid}/bundles, /esims/apply, and their deprecated forms."""

from typing import Any

from flask import Blueprint, request

from sandbox.esimgo import here, inventory
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.life import bundle_state
from sandbox.esimgo.routes.esims import spelled
from sandbox.esimgo.world import Assignment, Esim

routes = Blueprint("bundles", __name__)

IN_USE = ("processing", "queued", "active")
LARGEST_LIST = 200


@routes.post("/esims/apply")
def apply() -> dict[str, Any]:
    return inventory.apply(here.world(), here.body())


@routes.post("/esims/<iccid>/bundles")
def apply_to(iccid: str) -> dict[str, Any]:
    """Deprecated: the same for one eSIM; startTime means nothing any more."""
    body = here.body()
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    return inventory.apply(here.world(), {"name": body.get("name"), "iccid": iccid})


@routes.get("/esims/<iccid>/bundles")
def listed(iccid: str) -> dict[str, Any]:
    esim, limit = here.world().esim(iccid), here.whole("limit", 15, LARGEST_LIST)
    kept = [one for one in esim["assignments"] if here.flag("includeUsed") or bundle_state(one) in IN_USE]
    names = dict.fromkeys(one["name"] for one in kept[-limit:])
    return {"bundles": [_named(name, kept[-limit:]) for name in names]}


def _named(name: str, assignments: list[Assignment]) -> dict[str, Any]:
    bundle = here.world().catalogue.known(name)
    rows = [shown(one) for one in assignments if one["name"] == name]
    return {"name": name, "description": bundle["description"] if bundle else "", "assignments": rows}


@routes.get("/esims/<iccid>/bundles/<name>")
def latest(iccid: str, name: str) -> dict[str, Any]:
    """The latest assignment of that bundle, in a list of one."""
    return {"assignments": [shown(_of_name(here.world().esim(iccid), name)[-1])]}


def _of_name(esim: Esim, name: str) -> list[Assignment]:
    found = [one for one in esim["assignments"] if one["name"] == name]
    if not found:
        raise Refused(400, "bundle not found on the eSIM")
    return found


def shown(assignment: Assignment) -> dict[str, Any]:
    """An assignment as the API spells it: bytes, a state in lower case, no times before its first use."""
    row = {
        "id": assignment["id"],
        "assignmentReference": assignment["reference"],
        "callTypeGroup": "data",
        "initialQuantity": assignment["initial_b"],
        "remainingQuantity": assignment["remaining_b"],
        "assignmentDateTime": assignment["assigned"],
        "bundleState": spelled(bundle_state(assignment)),
        "unlimited": assignment["unlimited"],
        "allowances": [_allowance(assignment)],
    }
    if assignment["start"]:
        row |= {"startTime": assignment["start"], "endTime": assignment["end"]}
    return row


def _allowance(assignment: Assignment) -> dict[str, Any]:
    return {
        "type": "DATA",
        "service": "STANDARD",
        "description": "",
        "initialAmount": assignment["initial_b"],
        "remainingAmount": assignment["remaining_b"],
        "unit": "BYTES",
        "unlimited": assignment["unlimited"],
    }


@routes.delete("/esims/<iccid>/bundles/<name>")
def revoke_oldest(iccid: str, name: str) -> dict[str, str]:
    esim = here.world().esim(iccid)
    return _revoke(esim, inventory.oldest_unused(esim, name, request.args.get("offerId")))


@routes.delete("/esims/<iccid>/bundles/<name>/applications/<assignment_id>")
@routes.delete("/esims/<iccid>/bundles/<name>/assignments/<assignment_id>")
def revoke(iccid: str, name: str, assignment_id: str) -> dict[str, str]:
    esim = here.world().esim(iccid)
    found = [one for one in _of_name(esim, name) if one["id"] == assignment_id]
    if not found:
        raise Refused(400, "assignment not found on the eSIM")
    return _revoke(esim, found[0])


def _revoke(esim: Esim, assignment: Assignment) -> dict[str, str]:
    """`type` defaults to transaction, as documented, dangerous as that is."""
    kind, goes_to = request.args.get("type", "transaction"), _goes_to()
    if kind not in ("validate", "transaction"):
        raise Refused(400, "type must be validate or transaction")
    if kind == "validate":
        inventory.refuse_unless_revocable(assignment, goes_to)
        return {"status": f"Bundle can be refunded to {goes_to}" if goes_to else "Bundle can be revoked"}
    inventory.revoke(here.world(), esim, assignment, goes_to)
    refunded = f", bundle has been refunded to {goes_to}" if goes_to else ""
    return {"status": f"Successfully Revoked Bundle{refunded}"}


def _goes_to() -> str:
    """Where a revoked bundle goes; nowhere while refunds are off, and asking for money is a 403 then."""
    if here.flag("refundToBalance"):
        inventory.refuse_unless_refunding(here.world())
        return "balance"
    return "inventory" if here.world().habits.refunds else ""
