"""Every order that eSIM Go lists belongs to an intent of ours, or the owner hears of it.

The jobs process reads the list (jobs/audit_provider.py); here it is compared with our rows. What nobody has
ordered was made elsewhere (in eSIM Go's portal, by another program with the same key) or twice, and what we
count as bought has to be listed, or it is lost. What may still get an answer is no difference yet.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from peewee import chunked, fn

from webapp.base import clock
from webapp.books import provider_balance
from webapp.books.provider_balance import ACROSS
from webapp.clients.esimgo.payloads import OrderWindow, Organisation, ProviderOrder
from webapp.models import UNEXPLAINED, AuditedOrder, Bundle, Esim, Order, ProviderLook, Submission
from webapp.models.db import transaction

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
NIGHT_HOUR = 3
"""UTC: when a month is read again."""
AHEAD = timedelta(hours=1)
"""eSIM Go's clock may be ahead of ours."""
SKEW = timedelta(seconds=60)
LISTED_WITHIN = timedelta(minutes=15)
"""What is not listed for so long after its purchase is lost."""
LOOKED_FOR = timedelta(hours=25)
"""So long an intent without a good answer may still be given an order (webapp/orders/reconciling.py)."""
INCOME, APPLIED = "autotopup", "bundleassignment"
PERHAPS_INCOME = {INCOME, "apitopup", "topup"}
"""Of these eSIM Go does not document what is topped up: the balance, where no eSIM and no bundle is told."""
BOUGHT = ("bought", "stock", "late")
AT_ONCE = 500
"""Rows in a statement."""
MANY = 1000
"""Of a list with so many orders that was not read to its end it is believed that it was too long for that."""


# --- when, and how far back


def due(epoch: int) -> str | None:
    """Why to look now: since this leader has begun, an hour is over, or it is night. None: not yet."""
    now, last = clock.now(), last_look()
    if last is None or last.epoch != epoch:
        return "start"
    last_night = ProviderLook.select(fn.MAX(ProviderLook.at)).where(ProviderLook.why == "night").scalar()
    if now.hour >= NIGHT_HOUR and (last_night is None or last_night.date() != now.date()):
        return "night"
    return None if timedelta() <= now - last.at < HOUR else "hour"


def since(why: str) -> datetime:
    """Where the list has to begin: a month ago at night and at the very first, less far where that is more
    than can be read; else where everything before is explained.
    """
    now, last = clock.now(), last_look(complete=True)
    if why == "night" or last is None:
        return now - _readable()
    open_ = AuditedOrder.verdict.in_((*UNEXPLAINED, "under_way")) & (AuditedOrder.settled == "")
    oldest = AuditedOrder.select(fn.MIN(AuditedOrder.ordered_at)).where(
        open_, AuditedOrder.ordered_at > now - MONTH
    )
    first: datetime = min(last.at, now, oldest.scalar() or now)
    return max(now - MONTH, first - HOUR)


def _readable() -> timedelta:
    """A month, or half of what was too long in the month before."""
    too_long = (
        ~ProviderLook.complete & (ProviderLook.orders >= MANY) & (ProviderLook.at > clock.now() - MONTH)
    )
    last = ProviderLook.select().where(too_long).order_by(ProviderLook.id.desc()).first()
    return MONTH if last is None else min(MONTH, (last.at - last.since) / 2)


def last_look(*, complete: bool = False) -> ProviderLook | None:
    """The newest one; if asked for, of those that read the list to its end."""
    looks = ProviderLook.select()
    found: ProviderLook | None = (
        (looks.where(ProviderLook.complete) if complete else looks).order_by(ProviderLook.id.desc()).first()
    )
    return found


# --- what is unexplained


def unexplained(verdicts: Collection[str] = UNEXPLAINED) -> list[AuditedOrder]:
    """Orders that are nobody's and that the owner has not settled, the oldest first."""
    open_ = AuditedOrder.verdict.in_(list(verdicts)) & (AuditedOrder.settled == "")
    return list(AuditedOrder.select().where(open_).order_by(AuditedOrder.ordered_at, AuditedOrder.id))


def in_words(row: AuditedOrder) -> str:
    """For an alert: what it is, what it has cost, and when it was made."""
    cost = "an unknown price" if row.total is None else f"{row.total / 1000:.2f} {row.currency}".strip()
    number = f"{row.quantity} × " if row.quantity else ""
    ours = f", our order {row.submission.order.reference}" if row.submission else ""
    return f"{number}{row.item or 'something'} for {cost}, ordered {row.ordered_at:%d %b %H:%M} UTC{ours}"


