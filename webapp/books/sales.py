"""What was sold, to where, how quickly, and how many of those who looked have bought.

Days are UTC days. Sales are counted by the moment of payment. Money is thousandths of the currency unit;
revenue is what the delivered orders were priced at, cost what eSIM Go has charged for them, commission what
of the price did not arrive: an affiliate got it, or Telegram kept it. Beside it stands what was spent and
brought no sale: eSIMs in stock, orders that eSIM Go has made twice, and those made elsewhere that the owner
counts as spent.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Self

from peewee import JOIN, SQL, Case, Expression, fn

from webapp.base import clock
from webapp.base.money import NANO
from webapp.models import AuditedOrder, Order, Payment, Refund, Submission
from webapp.state import funnel

STOCKED = ("stock", "late")
DELIVERED = ("ready", "active")
LOST = ("failed", "returned")


@dataclass(frozen=True)
class Period:
    """From `since` to just before `until`."""

    since: datetime
    until: datetime

    @classmethod
    def last(cls, days: int) -> Self:
        """Today so far, and the whole days before it: 1 is today alone."""
        now = clock.now()
        return cls(_midnight(now) - timedelta(days=days - 1), now)

    def before(self, days: int) -> "Period":
        """The same span, so many days earlier."""
        return Period(self.since - timedelta(days=days), self.until - timedelta(days=days))

    def holds(self, moment: Any) -> Expression:
        """The condition that a column lies in it."""
        inside: Expression = (moment >= self.since) & (moment < self.until)
        return inside


@dataclass(frozen=True)
class Sales:
    """Orders that were paid for. `sold` is delivered, lost (failed or given back) and in flight together;
    `besides`: what was spent and brought no sale.
    """

    sold: int = 0
    delivered: int = 0
    lost: int = 0
    stars: int = 0
    revenue: int = 0
    cost: int = 0
    commission: int = 0
    besides: int = 0

    @property
    def in_flight(self) -> int:
        return self.sold - self.delivered - self.lost

    @property
    def margin(self) -> int:
        return self.revenue - self.cost - self.besides - self.commission

    @property
    def success_percent(self) -> float | None:
        """Of those that have ended; None while none has."""
        ended = self.delivered + self.lost
        return 100 * self.delivered / ended if ended else None


@dataclass(frozen=True)
class Row:
    """The sales of one country, plan or day; `key` is its code, `plan_id` or ISO date."""

    key: str
    sales: Sales


@dataclass(frozen=True)
class Waits:
    """Seconds from the payment to the QR code; None where nothing was delivered."""

    median: float | None
    p95: float | None


@dataclass(frozen=True)
class Refunds:
    done: int
    stars: int
    open: int
    """Due and not sent yet, whenever they began."""


def sales(period: Period) -> Sales:
    besides = sum(_stocked(period, Order.currency).values()) + sum(_strange(period).values())
    return replace(Sales(*_tuples(_sold(period, *_sums()))[0]), besides=besides)


def by_country(period: Period) -> list[Row]:
    """What was made twice or elsewhere is of no place."""
    return _grouped(Order.country_code, period, _stocked(period, Order.country_code))


def by_plan(period: Period) -> list[Row]:
    return _grouped(Order.plan_id, period, _stocked(period, Order.plan_id))


def by_day(period: Period) -> list[Row]:
    """Every day of the period, also those without a sale, the oldest first."""
    besides = Counter(_stocked(period, day_of(Submission.sent_at))) + Counter(_strange(period))
    sold = {row.key: row for row in _grouped(day_of(Order.paid_at), period, besides)}
    days = (period.until - _midnight(period.since)).days + 1
    dates = [(period.since + timedelta(days=n)).date().isoformat() for n in range(days)]
    return [sold.get(date, Row(date, Sales())) for date in dates]


def waits(period: Period) -> Waits:
    query = Order.select(Order.paid_at, Order.delivered_at).where(
        _paid_in(period), Order.delivered_at.is_null(False)
    )
    seconds = sorted((ready - paid).total_seconds() for paid, ready in _tuples(query))
    return Waits(_percentile(seconds, 50), _percentile(seconds, 95))


def refunds(period: Period) -> Refunds:
    done = Refund.select(fn.COUNT(Refund.id), fn.COALESCE(fn.SUM(Payment.amount), 0)).join(Payment)
    count, stars = _tuples(done.where(period.holds(Refund.done_at)))[0]
    return Refunds(count, int(stars), Refund.select().where(Refund.done_at.is_null()).count())


def conversion(period: Period) -> dict[str, int]:
    """How many got how far, step by step: page views are counted as they happen, orders by their rows, and by
    day once those that were never paid are purged.
    """
    looked = funnel.counted(period.since, period.until)
    placed = Order.select().where(period.holds(Order.created_at))
    bought = sales(period)
    activated = Order.select().where(_paid_in(period), Order.activated_at.is_null(False))
    return {step: looked.get(step, 0) for step in funnel.STEPS} | {
        "checkout": placed.count() + looked.get(funnel.CHECKOUT, 0),
        "paid": bought.sold,
        "delivered": bought.delivered,
        "activated": activated.count(),
    }


BY: Mapping[str, Callable[[Period], list[Row]]] = {"day": by_day, "country": by_country, "plan": by_plan}


# --- how


def _paid_in(period: Period) -> Expression:
    return period.holds(Order.paid_at)


def _sold(period: Period, *columns: Any) -> Any:
    """Each order with the intent that has served it."""
    served = Submission.id == Order.submission_id
    return Order.select(*columns).join(Submission, JOIN.LEFT_OUTER, on=served).where(_paid_in(period))


def _sums() -> Sequence[Any]:
    delivered = Order.stage.in_(DELIVERED)
    return (
        fn.COUNT(Order.id),
        _sum(Case(None, ((delivered, 1),), 0)),
        _sum(Case(None, ((Order.stage.in_(LOST), 1),), 0)),
        _sum(Case(None, ((delivered, Order.stars),), 0)),
        _sum(Case(None, ((delivered, Order.retail),), 0)),
        _sum(Case(None, ((delivered, fn.COALESCE(Submission.cost, Order.wholesale)),), 0)),
        _sum(Case(None, ((delivered, _commission()),), 0)),
    )


def _commission() -> Any:
    """Of one order, in the money of its price; of a charge that is not listed yet nothing is known."""
    all_of_it = Payment.amount * NANO
    missing = fn.COALESCE(fn.SUM(all_of_it - fn.COALESCE(Payment.credited_nano, all_of_it)), 0).cast("BIGINT")
    kept = Payment.select(missing).where(Payment.order == Order.id, Payment.state == "confirmed")
    return kept / Order.stars * Order.retail / NANO


def _sum(value: Any) -> Any:
    """PostgreSQL sums big integers to a decimal: whole all the same."""
    return fn.COALESCE(fn.SUM(value), 0).cast("BIGINT")


def _stocked(period: Period, key: Any) -> dict[str, int]:
    """What eSIMs have cost that were bought in the period and came too late for their buyer."""
    stocked = Submission.outcome.in_(STOCKED) & period.holds(Submission.sent_at)
    query = Submission.select(key.alias("key"), _sum(Submission.cost)).join(Order).where(stocked)
    return dict(_tuples(query.group_by(SQL("1"))))


def _strange(period: Period) -> dict[str, int]:
    """By day: what was made twice, and what the owner counts as spent or has put into stock."""
    spent = (AuditedOrder.verdict == "twice") | (
        (AuditedOrder.verdict == "elsewhere") & (AuditedOrder.settled != "")
    )
    query = AuditedOrder.select(day_of(AuditedOrder.ordered_at).alias("key"), _sum(AuditedOrder.total))
    return dict(_tuples(query.where(spent, period.holds(AuditedOrder.ordered_at)).group_by(SQL("1"))))


def _grouped(key: Any, period: Period, besides: Mapping[str, int]) -> list[Row]:
    query = _sold(period, key.alias("key"), *_sums()).group_by(SQL("1"))
    sold = {found: Sales(*sums) for found, *sums in _tuples(query)}
    rows = [
        Row(name, replace(sold.get(name, Sales()), besides=besides.get(name, 0)))
        for name in sold.keys() | besides.keys()
    ]
    return sorted(rows, key=lambda row: (-row.sales.sold, row.key))


def _tuples(query: Any) -> list[Any]:
    """The stubs take them for rows of the model."""
    return list(query.tuples())


def day_of(moment: Any) -> Any:
    """The ISO date; both databases write it first, and in UTC."""
    return fn.SUBSTR(moment.cast("TEXT"), 1, 10).converter(str)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _percentile(ascending: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed (nearest rank)."""
    if not ascending:
        return None
    return ascending[max(0, ceil(len(ascending) * percent / 100) - 1)]
