"""The life of an order: placed, paid, bought at eSIM Go, delivered, or failed and refunded."""

from webapp.orders.buying import CALL_CAN_TAKE, give_back, submit_next, take_over
from webapp.orders.delivering import collect, deliver, record
from webapp.orders.ending import enforce_deadlines, fail
from webapp.orders.placing import expire, find, of_customer, place, recent

__all__ = [
    "CALL_CAN_TAKE",
    "collect",
    "deliver",
    "enforce_deadlines",
    "expire",
    "fail",
    "find",
    "give_back",
    "of_customer",
    "place",
    "recent",
    "record",
    "submit_next",
    "take_over",
]
