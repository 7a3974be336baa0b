"""What happens to an eSIM in a traveller's hands: installed, attached, used, run out.

A bundle's state is never stored; it follows from what was used and from the clock. Its days begin with the
first use of data, not with the purchase (eSIM Go, FirstUse callback).
"""

from datetime import timedelta
from typing import Any

from sandbox import clock
from sandbox.esimgo import callbacks as say
from sandbox.esimgo import stamps
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.world import UNUSED_LIFE, Assignment, Esim, World

ON_A_PHONE = ("Installed", "Enabled")  # platforms differ in the word
UTILISATION_PERCENTS = (50, 80, 100)  # the documented 1 % is superseded by FirstUse


def bundle_state(assignment: Assignment) -> str:
    """processing, queued, active, depleted, expired, lapsed or revoked, as of now; or as it was decreed."""
    if assignment.get("label"):
        return str(assignment["label"])
    if assignment["revoked"]:
        return "revoked"
    if assignment["start"] is None:
        return _unused_state(assignment)
    if assignment["end"] <= _now_text():
        return "expired"
    used_up = not assignment["unlimited"] and assignment["remaining_b"] == 0
    return "depleted" if used_up else "active"


def _unused_state(assignment: Assignment) -> str:
    if (assignment.get("ready") or "") > _now_text():
        return "processing"
    return "lapsed" if lapses_at(assignment) <= _now_text() else "queued"


def lapses_at(assignment: Assignment) -> str:
    return stamps.seconds(stamps.parse(assignment["assigned"]) + UNUSED_LIFE)


def _now_text() -> str:
    """Moments of equal form can be compared as text."""
    return stamps.seconds(clock.now())


def install(world: World, esim: Esim) -> None:
    """A phone downloads the profile; a second time changes nothing."""
    if esim["profileStatus"] in ON_A_PHONE:
        return
    if esim["state"] == "deactivated":
        raise Refused(400, "the eSIM is deactivated")
    esim["profileStatus"] = "Installed"
    esim["firstInstalled"] = esim["firstInstalled"] or stamps.milliseconds(clock.now())
    world.note(esim, "eSIM Updated")
    if world.habits.profile_callbacks:
        world.callbacks.send(say.profile_status(esim["iccid"], "Installed", clock.now()))


def use(world: World, esim: Esim, bytes_: int) -> int:
    """Spend data on an installed eSIM; returns how many bytes found a bundle to go to.

    Refused(400) when the eSIM cannot carry any data now.
    """
    _refuse_unless_usable(esim)
    _attach(world, esim)
    used = 0
    while used < bytes_ and (assignment := _next_bundle(esim)):
        used += _use_bundle(world, esim, assignment, bytes_ - used)
    return used


def _refuse_unless_usable(esim: Esim) -> None:
    if esim["profileStatus"] not in ON_A_PHONE:
        raise Refused(400, "the eSIM is not installed")
    if esim["state"] != "active":
        raise Refused(400, f"the eSIM is {esim['state']}")
    if _next_bundle(esim) is None:
        raise Refused(400, "no data is left on this eSIM")


def _next_bundle(esim: Esim) -> Assignment | None:
    """The active bundle that ends first, else the queued one that would lapse first."""
    by_state: dict[str, list[Assignment]] = {}
    for assignment in esim["assignments"]:
        by_state.setdefault(bundle_state(assignment), []).append(assignment)
    if active := by_state.get("active"):
        return min(active, key=lambda assignment: str(assignment["end"]))
    return min(by_state.get("queued", []), key=lapses_at, default=None)


def _attach(world: World, esim: Esim) -> None:
    esim["lastSeen"] = stamps.microseconds(clock.now())
    if not esim["attached"]:
        esim["attached"] = True
        world.note(esim, "eSIM First Attachment")
        world.callbacks.send(say.first_attachment(esim["iccid"]))
    world.touch()


def _use_bundle(world: World, esim: Esim, assignment: Assignment, bytes_: int) -> int:
    if assignment["start"] is None:
        _start(world, esim, assignment)
    if assignment["unlimited"]:
        assignment["used_b"] += bytes_
        return bytes_
    before = assignment["remaining_b"]
    taken: int = min(bytes_, before)
    assignment["remaining_b"] -= taken
    assignment["used_b"] += taken
    _report_marks(world, esim, assignment, before)
    return taken


def _start(world: World, esim: Esim, assignment: Assignment) -> None:
    assignment |= days_from_now(assignment)
    world.note(esim, "eSIM First Use", assignment["name"])
    world.callbacks.send(say.first_use(esim["iccid"], _told(world, assignment)))


def _report_marks(world: World, esim: Esim, assignment: Assignment, before: int) -> None:
    """One Utilisation callback per mark that this use went past."""
    initial = assignment["initial_b"]
    for percent in UTILISATION_PERCENTS:
        left_at_mark = initial - initial * percent // 100
        if assignment["remaining_b"] <= left_at_mark < before:
            world.note(esim, "eSIM Utilisation Alert", assignment["name"])
            world.callbacks.send(say.utilisation(esim["iccid"], _told(world, assignment)))


def days_from_now(assignment: Assignment) -> dict[str, str]:
    """The start and end of a bundle that is used for the first time now."""
    end = clock.now() + timedelta(days=assignment["days"])
    return {"start": stamps.seconds(clock.now()), "end": stamps.seconds(end)}


def _told(world: World, assignment: Assignment) -> dict[str, Any]:
    return say.bundle(assignment, description(world, assignment), world.callbacks.signature)


def description(world: World, assignment: Assignment) -> str:
    bundle = world.catalogue.known(assignment["name"])
    return str(bundle["description"]) if bundle else ""


def history(esim: Esim) -> list[dict[str, Any]]:
    """What happened, with the ends that came by themselves."""
    ends: list[dict[str, Any]] = []
    for assignment in esim["assignments"]:
        state = bundle_state(assignment)
        if state == "expired":
            event = {"name": "Bundle Expired", "bundleName": assignment["name"], "date": assignment["end"]}
            ends.append(event)
        if state == "lapsed":
            date = lapses_at(assignment)
            ends.append({"name": "Bundle Lapsed", "bundleName": assignment["name"], "date": date})
    return sorted([*esim["history"], *ends], key=lambda event: str(event["date"]))
