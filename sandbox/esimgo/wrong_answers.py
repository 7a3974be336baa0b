"""Answers about purchases that are good JSON and not true. What was done is not touched by them."""

import copy
from collections.abc import Callable
from typing import Any

from sandbox.esimgo.world import World

TELLING = ("/v2.5/orders", "/v2.5/esims/assignments")
"""Beginnings of the paths whose answers tell of purchases."""

Esims = list[dict[str, Any]]
TOLD = ("iccid", "matchingId", "smdpAddress")


def instead(kind: str, told: Any, earlier: Any, world: World) -> Any:
    """What is answered in place of `told`: the same, unless `kind` is one of KINDS. `earlier`: the last
    answer to a question of this sort, None when there was none.
    """
    if kind == "swapped_answer":
        return told if earlier is None else earlier
    if kind not in KINDS:
        return told
    told = copy.deepcopy(told)
    for row in _rows(told):
        esims = _CHANGES[kind](row.get("esims", []), world)
        row |= {"esims": esims, "iccids": [esim["iccid"] for esim in esims]}
    return _assignments(kind, told, world) if _is_install_data(told) else told


def _rows(told: Any) -> list[dict[str, Any]]:
    """The lines of every order in it that have eSIMs."""
    orders = told if isinstance(told, list) else [told]
    return [row for order in orders for row in order.get("order", []) if row.get("esims")]


def _is_install_data(told: Any) -> bool:
    rows = told if isinstance(told, list) else [told]
    return bool(rows) and all("iccid" in row for row in rows)


def _assignments(kind: str, told: Any, world: World) -> Any:
    rows = told if isinstance(told, list) else [told]
    changed = _CHANGES[kind](rows, world)
    return changed[0] if len(changed) == 1 else changed


def _tripled(esims: Esims, world: World) -> Esims:
    """Two for each that nobody has ordered, and those first."""
    return [more for esim in esims for more in (_invented(world), _invented(world), esim)]


def _invented(world: World) -> dict[str, Any]:
    iccid = world.new_iccid()
    return {"iccid": iccid, "matchingId": f"NOT-{iccid[-5:]}-OURS", "smdpAddress": "rsp.example.com"}


def _shortened(esims: Esims, _world: World) -> Esims:
    """The last one is missing."""
    return esims[:-1]


def _foreign(esims: Esims, world: World) -> Esims:
    """The oldest eSIMs of other orders, as far as there are any."""
    mine = {esim["iccid"] for esim in esims}
    others = [esim for iccid, esim in world.esims.items() if iccid not in mine]
    foreign = [{key: esim[key] for key in TOLD} for esim in others[: len(esims)]]
    return foreign + esims[len(foreign) :]


_CHANGES: dict[str, Callable[[Esims, World], Esims]] = {
    "tripled_answer": _tripled,
    "shortened_answer": _shortened,
    "foreign_iccids": _foreign,
}
KINDS = {"swapped_answer", *_CHANGES}
"""swapped_answer: the answer of an earlier request. tripled_answer: three eSIMs for one. shortened_answer: an
eSIM is missing. foreign_iccids: eSIMs that somebody else has.
"""
