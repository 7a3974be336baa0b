"""Which row of the provider's list is which plan of ours, when one eSIM carries several."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from webapp.clients.esimgo.payloads import AssignmentState

SKEW = timedelta(hours=1)
"""By how much the provider's clock may be behind ours before a plan seems to be older than its order."""

LATEST = datetime.max.replace(tzinfo=UTC)


class Bought(Protocol):
    """A plan of ours on an eSIM. `order` has `paid_at`, `created_at`, `esimgo_order_id`, `esim_id`."""

    id: Any
    order: Any
    bundle: Any
    provider_id: Any


B = TypeVar("B", bound=Bought)


class Pair(NamedTuple, Generic[B]):
    ours: B
    told: AssignmentState


def match(ours: Sequence[B], told: Sequence[AssignmentState]) -> list[Pair[B]]:
    """Each of ours with at most one row, and each row with at most one of ours.

    The surest sign goes first: the id that a plan got when it was first seen, then the provider's order in
    the reference of the assignment, then bundle and time, the oldest with the oldest.
    """
    waiting = sorted(ours, key=lambda assignment: (_bought_at(assignment), assignment.id))
    free = sorted(told, key=lambda state: state.assigned_at or LATEST)
    pairs: list[Pair[B]] = []
    for fits in (_same_id, _same_order, _same_bundle):
        found = _pair_off(waiting, free, fits)
        pairs += found
        waiting = [assignment for assignment in waiting if assignment not in [pair.ours for pair in found]]
    return pairs


def _pair_off(
    waiting: Sequence[B], free: list[AssignmentState], fits: Callable[[Bought, AssignmentState], bool]
) -> list[Pair[B]]:
    """Takes from `free` what it hands out."""
    pairs = []
    for assignment in waiting:
        place = next((place for place, state in enumerate(free) if fits(assignment, state)), None)
        if place is not None:
            pairs.append(Pair(assignment, free.pop(place)))
    return pairs


def _same_id(assignment: Bought, state: AssignmentState) -> bool:
    return bool(state.id) and state.id == assignment.provider_id


def _same_order(assignment: Bought, state: AssignmentState) -> bool:
    """An assignmentReference is the reference of an order and a number: <uuid>-<n>."""
    order = assignment.order.esimgo_order_id
    named = bool(order) and (state.reference == order or state.reference.startswith(f"{order}-"))
    return named and _may_be(assignment, state)


def _same_bundle(assignment: Bought, state: AssignmentState) -> bool:
    """What came with a new eSIM may be older than its order; a top-up was put there for it."""
    if not _may_be(assignment, state):
        return False
    came_with_it = assignment.order.esim_id is None
    return came_with_it or state.assigned_at is None or state.assigned_at > _bought_at(assignment) - SKEW


def _may_be(assignment: Bought, state: AssignmentState) -> bool:
    """Same bundle, and not told apart by an id."""
    known_apart = bool(assignment.provider_id and state.id)
    return not known_apart and state.bundle in {"", assignment.bundle}


def _bought_at(assignment: Bought) -> datetime:
    moment: datetime = assignment.order.paid_at or assignment.order.created_at
    return moment
