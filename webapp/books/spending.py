"""What was spent at eSIM Go, the other side of the ledger, in each currency: bought = delivered + returned +
surplus + in flight + settled + unexplained.

Our own purchases are told by their intents, with what they were charged; orders that are no intent's by what
eSIM Go lists of them (provider_audit.py).
"""

from typing import NamedTuple

from webapp.models import db

_LINES = """
    SELECT o.currency AS currency, s.cost AS bought,
        CASE WHEN s.outcome = 'bought' AND o.stage IN ('ready', 'active') THEN s.cost ELSE 0 END AS delivered,
        CASE WHEN s.outcome = 'bought' AND o.stage = 'returned' THEN s.cost ELSE 0 END AS returned,
        CASE WHEN s.outcome IN ('stock', 'late') THEN s.cost ELSE 0 END AS surplus,
        CASE WHEN s.outcome = 'bought' AND o.stage NOT IN ('ready', 'active', 'returned')
            THEN s.cost ELSE 0 END AS in_flight,
        0 AS settled, 0 AS unexplained
    FROM submission s JOIN orders o ON o.id = s.order_id
    WHERE s.outcome IN ('bought', 'stock', 'late')
    UNION ALL
    SELECT a.currency, coalesce(a.total, 0), 0, 0, 0, 0,
        CASE WHEN a.settled <> '' THEN coalesce(a.total, 0) ELSE 0 END,
        CASE WHEN a.settled = '' THEN coalesce(a.total, 0) ELSE 0 END
    FROM provider_order a WHERE a.verdict IN ('elsewhere', 'twice')
"""
_SUMS = (
    "sum(bought), sum(delivered), sum(returned), sum(surplus), sum(in_flight), sum(settled), sum(unexplained)"
)
TOTALS = f"SELECT currency, {_SUMS} FROM ({_LINES}) AS lines GROUP BY currency ORDER BY currency"  # noqa: S608 - nothing from outside


class Spending(NamedTuple):
    """In thousandths of the currency."""

    currency: str
    bought: int
    delivered: int
    returned: int
    surplus: int
    in_flight: int
    settled: int
    unexplained: int


def spending() -> list[Spending]:
    return [
        Spending(currency, *(int(number) for number in numbers)) for currency, *numbers in db.rows(TOTALS)
    ]
