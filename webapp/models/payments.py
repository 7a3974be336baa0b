"""Money that came in, and money that goes back. Amounts: the smallest unit of their currency (XTR: Stars)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField

from webapp.base import clock
from webapp.models.db import Row, UtcField
from webapp.models.journal import Journal, Stateful
from webapp.models.orders import Order

ELSEWHERE = "elsewhere"
"""Why money went back that not we have sent: by a person's hand, or taken back by the payment provider."""

CHARGED = ("confirmed", "unplaced", "refund_due", "refunded")
"""States of a payment that was made."""


class Payment(Stateful):
    """One charge. A second charge on one order is its own row, and is given back.

    created: allowed at the last question before the charge, whose id is not known yet; confirmed: charged;
    unplaced: charged, and a person has to say what for (`payload` is what its invoice said).
    `listed_at`: when it was seen in the statement of the payment provider. `amount` is all that was paid;
    `credited_nano` of it has arrived, and `commission_nano` went to whoever brought the buyer, both in
    billionths of that unit (nanostars). They are null until the statement tells.
    """

    TRANSITIONS: ClassVar[Mapping[str, set[str]]] = {
        "created": {"confirmed", "unplaced"},
        "unplaced": {"confirmed", "refund_due"},
        "confirmed": {"refund_due"},
        "refund_due": {"refunded"},
        "refunded": set(),
    }

    order = ForeignKeyField(Order, null=True, backref="payments")
    telegram_user_id = BigIntegerField()
    provider = CharField(column_name="means", default="stars")
    currency = CharField(default="XTR")
    amount = BigIntegerField()
    credited_nano = BigIntegerField(null=True)
    commission_nano = BigIntegerField(null=True)
    charge_id = CharField(unique=True, null=True)
    payload = CharField(default="")
    state = CharField(default="created")
    created_at = UtcField(default=clock.now)
    confirmed_at = UtcField(null=True)
    listed_at = UtcField(null=True)

    class Meta:
        indexes = ((("state", "created_at"), False), (("listed_at", "confirmed_at"), False))

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        PaymentEvent.create(payment=self, from_state=before, to_state=to, actor=actor, note=note)


class Refund(Stateful):
    """All of one charge goes back: due, sent (the request may have left), done; stuck: a person should look.

    `short_since`: since when it waits for a balance that covers it, perhaps until `expected_at`.
    `silent`: the last try got no answer. `epoch` and `sent_at` are of the claim that is under way.
    """

    TRANSITIONS: ClassVar[Mapping[str, set[str]]] = {
        "due": {"sent", "done"},
        "sent": {"sent", "due", "stuck", "done"},
        "stuck": {"sent", "done"},
        "done": set(),
    }

    payment = ForeignKeyField(Payment, unique=True, backref="refunds")
    state = CharField(default="due")
    reason = CharField()
    attempts = IntegerField(default=0)
    silent = BooleanField(default=False)
    epoch = IntegerField(null=True)
    next_try_at = UtcField(default=clock.now)
    created_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)
    done_at = UtcField(null=True)
    listed_at = UtcField(null=True)
    short_since = UtcField(null=True)
    expected_at = UtcField(null=True)

    class Meta:
        indexes = ((("state", "next_try_at"), False), (("listed_at", "done_at"), False))

    def _as_read(self) -> dict[str, Any]:
        """An older claim does not take back a newer one."""
        return super()._as_read() | {"sent_at": self.sent_at}

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        RefundEvent.create(refund=self, from_state=before, to_state=to, actor=actor, note=note)


class PaymentEvent(Journal):
    payment = ForeignKeyField(Payment, backref="events")

    class Meta:
        table_name = "payment_event"


class RefundEvent(Journal):
    refund = ForeignKeyField(Refund, backref="events")

    class Meta:
        table_name = "refund_event"


class StarMovement(Row):
    """A line of Telegram's statement that is no charge or refund of ours: another product's on this bot
    ("foreign"), a withdrawal, a gift, and so on. Nothing in it leads to a person. `nano`: nanostars, below
    zero where they went.
    """

    line_id = CharField()
    outgoing = BooleanField()
    kind = CharField()
    nano = BigIntegerField()
    at = UtcField(default=clock.now)

    class Meta:
        table_name = "star_movement"
        indexes = ((("line_id", "outgoing"), True),)


class ReturnRequest(Stateful):
    """A delivered plan shall be given back: asked, revoking (the request may have left), revoked or denied.

    `why`: the customer's "wish", or "chargeback" when the money was taken back already. `verdict`: the reason
    of a no.
    """

    TRANSITIONS: ClassVar[Mapping[str, set[str]]] = {
        "asked": {"revoking", "denied"},
        "revoking": {"asked", "revoked", "denied"},
        "revoked": set(),
        "denied": {"asked"},
    }

    order = ForeignKeyField(Order, unique=True, backref="return_requests")
    state = CharField(default="asked")
    why = CharField()
    verdict = CharField(default="")
    epoch = IntegerField(null=True)
    asked_at = UtcField(default=clock.now)
    next_try_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)
    done_at = UtcField(null=True)

    class Meta:
        table_name = "return_request"
        indexes = ((("state", "next_try_at"), False),)

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        ReturnEvent.create(request=self, from_state=before, to_state=to, actor=actor, note=note)


class ReturnEvent(Journal):
    request = ForeignKeyField(ReturnRequest, backref="events")

    class Meta:
        table_name = "return_event"
