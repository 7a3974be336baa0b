"""The answer is compared with the question: is this the purchase that was asked for?

eSIM Go has no idempotency key, so that an answer is tied to its request by nothing but what it says. One that
says something else is not delivered: the intent is looked up, and the owner hears of it.
"""

from collections.abc import Collection, Iterable

from webapp.clients.esimgo.payloads import OrderItem, ProviderOrder
from webapp.models import Esim, Order, Submission
from webapp.orders.quotes import TOLERANCE_PERCENT
from webapp.state import incidents

NEW = {"bundle"}
TOP_UP = {"bundle", "topup", "apitopup"}
"""What eSIM Go calls the item of an order that was made by its API."""


def difference(submission: Submission, placed: ProviderOrder, iccids: Collection[str]) -> str:
    """How a purchase differs from the intent, in words; empty when it may be delivered. `iccids`: every ICCID
    that is told of it, from wherever; none so far is no difference, for they may come later.

    Its price is no part of this: what has been made and is dearer has been paid for (`overcharge`).
    """
    return (
        another_bundle(submission, placed)
        or another_number(submission, placed)
        or _other_esims(submission, placed, iccids)
    )


def another_bundle(submission: Submission, placed: ProviderOrder) -> str:
    """Is another one named? What is not told is no difference."""
    named = next((item.item for item in placed.items if item.item not in {"", submission.bundle}), "")
    return f"{named} instead of {submission.bundle}" if named else ""


def another_number(submission: Submission, placed: ProviderOrder) -> str:
    told = [item.quantity for item in placed.items if item.quantity is not None]
    if told and sum(told) != submission.quantity:
        return f"{sum(told)} eSIMs instead of {submission.quantity}"
    return ""


def names_bundle(placed: ProviderOrder) -> bool:
    return any(item.item for item in placed.items)


def _other_esims(submission: Submission, placed: ProviderOrder, iccids: Collection[str]) -> str:
    different = set(iccids)
    if not different:
        return ""
    if submission.iccid:
        return "" if different == {submission.iccid} else "another eSIM than the one that is topped up"
    if len(different) != submission.quantity and (placed.completed or len(different) > submission.quantity):
        return f"{len(different)} ICCIDs instead of {submission.quantity}"
    return "an ICCID that somebody else has" if taken(different, besides=submission.order) else ""


def taken(iccids: Iterable[str], besides: Order | None = None) -> set[str]:
    """Those that an eSIM of ours has already; not the one that the order `besides` has brought."""
    rows = Esim.select(Esim.iccid).where(Esim.iccid.in_(list(iccids) or [""]))
    return {row.iccid for row in (rows if besides is None else rows.where(Esim.order != besides))}


def charged(placed: ProviderOrder) -> int | None:
    """What it has cost, in thousandths; None where that is not told."""
    lines = [item.total for item in placed.items]
    total = placed.total
    if total is None and lines and None not in lines:
        total = sum(line for line in lines if line is not None)
    return total if total is not None and total >= 0 else None


def overcharge(submission: Submission, placed: ProviderOrder) -> str:
    """In words, when it has cost more than the intent expects and the tolerance of quotes allows."""
    cost, expected = charged(placed), submission.cost
    if cost is None or cost * 100 <= expected * (100 + TOLERANCE_PERCENT):
        return ""
    return f"{cost / 1000:.2f} charged instead of {expected / 1000:.2f}"


def types(submission: Submission) -> set[str]:
    return TOP_UP if submission.iccid else NEW


def is_of_its_bundle(item: OrderItem, submission: Submission) -> bool:
    """Is this line of a list for the same bundle, bought in the same way?"""
    return item.item == submission.bundle and item.type in types(submission)


def tell_owner(order: Order, what: str, reference: str) -> None:
    incidents.open("answer_differs", order.reference, f"{what} (eSIM Go's order {reference})")
