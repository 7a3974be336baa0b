"""What can befall an eSIM at a test's word: any state, another country, an end (`/_sandbox/esims/...`)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox import clock
from sandbox.esimgo import callbacks, stamps
from sandbox.esimgo.life import days_from_now
from sandbox.esimgo.world import UNUSED_LIFE, Assignment, Esim, World

FOR_EVER = "9999-12-31T00:00:00Z"
ESIM_STATES = ("active", "suspended", "deactivated")


def decree(world: World, esim: Esim, wish: dict[str, Any]) -> None:
    """`{"profileStatus", "state", "bundleState", "bundle"}`, each as wished; nothing is told to the shop.

    `bundle` is a name or an assignment's id; without it the newest one is meant. A bundleState that is not
    documented sticks as it is until another is set. ValueError when a wish makes no sense.
    """
    if unknown := wish.keys() - {"profileStatus", "state", "bundleState", "bundle"}:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    if not wish or not all(isinstance(value, str) and value for value in wish.values()):
        raise ValueError("give texts for profileStatus, state or bundleState")
    if wish.get("state", "active") not in ESIM_STATES:
        raise ValueError(f"state is one of {', '.join(ESIM_STATES)}")
    if "bundleState" in wish:
        set_bundle_state(_assignment(esim, wish.get("bundle")), wish["bundleState"])
    if "profileStatus" in wish:
        esim["profileStatus"] = wish["profileStatus"]
        if wish["profileStatus"] in ("Installed", "Enabled", "Disabled"):
            esim["firstInstalled"] = esim["firstInstalled"] or stamps.milliseconds(clock.now())
    esim["state"] = wish.get("state", esim["state"])
    world.touch()


def _assignment(esim: Esim, wanted: str | None) -> Assignment:
    found = [one for one in esim["assignments"] if wanted in (None, one["name"], one["id"])]
    if not found:
        raise ValueError(f"no bundle {wanted!r} on this eSIM")
    newest: Assignment = found[-1]
    return newest


def set_bundle_state(assignment: Assignment, state: str) -> None:
    """States follow from what was used and from the clock, so this sets what they follow from."""
    if state not in BUNDLE_STATES:
        assignment["label"] = state
        return
    assignment |= {"label": None, "ready": None, "revoked": False}
    BUNDLE_STATES[state](assignment)


def _queued(assignment: Assignment) -> None:
    fresh = {"start": None, "end": None, "used_b": 0, "remaining_b": assignment["initial_b"]}
    assignment |= fresh | {"assigned": stamps.nanoseconds()}


def _processing(assignment: Assignment) -> None:
    _queued(assignment)
    assignment["ready"] = FOR_EVER


def _active(assignment: Assignment) -> None:
    assignment |= days_from_now(assignment)
    assignment["remaining_b"] = assignment["remaining_b"] or assignment["initial_b"]


def _depleted(assignment: Assignment) -> None:
    assignment |= days_from_now(assignment)
    assignment |= {"remaining_b": 0, "used_b": assignment["initial_b"]}
    if assignment["unlimited"]:
        assignment["label"] = "depleted"


def _expired(assignment: Assignment) -> None:
    start = clock.now() - timedelta(days=assignment["days"])
    assignment |= {"start": stamps.seconds(start), "end": stamps.seconds(clock.now())}


def _lapsed(assignment: Assignment) -> None:
    _queued(assignment)
    assigned = (clock.now() - UNUSED_LIFE).isoformat(timespec="microseconds")
    assignment["assigned"] = assigned.replace("+00:00", "000Z")


def _revoked(assignment: Assignment) -> None:
    assignment["revoked"] = True


BUNDLE_STATES: dict[str, Callable[[Assignment], None]] = {
    "processing": _processing,
    "queued": _queued,
    "active": _active,
    "depleted": _depleted,
    "expired": _expired,
    "revoked": _revoked,
    "lapsed": _lapsed,
}


def travel(world: World, esim: Esim, iso: object) -> None:
    """The phone is seen in this country; a new one is told by CountryChange."""
    if not isinstance(iso, str) or not iso:
        raise ValueError("iso is the code of a country")
    is_new = esim.get("country") != iso
    esim["country"], esim["lastSeen"] = iso, stamps.microseconds(clock.now())
    if is_new:
        name = world.catalogue.country_name(iso)
        world.callbacks.send(callbacks.country_change(esim["iccid"], iso, name))
    world.touch()


def delete(world: World, esim: Esim) -> None:
    """Irreversible: unused bundles go without a refund, and from now on the eSIM is nobody's."""
    for assignment in esim["assignments"]:
        assignment["revoked"] = True
    esim |= {"state": "deactivated", "profileStatus": "Deactivated", "deleted": True}
    world.note(esim, "eSIM Returned")
    world.callbacks.send(callbacks.deletion("esim.deleted", esim["iccid"], clock.now()))
