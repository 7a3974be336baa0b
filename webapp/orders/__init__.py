"""The life of an order: placed, paid, bought at eSIM Go, delivered, or failed and refunded."""

from webapp.orders.buying import due_in, requeue, submit_next, take_over
from webapp.orders.delivering import collect, deliver, record
from webapp.orders.ending import enforce_deadlines, fail
from webapp.orders.glance import glance
from webapp.orders.limits import is_held
from webapp.orders.pace import CALL_CAN_TAKE
from webapp.orders.placing import NotPlaced, expire, find, of_customer, place, purge, recent
from webapp.orders.progress import Progress, progress
from webapp.orders.returning import answer_returns, obstacle, request_of, request_return, returnable
from webapp.orders.surplus import can_be_stock, collect_late, take_in

__all__ = [
    "CALL_CAN_TAKE",
    "NotPlaced",
    "Progress",
    "answer_returns",
    "can_be_stock",
    "collect",
    "collect_late",
    "deliver",
    "due_in",
    "enforce_deadlines",
    "expire",
    "fail",
    "find",
    "glance",
    "is_held",
    "obstacle",
    "of_customer",
    "place",
    "progress",
    "purge",
    "recent",
    "record",
    "request_of",
    "request_return",
    "requeue",
    "returnable",
    "submit_next",
    "take_in",
    "take_over",
]
