"""What customers decide about themselves: what they are told and where, and that they are forgotten."""

from webapp.customers.account.addresses import (
    LONGEST,
    address_of,
    confirm,
    propose,
    remove,
    stop_copies,
    want_copies,
)
from webapp.customers.account.forgetting import forget, obstacle
from webapp.customers.account.forgotten import forget_again
from webapp.customers.account.notification_preferences import set_switches, switches
from webapp.customers.account.papers import ask_for_history, ask_for_receipt

__all__ = [
    "LONGEST",
    "address_of",
    "ask_for_history",
    "ask_for_receipt",
    "confirm",
    "forget",
    "forget_again",
    "obstacle",
    "propose",
    "remove",
    "set_switches",
    "stop_copies",
    "switches",
    "want_copies",
]
