"""Paid = delivered + returned + refunded + in flight + unmatched, in each currency.

What was paid and what went back is told by the payments and their refunds; what is delivered or still owed,
by the orders and their prices. The two sides know nothing of each other: what is lost between them shows.
"""

from typing import NamedTuple

from webapp.models import db
from webapp.state import incidents

_LINES = """
    SELECT p.currency AS currency, coalesce(o.reference, p.charge_id) AS subject, p.amount AS paid,
        0 AS delivered,
        CASE WHEN r.state = 'done' AND o.stage = 'returned' THEN p.amount ELSE 0 END AS returned,
        CASE WHEN r.state = 'done' AND coalesce(o.stage, '') <> 'returned' THEN p.amount ELSE 0 END
            AS refunded,
        CASE WHEN r.state <> 'done' THEN p.amount ELSE 0 END AS in_flight,
        CASE WHEN p.state = 'unplaced' THEN p.amount ELSE 0 END AS unmatched
    FROM payment p LEFT JOIN refund r ON r.payment_id = p.id LEFT JOIN orders o ON o.id = p.order_id
    WHERE p.state <> 'created'
    UNION ALL
    SELECT 'XTR', o.reference, 0,
        CASE WHEN o.stage IN ('ready', 'active') THEN o.stars ELSE 0 END, 0, 0,
        CASE WHEN o.stage IN ('ready', 'active') THEN 0 ELSE o.stars END, 0
    FROM orders o
    WHERE o.stage IN ('paid', 'submitting', 'unknown', 'accepted', 'ready', 'active') AND NOT (
        EXISTS (SELECT 1 FROM payment p JOIN refund r ON r.payment_id = p.id
                WHERE p.order_id = o.id AND r.reason = 'elsewhere')
        AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.order_id = o.id AND p.state = 'confirmed'))
"""
"""Whose charge was taken back elsewhere has got nothing for it that counts as sold."""

_SUMS = "sum(paid), sum(delivered), sum(returned), sum(refunded), sum(in_flight), sum(unmatched)"
_LINES = f"({_LINES}) AS lines"
_DIFFERENCE = "sum(paid) - sum(delivered + returned + refunded + in_flight + unmatched)"
TOTALS = f"SELECT currency, {_SUMS} FROM {_LINES} GROUP BY currency"  # noqa: S608 - nothing from outside
ODD = (
    f"SELECT subject, {_DIFFERENCE} FROM {_LINES} GROUP BY currency, subject "  # noqa: S608 - likewise
    f"HAVING {_DIFFERENCE} <> 0 ORDER BY subject LIMIT 20"
)


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
    rows = db.database.execute_sql(TOTALS).fetchall()
    return [Account(currency, *(int(number) for number in numbers)) for currency, *numbers in rows]


def odd_ones() -> list[tuple[str, int]]:
    """Orders (or charges without one) that do not add up, the first 20, each with its difference."""
    return [(subject, int(difference)) for subject, difference in db.database.execute_sql(ODD).fetchall()]


def check() -> bool:
    """Does it add up, in sum and for every order? The owner is told if not."""
    odd = odd_ones()
    if not odd and not any(account.difference for account in accounts()):
        incidents.close("ledger")
        return True
    told = ", ".join(f"{subject}: {difference}" for subject, difference in odd)
    incidents.open("ledger", detail=f"it does not add up: {told}")
    return False
