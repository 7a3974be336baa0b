"""What became of Telegram's Stars: paid, kept by others, credited, given back; what can be withdrawn when.

All amounts are nanostars, those of a Withdrawal whole Stars.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import SQL, fn

from webapp.base import clock
from webapp.base.money import NANO
from webapp.books.sales import day_of
from webapp.models import CHARGED, Payment, Refund, StarMovement
from webapp.state import star_balance
from webapp.state.star_balance import StarBalance

HELD_FOR = timedelta(days=21)
"""Telegram's terms for bot developers, 6.2.4: up to so long after a sale its Stars cannot be withdrawn."""
FEWEST = 1000
"""Stars in one withdrawal (stars_revenue_withdrawal_min of Telegram's clients)."""


class Withdrawal(NamedTuple):
    """`now` can be withdrawn now, or `later` from the day `at` on. What is owed to customers is left out."""

    now: int
    later: int = 0
    at: date | None = None


class Account(NamedTuple):
    """Since the shop began. `kept`: what Telegram withheld besides commissions; `movements`: by kind."""

    paid: int
    commission: int
    kept: int
    refunded: int
    movements: Mapping[str, int]
    balance: StarBalance | None
    is_whole: bool

    @property
    def credited(self) -> int:
        return self.paid - self.commission - self.kept

    @property
    def unexplained(self) -> int:
        """What the balance has more than all these lines together; what is not listed yet is in it. Nothing
        where the lines before some day are not known.
        """
        explained = self.credited - self.refunded + sum(self.movements.values())
        return 0 if self.balance is None or not self.is_whole else self.balance.nano - explained


def kept_lately() -> tuple[int, int]:
    """Of how many sales of the last day Telegram has kept something besides commissions, and how much."""
    kept = Payment.amount * NANO - Payment.credited_nano - Payment.commission_nano
    since = clock.now() - timedelta(days=1)
    is_new = Payment.state.in_(CHARGED) & (Payment.created_at > since - timedelta(days=1))  # by its index
    lately = is_new & (Payment.confirmed_at > since) & (kept > 0)
    count, nano = _numbers(Payment.select(fn.COUNT(Payment.id), _sum(kept)).where(lately))
    return count, nano


def spent_lately() -> int:
    """What went for ads and paid messages in the last day."""
    paid_for = StarMovement.kind.in_(("telegram_ads", "telegram_api")) & StarMovement.outgoing
    lately = paid_for & (StarMovement.at > clock.now() - timedelta(days=1))
    return -_numbers(StarMovement.select(_sum(StarMovement.nano)).where(lately))[0]


def account() -> Account:
    charged = Payment.charge_id.is_null(False) & (Payment.currency == "XTR")
    sums = Payment.select(_sum(Payment.amount * NANO), _sum(Payment.commission_nano), _sum(_credited()))
    paid, commission, credited = _numbers(sums.where(charged))
    back = Refund.select(_sum(_taken_back())).join(Payment).where(charged, Refund.state == "done")
    kinds = StarMovement.select(StarMovement.kind, _sum(StarMovement.nano)).group_by(StarMovement.kind)
    rows: list[Any] = list(kinds.order_by(StarMovement.kind).tuples())
    movements = {kind: int(total) for kind, total in rows}
    kept = paid - commission - credited
    return Account(
        paid,
        commission,
        kept,
        _numbers(back)[0],
        movements,
        star_balance.known(),
        star_balance.is_list_whole(),
    )


def withdrawal() -> Withdrawal:
    """Nothing while the balance is not known."""
    known = star_balance.known()
    if known is None:
        return Withdrawal(0)
    owed = Refund.select(_sum(_taken_back())).join(Payment).where(Refund.done_at.is_null())
    held = _held()
    free = known.nano - sum(held.values()) - _numbers(owed)[0]
    if free >= FEWEST * NANO:
        return Withdrawal(free // NANO)
    for day in sorted(held):
        free += held[day]
        if free >= FEWEST * NANO:
            return Withdrawal(0, free // NANO, date.fromisoformat(day) + HELD_FOR + timedelta(days=1))
    return Withdrawal(0)


def _held() -> dict[str, int]:
    """What came too lately to be withdrawn, by day."""
    since = clock.now() - HELD_FOR
    kept = (Payment.confirmed_at > since) & Payment.state.in_(("confirmed", "unplaced"))
    sales = Payment.select(day_of(Payment.confirmed_at), _sum(_credited())).where(kept)
    came = (StarMovement.at > since) & ~StarMovement.outgoing
    others = StarMovement.select(day_of(StarMovement.at), _sum(StarMovement.nano)).where(came)
    held: dict[str, int] = {}
    for query in (sales, others):
        rows: list[Any] = list(query.group_by(SQL("1")).tuples())
        for day, total in rows:
            held[day] = held.get(day, 0) + int(total)
    return held


def _credited() -> Any:
    """Of a charge that is not listed yet nothing is known to be missing."""
    return fn.COALESCE(Payment.credited_nano, Payment.amount * NANO)


def _taken_back() -> Any:
    """By a refund: the affiliate gives back its part, Telegram nothing of what it has kept."""
    return Payment.amount * NANO - fn.COALESCE(Payment.commission_nano, 0)


def _sum(value: Any) -> Any:
    return fn.COALESCE(fn.SUM(value), 0)


def _numbers(query: Any) -> list[int]:
    return [int(number) for number in next(iter(query.tuples()))]
