"""A customer's eSIMs, and which of them and of their plans counts now."""

from collections import defaultdict
from collections.abc import Sequence

from webapp.base import clock
from webapp.esims.intervals import EAGER_FOR
from webapp.models import Assignment, Customer, Esim, Order
from webapp.models.profiles import DEAD, ENDED, IN_USE, OFF_PHONE, WAITING

Card = tuple[Esim, Assignment | None]


def of_customer(customer: Customer) -> list[Esim]:
    """The customer's eSIMs with their orders, the newest first."""
    query = Esim.select(Esim, Order).join(Order).where(Esim.customer == customer)
    return list(query.order_by(Esim.created_at.desc()))


def find(customer: Customer, reference: str) -> Esim | None:
    """The customer's own eSIM; None for anybody else's."""
    return Esim.get_or_none(Esim.reference == reference, Esim.customer == customer)


def cards(customer: Customer) -> list[Card]:
    """The customer's eSIMs, the newest first, each with the plan that counts now: always two queries."""
    found = of_customer(customer)
    plans = _plans_on(found)
    return [(esim, min(plans[esim.id], key=_turn, default=None)) for esim in found]


def assignment_of(esim: Esim) -> Assignment | None:
    """The plan that counts now: one in use, else the next one waiting, else the last."""
    return min(_plans_on([esim])[esim.id], key=_turn, default=None)


def _plans_on(esims: Sequence[Esim]) -> defaultdict[int, list[Assignment]]:
    plans: defaultdict[int, list[Assignment]] = defaultdict(list)
    both = Assignment.select(Assignment, Order, Esim).join(Order).switch(Assignment).join(Esim)
    for assignment in both.where(Assignment.esim.in_(esims or [0])):
        plans[assignment.esim.id].append(assignment)
    return plans


def _turn(assignment: Assignment) -> tuple[int, int]:
    """eSIM Go uses what ends first, which is what was bought first."""
    if assignment.state == "active":
        return 0, assignment.id
    if assignment.state in WAITING:
        return 1, assignment.id
    return (2 if assignment.state in IN_USE else 3), -assignment.id


def current(customer: Customer) -> Esim | None:
    """The eSIM in use: with an active plan, else on the phone, else the newest that has not ended."""
    usable = (card for card in cards(customer) if DEAD not in {card[0].profile_status, card[0].state})
    alive = [(esim, plan) for esim, plan in usable if plan and plan.state not in ENDED]
    esim, _ = min(alive, key=_use_rank, default=(None, None))
    return esim


def _use_rank(card: Card) -> int:
    esim, assignment = card
    if assignment is not None and assignment.state in IN_USE:
        return 0
    return 1 if is_on_phone(esim) else 2


def is_past(esim: Esim, assignment: Assignment | None) -> bool:
    """Dead, or the last of its plans has ended: nothing to look after."""
    dead = DEAD in {esim.profile_status, esim.state}
    return dead or (assignment is not None and assignment.state in ENDED)


def plan_of(order: Order) -> Assignment | None:
    """What this order has brought: to its own eSIM, or to the one that it tops up."""
    return Assignment.get_or_none(Assignment.order == order)


def is_on_phone(esim: Esim) -> bool:
    """Was it installed, and not removed since?"""
    return esim.installed_at is not None and esim.profile_status not in OFF_PHONE


def is_installing(esim: Esim) -> bool:
    """Has Activate been pressed lately, and the eSIM is not on a phone yet?"""
    pressed = esim.activate_pressed_at
    return pressed is not None and not is_on_phone(esim) and clock.now() - pressed < EAGER_FOR
