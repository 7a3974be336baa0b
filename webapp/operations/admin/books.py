"""What the owner makes of what the books do not explain."""

from collections.abc import Iterable

from webapp import orders
from webapp.base import money
from webapp.books import provider_audit, provider_balance
from webapp.models import AuditedOrder, Customer
from webapp.operations.admin.audit import StaleState, acting

AUDIT = "audit"
"""The job that compares both books now."""


def settle_order(who: Customer, reference: str, as_what: str) -> None:
    """An order that is nobody's is "spent" as the owner says, or "wanted" in stock. Errors: StaleState."""
    with acting(who, "books.settle", reference, as_what):
        if as_what == "wanted" and reference not in stockable(provider_audit.unexplained()):
            raise StaleState
        if not provider_audit.settle(reference, as_what):
            raise StaleState


def stockable(rows: Iterable[AuditedOrder]) -> set[str]:
    """Which of these orders might go to the next buyer of their bundle."""
    return {str(row.reference) for row in rows if orders.can_be_stock(row)}


def accept_missing(who: Customer, missing: int) -> None:
    """So much of the balance is gone, and the owner knows why. Errors: StaleState."""
    with acting(who, "books.accept", detail=money.plain(missing)):
        if not provider_balance.accept(missing):
            raise StaleState
