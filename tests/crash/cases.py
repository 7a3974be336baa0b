"""Which crash points there are, what brings a process there, and what may go wrong outside just then."""

from dataclasses import dataclass

PURCHASE = (
    "order.intent.committed",
    "order.begun",
    "order.post.sent",
    "order.post.answered",
    "delivery.written",
    "delivery.committed",
    "order.recorded",
)
CHAT = ("notification.claimed", "notification.sent")
REFUSED = ("refund.due", "order.failed")
REFUND = ("refund.claimed", "refund.answered", "refund.recorded", "refund.failed")
RETURN = ("return.claimed", "return.answered", "return.recorded")
LOOKUP = ("delivery.collected", "reconcile.listed", "stock.bound")
STATEMENT = ("statement.read", "statement.booked")
PAYMENT = ("payment.allowed", "payment.booked", "payment.decided", "payment.update.stored")
"""In the web process, in the order in which one payment comes to them."""

ELSEWHERE = {"catalogue.": "tests/shop/test_catalogue_sync.py", "letter.": "tests/shop/test_letters.py"}
"""Crash points without money, by prefix, and the test that kills at every one of them."""

BEFORE_THE_CALL = (*PURCHASE[:2], CHAT[0], REFUND[0])
"""Whoever dies here has not called yet: the fault is for whoever comes after."""

KNOWN = {*PURCHASE, *CHAT, *REFUSED, *REFUND, *RETURN, *LOOKUP, *STATEMENT, *PAYMENT}

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
NOT_TRUE = {
    "swapped_answer",
    "tripled_answer",
    "shortened_answer",
    "foreign_iccids",
    "duplicate_order",
    "late_visible",
    "filter_refused",
    "filter_ignored",
    "price_drift",
}
"""Answers about something else, and lists that hide or refuse. They have no kills of their own: the streets
in tests/proof meet them, with crashes.
"""
TELEGRAM_FAULTS = ("lost_answer", "429", "502", "broken_json", "hang", "slow", "403", "down")
SECONDS = {"slow": 1, "hang": 1, "commit_late": 1}
"""How long a fault takes, where it takes time: less than the client would wait."""


@dataclass(frozen=True)
class Case:
    crash_point: str
    fault: str = NONE

    @property
    def is_about_buying(self) -> bool:
        """The fault is eSIM Go's, not Telegram's."""
        return self.crash_point in PURCHASE + REFUSED

    @property
    def call(self) -> str:
        """The outside call that meets the fault."""
        if self.is_about_buying:
            return "POST /orders"
        return "POST /refundStarPayment" if self.crash_point in REFUND else "POST /sendMessage"

    def __str__(self) -> str:
        return f"{self.crash_point}, {self.fault}"


def full() -> list[Case]:
    """Every crash point with every fault of the call that stands there."""
    bought = [Case(crash_point, fault) for fault in (NONE, *PROVIDER_FAULTS) for crash_point in PURCHASE]
    told = [
        Case(crash_point, fault) for fault in (NONE, *TELEGRAM_FAULTS) for crash_point in (*CHAT, *REFUND)
    ]
    return [case for case in bought + told if case != Case("refund.failed")]  # a refund that works


_INTENT, _BEGUN, _SENT, _ANSWERED, _WRITTEN, _COMMITTED, _RECORDED = PURCHASE
_CLAIMED_NEWS, _SENT_NEWS = CHAT

ONCE = {
    "sqlite": (
        Case("refund.claimed"),
        Case("refund.answered", "slow"),
        Case("refund.recorded"),
        Case("refund.failed", "502"),
        Case(_INTENT),
        Case(_SENT, "reset_after_commit"),
        Case(_SENT, "commit_late"),
        Case(_SENT, "503"),
        Case(_ANSWERED, "slow"),
        Case(_WRITTEN, "price_changed"),
        Case(_COMMITTED),
        Case(_RECORDED),
        Case(_ANSWERED, "hang"),
        Case(_ANSWERED, "400"),
        Case(_BEGUN, "out_of_funds"),
        Case(_CLAIMED_NEWS),
        Case(_SENT_NEWS, "lost_answer"),
        Case(_SENT_NEWS, "403"),
    ),
    "postgresql": (
        Case("refund.claimed", "429"),
        Case("refund.answered"),
        Case("refund.recorded"),
        Case("refund.failed", "hang"),
        Case(_INTENT),
        Case(_SENT, "reset_before"),
        Case(_SENT, "500"),
        Case(_SENT, "broken_json"),
        Case(_SENT, "wrong_shape"),
        Case(_ANSWERED),
        Case(_WRITTEN),
        Case(_COMMITTED),
        Case(_RECORDED),
        Case(_BEGUN, "429"),
        Case(_ANSWERED, "down"),
        Case(_CLAIMED_NEWS, "down"),
        Case(_SENT_NEWS, "broken_json"),
    ),
}
"""The suite's share: on each database every crash point, and between them every fault once."""
