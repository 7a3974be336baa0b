"""Has anything changed that the page of an order shows? It asks every two seconds, and mostly nothing has."""

from typing import Any

from webapp.base import clock
from webapp.models import Order
from webapp.models.db import rows
from webapp.models.orders import ADMITTED_FOR, AWAITING_FOR
from webapp.orders.returning import REFUND_PERIOD

_SHOWN = """
SELECT o.stage, o.failure, o.esim_id, o.submission_id, o.paid_at, o.deadline_at, o.activated_at,
       c.language, c.language_chosen, h.at,
       r.id, r.state, r.attempts, r.done_at, r.short_since, r.expected_at,
       q.state, q.verdict, q.asked_at,
       a.id, a.state, a.starts_at, a.ends_at,
       e.id, e.profile_status, e.state, e.installed_at, e.activate_pressed_at,
       o.created_at < ?, o.admitted_at > ?, o.paid_at < ?, a.ends_at <= ?
FROM orders o
JOIN customer c ON c.id = o.customer_id
LEFT JOIN abuse_counter h ON h.customer_id = c.id
LEFT JOIN payment p ON p.order_id = o.id
LEFT JOIN refund r ON r.payment_id = p.id
LEFT JOIN return_request q ON q.order_id = o.id
LEFT JOIN assignment a ON a.order_id = o.id
LEFT JOIN esim e ON e.id = a.esim_id
WHERE o.reference = ? AND o.telegram_user_id = ?
ORDER BY p.id, a.id
"""
"""All that orders/_status.html and what it includes look at; a test changes each of it. The last line is what
time alone changes: no longer to be paid for, perhaps being paid for, to be given back, or to be used.
"""


def glance(reference: str, telegram_user_id: int) -> list[tuple[Any, ...]]:
    """What is shown of this customer's order, in one statement of its own: as models it would be seven, and
    half a page's time. Equal answers mean an equal page. Nothing for somebody else's order.
    """
    now = clock.now()
    moments = (now - AWAITING_FOR, now - ADMITTED_FOR, now - REFUND_PERIOD, now)
    ends = (Order.created_at.db_value(moment) for moment in moments)
    return rows(_SHOWN, *ends, reference, telegram_user_id)
