"""Which crash points there are, what has to happen for a process to come there, and what may go wrong then."""

from dataclasses import dataclass

PURCHASE = ("order.intent.committed", "order.post.sent", "order.post.answered", "order.recorded")
CHAT = ("notification.claimed", "notification.sent")
REFUND = ("refund.due", "refund.claimed", "refund.answered", "refund.recorded", "refund.failed")
STATEMENT = ("statement.read", "statement.booked")
PAYMENT = ("payment.allowed", "payment.booked", "payment.decided", "payment.update.stored")
"""In the web process, in the order in which one payment comes to them."""

ELSEWHERE = {"catalogue.": "tests/shop/test_catalogue_sync.py"}
"""Crash points without money, by prefix, and the test that kills at every one of them."""

KNOWN = {*PURCHASE, *CHAT, *REFUND, *STATEMENT, *PAYMENT}

NONE = "none"
PROVIDER_FAULTS = (
    "reset_after_commit",
    "reset_before",
    "commit_late",
    "500",
    "503",
    "429",
    "400",
    "broken_json",
    "wrong_shape",
    "slow",
    "hang",
    "price_changed",
    "out_of_funds",
    "down",
)
TELEGRAM_FAULTS = ("lost_answer", "429", "502", "broken_json", "hang", "slow", "403", "down")
SECONDS = {"slow": 1, "hang": 1, "commit_late": 1}
"""How long a fault takes, where it takes time: less than the client would wait."""


@dataclass(frozen=True)
class Case:
    boundary: str
    fault: str = NONE

    @property
    def call(self) -> str:
        """The outside call that meets the fault."""
        if self.boundary in PURCHASE:
            return "POST /orders"
        return "POST /refundStarPayment" if self.boundary in REFUND else "POST /sendMessage"

    def __str__(self) -> str:
        return f"{self.boundary}, {self.fault}"


def full() -> list[Case]:
    """Every crash point with every fault of the call that stands there."""
    bought = [Case(boundary, fault) for fault in (NONE, *PROVIDER_FAULTS) for boundary in PURCHASE]
    told = [Case(boundary, fault) for fault in (NONE, *TELEGRAM_FAULTS) for boundary in (*CHAT, *REFUND[1:])]
    return bought + told


def once(half: int) -> list[Case]:
    """Every crash point without a fault, and half of the faults, each with one crash point."""
    bought = [Case(boundary) for boundary in PURCHASE]
    told = [Case(boundary) for boundary in (*CHAT, *REFUND[1:4])]
    bought += [Case(PURCHASE[n % 3], fault) for n, fault in enumerate(PROVIDER_FAULTS[half::2])]
    telegram = (CHAT[1], "refund.failed", "refund.answered")
    told += [Case(telegram[n % 3], fault) for n, fault in enumerate(TELEGRAM_FAULTS[half::2])]
    return bought + told
