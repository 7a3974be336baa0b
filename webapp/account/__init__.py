"""What customers decide about themselves: what they are told and where, and that they are forgotten."""

from webapp.account.addresses import (
    LONGEST,
    address_of,
    confirm,
    propose,
    remove,
    stop_copies,
    want_copies,
)
from webapp.account.forgetting import forget, obstacle
from webapp.account.papers import ask_for_history, ask_for_receipt
from webapp.account.switches import set_switches, switches

__all__ = [
    "LONGEST",
    "address_of",
    "ask_for_history",
    "ask_for_receipt",
    "confirm",
    "forget",
    "obstacle",
    "propose",
    "remove",
    "set_switches",
    "stop_copies",
    "switches",
    "want_copies",
]
