"""eSIM Go's balance, from look to look: what it has fallen by is what the orders between have cost.

Each order is counted once, when it is first seen; ours that are not listed (yet) are counted as well. So what
is missing is known to the unit, and an order that shows late explains it. A rise is the credit for plans that
were taken back, or money that came in: that is told on the page, and nobody is woken for it.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from peewee import chunked, fn

from webapp.models import AuditedOrder, Order, ProviderLook, ReturnRequest, Submission

NO_PURCHASE = ("income", "applied")
ACROSS = timedelta(seconds=5)
"""So exactly can eSIM Go's clock be compared with ours."""
ROUNDING = 10
"""Thousandths: prices have three decimals, and a balance that is told with two is off by half a cent each
time. No more than this is made of that.
"""
AT_ONCE = 500
"""Rows in a statement."""


def follow(look: ProviderLook, balance: int, currency: str, pending: int) -> None:
    """Write down the balance as it was when the list of this look was read. The first one is where it begins:
    what was ordered before is in it. `pending`: what intents may have cost that await an answer, and for
    which nothing is listed.
    """
    first, before = _known().order_by(ProviderLook.id).first(), last()
    look.balance, look.currency, look.pending = balance, currency.upper()[:8], pending
    rows = _uncounted(look)
    _count(rows)
    if first is not None and before is not None:
        _explain(look, before, [row for row in rows if row.ordered_at >= first.since])
    look.save()


def _explain(look: ProviderLook, before: ProviderLook, rows: list[AuditedOrder]) -> None:
    """What was ordered before the last look and shows only now explains what was missing since; a rise never
    does, for it is money that came in.
    """
    seen_until = before.told_at + ACROSS
    bought = [row for row in rows if row.verdict not in NO_PURCHASE]
    late = _more(row for row in bought if row.ordered_at < seen_until)
    now = _more(row for row in bought if row.ordered_at >= seen_until)
    came_in = _more(row for row in rows if row.verdict == "income")
    more = (before.balance or 0) - (look.balance or 0) - now + came_in
    missing = before.missing - before.accepted + max(0, more)
    if -ROUNDING <= more < 0:  # no money has come in: what was too much the last time is too little now
        missing, more = max(0, missing + more), 0
    rise, awaited = max(0, -more), before.awaited + _taken_back(before, look)
    look.awaited = max(0, awaited - rise)
    look.spent, look.missing = late + now, max(0, missing - late)
    over = late - missing
    look.income = came_in + max(0, rise - awaited) + (over if over > ROUNDING else 0)


def _taken_back(before: ProviderLook, look: ProviderLook) -> int:
    """What the plans had cost that eSIM Go has taken back between these looks, and is to credit."""
    served = Submission.id == Order.submission_id
    query = Submission.select(fn.SUM(Submission.cost)).join(Order, on=served).switch(Order)
    between = (ReturnRequest.done_at > before.at) & (ReturnRequest.done_at <= look.at)
    revoked = query.join(ReturnRequest, on=(ReturnRequest.order == Order.id))
    return int(revoked.where(ReturnRequest.state == "revoked", between).scalar() or 0)


def last() -> ProviderLook | None:
    """The newest look that knows the balance."""
    found: ProviderLook | None = _known().order_by(ProviderLook.id.desc()).first()
    return found


def difference() -> int:
    """Thousandths that are gone and that no order explains, nor an intent that may still be given one."""
    look = last()
    missing = 0 if look is None else look.missing - look.accepted - look.pending
    return missing if missing > ROUNDING else 0


def accept(missing: int) -> bool:
    """The owner knows what became of so much; False when it is another amount by now."""
    look = last()
    if look is None or not missing or missing != difference():
        return False
    accepted = ProviderLook.update(accepted=ProviderLook.accepted + missing)
    as_seen = (ProviderLook.id == look.id) & (ProviderLook.accepted == look.accepted)
    return bool(accepted.where(as_seen).execute())


def rises(limit: int = 5) -> list[ProviderLook]:
    """Looks that have found that money came in, the newest first."""
    found = ProviderLook.select().where(ProviderLook.income > 0)
    return list(found.order_by(ProviderLook.id.desc()).limit(limit))


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