# --- a look


def compare(
    window: OrderWindow, since: datetime, why: str, epoch: int, account: Organisation | None = None
) -> ProviderLook:
    """Write down what eSIM Go has listed since `since`, and what our rows say of each order. They are read
    after the list: what was bought meanwhile is in them. `account`: as it was when the list was read; None
    where it moved meanwhile.
    """
    now = clock.now()
    shift = window.provider_now - now if window.provider_now else timedelta()
    with transaction():
        look = ProviderLook.create(
            at=now,
            told_at=now + shift,
            epoch=epoch,
            why=why,
            since=since,
            complete=window.complete,
            orders=len(window.orders),
        )
        ours = _Ours(shift)
        for some in chunked(_oldest_first(window.orders), AT_ONCE):
            _write(some, ours)
        _find_lost(window, since, shift)
        if account is not None and window.complete:
            provider_balance.follow(look, account.balance, account.currency, ours.pending())
    return look


def _oldest_first(orders: Iterable[ProviderOrder]) -> list[ProviderOrder]:
    return sorted(orders, key=lambda placed: placed.created_at or clock.now())


class _Ours:
    """What our rows know of the listed orders. `shift`: how far eSIM Go's clock is ahead of ours."""

    def __init__(self, shift: timedelta) -> None:
        self._shift, self._begun, self._waiting = shift, _begun(), _waiting()

    def bound(self, references: Sequence[str]) -> dict[str, Submission]:
        """The intents that have them."""
        intents = Submission.select().where(Submission.esimgo_order_id.in_(references))
        return {str(intent.esimgo_order_id): intent for intent in intents}

    def verdict(self, placed: ProviderOrder, ordered_at: datetime) -> str:
        """Of an order that no intent has."""
        types = {item.type for item in placed.items}
        if types == {APPLIED}:
            return "applied"
        if types == {INCOME} or (types and types <= PERHAPS_INCOME and _is_money(placed)):
            return "income"
        if ordered_at < self._begun + self._shift - SKEW:
            return "before"
        if self._is_awaited(placed, ordered_at):
            return "under_way"
        return "twice" if self._is_second(placed, ordered_at) else "elsewhere"

    def pending(self) -> int:
        """What intents may have cost that await an answer, and for which no order was listed."""
        return sum(intent.cost for intent in self._waiting if intent.outcome is None)

    def _is_awaited(self, placed: ProviderOrder, ordered_at: datetime) -> bool:
        """Each intent without an answer awaits one order, the oldest that fits it."""
        for intent in self._waiting:
            sent_at = intent.sent_at + self._shift - SKEW
            fits = sent_at <= ordered_at and _is_of(placed, intent)
            if intent.answered_as == placed.reference or fits:
                self._waiting.remove(intent)
                return True
        return False

    def _is_second(self, placed: ProviderOrder, ordered_at: datetime) -> bool:
        """Was it made in the course of a purchase that has another order?"""
        moment = ordered_at - self._shift
        ended_at = fn.COALESCE(Submission.ended_at, Submission.sent_at)
        during = (Submission.sent_at <= moment + ACROSS) & (Submission.sent_at > moment - DAY)
        alike = Submission.bundle.in_([item.item for item in placed.items])
        intents = Submission.select().where(during, ended_at >= moment - ACROSS, alike)
        return bool(intents.where(Submission.esimgo_order_id.is_null(False)).exists())


def _is_money(placed: ProviderOrder) -> bool:
    bundles = Bundle.select().where(Bundle.name.in_([item.item for item in placed.items]))
    return not placed.iccids and not bundles.exists()


def _begun() -> datetime:
    """When the shop began to buy; what was ordered before is none of its business."""
    first = Submission.select().order_by(Submission.id).first()
    look = ProviderLook.select().order_by(ProviderLook.id).first()
    moments: list[datetime] = [m for m in (first and first.claimed_at, look and look.at) if m is not None]
    return min(moments)


def _waiting() -> list[Submission]:
    """Intents that may still be given an order, the oldest first."""
    unclear = Submission.outcome.is_null() | (Submission.outcome == "absent")
    sent = Submission.sent_at.is_null(False) & (Submission.claimed_at > clock.now() - LOOKED_FOR)
    return list(Submission.select().where(unclear, sent).order_by(Submission.sent_at))


