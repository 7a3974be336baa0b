"""Paid = delivered + returned + refunded + in flight + unmatched, in each currency.

What was paid and what went back is told by the payments and their refunds; what is delivered or still owed,
by the orders and their prices. The two sides know nothing of each other: what is lost between them shows.
"""

from datetime import timedelta
from typing import NamedTuple

from peewee import fn

from webapp.base import clock
from webapp.models import LedgerSeal, Order, OrderEvent, Payment, PaymentEvent, RefundEvent, db
from webapp.models.db import Row
from webapp.state import incidents

READ_AGAIN = timedelta(days=2)
LATE = 1000
"""So many numbers back a row may still be committed: two processes take theirs at once."""

_LINES = """
    SELECT p.currency AS currency, coalesce(o.reference, p.charge_id) AS subject, p.amount AS paid,
        0 AS delivered,
        CASE WHEN r.state = 'done' AND o.stage = 'returned' THEN p.amount ELSE 0 END AS returned,
        CASE WHEN r.state = 'done' AND coalesce(o.stage, '') <> 'returned' THEN p.amount ELSE 0 END
            AS refunded,
        CASE WHEN r.state <> 'done' THEN p.amount ELSE 0 END AS in_flight,
        CASE WHEN p.state = 'unplaced' THEN p.amount ELSE 0 END AS unmatched
    FROM payment p LEFT JOIN refund r ON r.payment_id = p.id LEFT JOIN orders o ON o.id = p.order_id
    WHERE p.state <> 'created' AND {payments}
    UNION ALL
    SELECT 'XTR', o.reference, 0,
        CASE WHEN o.stage IN ('ready', 'active') THEN o.stars ELSE 0 END, 0, 0,
        CASE WHEN o.stage IN ('ready', 'active') THEN 0 ELSE o.stars END, 0
    FROM orders o
    WHERE {orders}
        AND coalesce(o.stage, '') IN ('paid', 'submitting', 'unknown', 'accepted', 'ready', 'active')
        AND NOT (EXISTS (SELECT 1 FROM payment p JOIN refund r ON r.payment_id = p.id
                WHERE p.order_id = o.id AND r.reason = 'elsewhere')
        AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.order_id = o.id AND p.state = 'confirmed'))
"""
"""Whose charge was taken back elsewhere has got nothing for it that counts as sold. The stage is hidden from
its index: of a night's orders few are left, of all delivered ones nearly all.
"""

_SUMS = "sum(paid), sum(delivered), sum(returned), sum(refunded), sum(in_flight), sum(unmatched)"
_DIFFERENCE = "sum(paid) - sum(delivered + returned + refunded + in_flight + unmatched)"
ALL = "1 = 1"
MOST_ODD = 20


class Account(NamedTuple):
    """In the smallest unit of the currency. `unmatched`: charges that wait for the owner."""

    currency: str
    paid: int
    delivered: int
    returned: int
    refunded: int
    in_flight: int
    unmatched: int = 0

    @property
    def difference(self) -> int:
        return self.paid - self.delivered - self.returned - self.refunded - self.in_flight - self.unmatched


def accounts() -> list[Account]:
    """One pass over payments and orders."""
    rows = db.rows(f"SELECT currency, {_SUMS} FROM ({_lines()}) AS lines GROUP BY currency")  # noqa: S608 - nothing from outside
    return [Account(currency, *(int(number) for number in numbers)) for currency, *numbers in rows]


def odd_ones(payments: str = ALL, orders: str = ALL) -> list[tuple[str, int]]:
    """Orders (or charges without one) that do not add up, the first of them, each with its difference.
    `payments` and `orders`: which rows of these are looked at, as conditions.
    """
    rows = db.rows(
        f"SELECT subject, {_DIFFERENCE} FROM ({_lines(payments, orders)}) AS lines "  # noqa: S608 - likewise
        f"GROUP BY currency, subject HAVING {_DIFFERENCE} <> 0 ORDER BY subject LIMIT {MOST_ODD}"
    )
    return [(subject, int(difference)) for subject, difference in rows]


def check() -> bool:
    """Does it add up, in sum and for every order? The owner is told if not."""
    return _told(odd_ones(), any(account.difference for account in accounts()))


def check_new() -> bool:
    """The same of what has come or changed since it last added up, which is all that can have gone wrong
    since: however long the history is, this reads some days of it. Two of these days are read again.
    """
    now = _newest()
    seal = LedgerSeal.select().where(LedgerSeal.at <= clock.now() - READ_AGAIN)
    odd = odd_ones(*_since(seal.order_by(LedgerSeal.id.desc()).first()))
    if not odd:
        now.save()
    return _told(odd)


def _told(odd: list[tuple[str, int]], differs: bool = False) -> bool:
    if not odd and not differs:
        incidents.close("ledger")
        return True
    told = ", ".join(f"{subject}: {difference}" for subject, difference in odd)
    incidents.open("ledger", detail=f"it does not add up: {told}")
    return False


def _lines(payments: str = ALL, orders: str = ALL) -> str:
    return _LINES.format(payments=payments, orders=orders)


def _newest() -> LedgerSeal:
    """Where the tables end now."""

    def last(table: type[Row]) -> int:
        return int(table.select(fn.MAX(table.id)).scalar() or 0)

    return LedgerSeal(
        last_order=last(Order),
        last_payment=last(Payment),
        last_order_event=last(OrderEvent),
        last_payment_event=last(PaymentEvent),
        last_refund_event=last(RefundEvent),
    )


def _since(seal: LedgerSeal | None) -> tuple[str, str]:
    """Conditions for the payments and orders that are new since, or that a journal tells of."""
    if seal is None:
        return ALL, ALL
    order, payment = max(0, seal.last_order - LATE), max(0, seal.last_payment - LATE)
    changed = f"""
        SELECT order_id FROM order_event WHERE id > {seal.last_order_event - LATE}
        UNION SELECT order_id FROM payment WHERE id > {payment}
        UNION SELECT p.order_id FROM payment_event e JOIN payment p ON p.id = e.payment_id
            WHERE e.id > {seal.last_payment_event - LATE}
        UNION SELECT p.order_id FROM refund_event e JOIN refund r ON r.id = e.refund_id
            JOIN payment p ON p.id = r.payment_id WHERE e.id > {seal.last_refund_event - LATE}"""  # noqa: S608 - numbers
    old = f"SELECT order_id FROM ({changed}) AS changed WHERE order_id <= {order}"  # noqa: S608 - likewise
    loose = f"""
        SELECT payment_id FROM payment_event WHERE id > {seal.last_payment_event - LATE}
        UNION SELECT r.payment_id FROM refund_event e JOIN refund r ON r.id = e.refund_id
            WHERE e.id > {seal.last_refund_event - LATE}"""  # noqa: S608 - likewise
    of_orders = f"p.order_id > {order} OR p.order_id IN ({old})"
    without = f"p.order_id IS NULL AND (p.id > {payment} OR p.id IN ({loose}))"
    return f"({of_orders} OR ({without}))", f"(o.id > {order} OR o.id IN ({old}))"
