"""What there is to tell: in which group a person switches it off, and for how long it is news.

Every group can be switched off, money too: an order's page always says where its money is, and Telegram
itself puts each payment and each refund into the chat.
"""

from dataclasses import dataclass
from datetime import timedelta

ASKED_FOR = ""

GROUPS = ("orders", "money", "travel", "data", "reminders")
"""In the order of the account page, which says what each is."""


@dataclass(frozen=True)
class Kind:
    """`useful_for`: how long after the change its message still is news to somebody who could not be written
    to. `mailed`: is there a copy by e-mail? A mailbox is for what is kept, not for what counts this hour.
    """

    group: str
    useful_for: timedelta
    mailed: bool = False


KINDS = {
    # By the end of the hour it was delivered or refunded, and the next message says so.
    "paid": Kind("orders", timedelta(hours=1), mailed=True),
    "ready": Kind("orders", timedelta(days=30), mailed=True),
    "topped_up": Kind("orders", timedelta(days=3), mailed=True),
    "failed": Kind("money", timedelta(days=1), mailed=True),
    "refunded": Kind("money", timedelta(days=3), mailed=True),
    "activated": Kind("travel", timedelta(days=1)),
    "first_use": Kind("travel", timedelta(days=1)),
    "used_80": Kind("data", timedelta(hours=12)),
    "used_up": Kind("data", timedelta(days=1)),
    "running_out": Kind("data", timedelta(hours=6)),
    "ends_tomorrow": Kind("data", timedelta(hours=12), mailed=True),
    "not_installed": Kind("reminders", timedelta(days=3), mailed=True),
    "receipt": Kind(ASKED_FOR, timedelta(days=1)),
    "history": Kind(ASKED_FOR, timedelta(days=1)),
    "report": Kind(ASKED_FOR, timedelta(days=1)),
    "code": Kind(ASKED_FOR, timedelta(minutes=15)),
}
ON_REQUEST = tuple(name for name, kind in KINDS.items() if kind.group == ASKED_FOR)
"""Somebody asks for them, and waits."""


def useful_for(kind: str) -> timedelta:
    return KINDS[kind].useful_for


def is_muted(kind: str, muted: str) -> bool:
    """Has its group been switched off? `muted` as it stands on the customer. What was asked for never is."""
    return KINDS[kind].group in muted.split()
