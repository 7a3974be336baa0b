"""eSIM Go's balance, from look to look: what it has fallen by is what the orders between have cost.

Each order is counted once, when it is first seen; ours that are not listed (yet) are counted as well. So what
is missing is known to the unit, and an order that shows late explains it. A rise without an order is money
that came in: it is told on the page, and nobody is woken for it.
"""

from collections.abc import Iterable
from typing import Any

from peewee import chunked, fn

from webapp.models import AuditedOrder, ProviderLook, Submission

NO_PURCHASE = ("income", "applied")
AT_ONCE = 500
"""Rows in a statement."""


def follow(look: ProviderLook, balance: int, currency: str) -> None:
    """Write down the balance as it was when the list of this look was read. The first one is where it begins:
    what was ordered before is in it.
    """
    first, before = _known().order_by(ProviderLook.id).first(), last()
    look.balance, look.currency = balance, currency.upper()[:8]
    rows = _uncounted(look)
    _count(rows)
    if first is not None and before is not None and before.balance is not None:
        since = [row for row in rows if row.ordered_at >= first.since]
        came_in = _more(row for row in since if row.verdict == "income")
        look.spent = _more(row for row in since if row.verdict not in NO_PURCHASE)
        missing = before.missing - before.accepted + before.balance - balance - look.spent + came_in
        look.income, look.missing = came_in + max(0, -missing), max(0, missing)
        look.pending = _pending()
    look.save()


def last() -> ProviderLook | None:
    """The newest look that knows the balance."""
    found: ProviderLook | None = _known().order_by(ProviderLook.id.desc()).first()
    return found


def difference() -> int:
    """Thousandths that are gone and that no order explains, nor an intent that may still be given one."""
    look = last()
    return 0 if look is None else max(0, look.missing - look.accepted - look.pending)


def _known() -> Any:
    return ProviderLook.select().where(ProviderLook.balance.is_null(False))


def _uncounted(look: ProviderLook) -> list[AuditedOrder]:
    """Orders of the account's currency that have come since, or whose cost is another one now."""
    told = AuditedOrder.total.is_null(False) & AuditedOrder.currency.in_(("", look.currency))
    changed = (AuditedOrder.ordered_at >= look.since) & (AuditedOrder.counted != AuditedOrder.total)
    return list(AuditedOrder.select().where(told, AuditedOrder.counted.is_null() | changed))


def _more(rows: Iterable[AuditedOrder]) -> int:
    return sum((row.total or 0) - (row.counted or 0) for row in rows)


def _count(rows: list[AuditedOrder]) -> None:
    for some in chunked([row.id for row in rows], AT_ONCE):
        AuditedOrder.update(counted=AuditedOrder.total).where(AuditedOrder.id.in_(some)).execute()


def _pending() -> int:
    """What intents without an answer may have cost."""
    unclear = Submission.outcome.is_null() & Submission.sent_at.is_null(False)
    return int(Submission.select(fn.SUM(Submission.cost)).where(unclear).scalar() or 0)