def _is_of(placed: ProviderOrder, intent: Submission) -> bool:
    """Could it be what the intent has brought? What it does not tell is no difference."""
    named = {item.item for item in placed.items} - {""}
    return named <= {intent.bundle} and (intent.iccid is None or set(placed.iccids) <= {intent.iccid})


def _write(orders: Sequence[ProviderOrder], ours: _Ours) -> None:
    now = clock.now()
    references = [placed.reference for placed in orders]
    rows = list(AuditedOrder.select().where(AuditedOrder.reference.in_(references)))
    known, bound = {row.reference: row for row in rows}, ours.bound(references)
    for placed in orders:
        row, intent = known.get(placed.reference), bound.get(placed.reference)
        ordered_at = placed.created_at or (row.ordered_at if row else now)
        told = _told(placed) | {"ordered_at": ordered_at, "submission": intent and intent.id}
        told["verdict"] = "bound" if intent else ours.verdict(placed, ordered_at)
        if intent and told["total"] is None:
            told["total"] = intent.cost
        if row is None:
            AuditedOrder.create(reference=placed.reference, seen_at=now, **told)
        elif changes := {name: value for name, value in told.items() if row.__data__[name] != value}:
            AuditedOrder.update(changes | _unsettled(intent)).where(AuditedOrder.id == row.id).execute()
    AuditedOrder.update(seen_at=now).where(AuditedOrder.reference.in_(references)).execute()


def _unsettled(intent: Submission | None) -> dict[str, Any]:
    """What has become an intent's is explained by that."""
    return {"settled": "", "settled_at": None} if intent else {}


def _told(placed: ProviderOrder) -> dict[str, Any]:
    """What a list tells of an order; a line of it may be missing, and any of its fields."""
    quantities = [item.quantity for item in placed.items if item.quantity is not None]
    lines = [item.total for item in placed.items if item.total is not None]
    total = placed.total if placed.total is not None else (sum(lines) if lines else None)
    return {
        "total": total,
        "currency": placed.currency.upper()[:8],
        "type": ",".join(dict.fromkeys(item.type for item in placed.items if item.type))[:250],
        "item": ",".join(dict.fromkeys(item.item for item in placed.items if item.item))[:250],
        "quantity": sum(quantities) if quantities else None,
        "iccids": json.dumps(list(placed.iccids)),
    }


def _find_lost(window: OrderWindow, since: datetime, shift: timedelta) -> None:
    """What we count as bought, and what the list should tell of and does not."""
    now = clock.now()
    listed = {placed.reference for placed in window.orders}
    bought = Submission.outcome.in_(BOUGHT) & Submission.esimgo_order_id.is_null(False)
    in_span = (Submission.sent_at >= since - shift + SKEW) & (Submission.sent_at <= now)
    for intent in Submission.select(Submission, Order).join(Order).where(bought, in_span):
        if intent.esimgo_order_id in listed:
            continue
        overdue = intent.sent_at < now - LISTED_WITHIN
        if window.complete or not overdue:
            _miss(intent, "lost" if overdue else "under_way", shift)


def _miss(intent: Submission, verdict: str, shift: timedelta) -> None:
    brought = Esim.select().where(Esim.order == intent.order)
    iccids = [intent.iccid] if intent.iccid else [esim.iccid for esim in brought]
    ours: dict[str, Any] = {
        "ordered_at": intent.sent_at + shift,
        "total": intent.cost,
        "currency": intent.order.currency,
        "item": intent.bundle,
        "quantity": intent.quantity,
        "iccids": json.dumps(iccids),
    }
    found = {AuditedOrder.verdict: verdict, AuditedOrder.submission: intent}
    row = AuditedOrder.insert(reference=intent.esimgo_order_id, verdict=verdict, submission=intent, **ours)
    row.on_conflict(conflict_target=[AuditedOrder.reference], update=found).execute()


# --- what the owner makes of it


def settle(reference: str, as_what: str) -> bool:
    """Write down what the owner has made of an order that is nobody's; False when it is explained by now."""
    open_ = (AuditedOrder.reference == reference) & (AuditedOrder.settled == "")
    settled = AuditedOrder.update(settled=as_what, settled_at=clock.now())
    return bool(settled.where(open_, AuditedOrder.verdict.in_(UNEXPLAINED)).execute())
