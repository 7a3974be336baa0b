"""The life of a payment: invoice, the last question before the charge, the charge, and its way back.

created → confirmed → refund_due → refunded; what goes back has a row of its own. Each payment provider is one
file like stars.py.
"""

from webapp.orders.payments.balance import look as look_at_balance
from webapp.orders.payments.balance import shortage
from webapp.orders.payments.balance import waiting as waiting_for_balance
from webapp.orders.payments.booking import confirm, received
from webapp.orders.payments.checkout import ASK_AT_ONCE, invoice, invoice_or_none, pre_checkout
from webapp.orders.payments.providers import Charge, PaymentProvider, ProviderError, Question
from webapp.orders.payments.refunds import (
    STUCK_AFTER,
    is_stuck,
    issue_refunds,
    refund,
    refund_of,
    refund_seen,
    return_all,
)
from webapp.orders.payments.statement import ask_for_statement, reconcile

__all__ = [
    "ASK_AT_ONCE",
    "STUCK_AFTER",
    "Charge",
    "PaymentProvider",
    "ProviderError",
    "Question",
    "ask_for_statement",
    "confirm",
    "invoice",
    "invoice_or_none",
    "is_stuck",
    "issue_refunds",
    "look_at_balance",
    "pre_checkout",
    "received",
    "reconcile",
    "refund",
    "refund_of",
    "refund_seen",
    "return_all",
    "shortage",
    "waiting_for_balance",
]
