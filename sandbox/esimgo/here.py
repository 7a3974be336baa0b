"""What a route needs to know of the sandbox it runs in, and how it reads its query."""

from dataclasses import dataclass, field
from typing import Any

from flask import current_app, request

from sandbox.esimgo.errors import Refused
from sandbox.esimgo.limits import RateLimit
from sandbox.esimgo.orders import Circumstances
from sandbox.esimgo.world import World
from sandbox.faults import CallLog, Fault, FaultBook

DRIFT = 1.1
LATE_S = 30.0


@dataclass(frozen=True)
class Sandbox:
    """All parts of one emulator; kept in app.extensions["sandbox"]. `said`: the last true answer of each
    endpoint that tells of purchases.
    """

    api_key: str
    world: World
    faults: FaultBook
    calls: CallLog
    limit: RateLimit
    said: dict[str, Any] = field(default_factory=dict)


def sandbox() -> Sandbox:
    here: Sandbox = current_app.extensions["sandbox"]
    return here


def world() -> World:
    return sandbox().world


def fault() -> Fault | None:
    """The fault that meets this call."""
    met: Fault | None = request.environ.get("sandbox.fault")
    return met


def fault_kind() -> str:
    """Its kind, or an empty text."""
    return met.kind if (met := fault()) else ""


def late_s() -> float:
    """For how long this call keeps an order out of the lists, in seconds."""
    met = fault()
    return met.after_s or LATE_S if met and met.kind == "late_visible" else 0.0


def circumstances() -> Circumstances:
    """price_changed makes everything a quarter dearer, price_drift by its factor; out_of_funds shows an empty
    balance.
    """
    met = fault()
    kind = met.kind if met else ""
    drift = met.factor or DRIFT if met and kind == "price_drift" else 1.0
    return Circumstances(
        price_factor=1.25 if kind == "price_changed" else drift,
        broke=kind == "out_of_funds",
        late_s=late_s(),
        twice=kind == "duplicate_order",
    )


def body() -> Any:
    """The request's JSON; Refused(400) when it is none."""
    data = request.get_json(force=True, silent=True)
    if data is None:
        raise Refused(400, "the body must be JSON")
    return data


def flag(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def whole(name: str, default: int, most: int) -> int:
    """A query parameter between 1 and `most`; Refused(400) for anything else."""
    text = request.args.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(400, f"{name} must be a number between 1 and {most}")
    return int(text)


def one_page(rows: list[Any], page: int, size: int) -> tuple[list[Any], dict[str, int]]:
    """The rows of a page, and the counts of the envelope around it."""
    counts = {"pageCount": -(-len(rows) // size), "rows": len(rows), "pageSize": size}
    return rows[(page - 1) * size : page * size], counts
