"""Customers, their orders, the states of an order, and the only writer of a state."""

from datetime import timedelta
from typing import Any, ClassVar, Self

from peewee import BigIntegerField, BooleanField, CharField, Check, ForeignKeyField, IntegerField, TextField

from webapp.base import clock
from webapp.models.db import Row, UtcField, transaction
from webapp.models.references import new_reference

STATUS = {
    "awaiting_payment": "pending",
    "expired": "failed",
    "paid": "pending",
    "submitting": "processing",
    "unknown": "processing",
    "accepted": "processing",
    "ready": "processing",
    "active": "active",
    "failed": "failed",
    "returned": "failed",
}
"""What customers, the JSON API and reports see of each stage."""

TRANSITIONS = {
    "awaiting_payment": {"paid", "expired"},
    "expired": {"paid", "failed"},
    "paid": {"submitting", "failed"},
    "submitting": {"ready", "accepted", "failed", "paid", "unknown"},
    "unknown": {"ready", "accepted", "paid", "failed"},
    "accepted": {"ready", "failed"},
    "ready": {"active", "returned"},
    "active": {"returned"},
    "failed": set[str](),
    "returned": set[str](),
}

OPEN_STAGES = ("paid", "submitting", "unknown", "accepted")
"""Paid for and not yet delivered: what the deadline is about."""


AWAITING_FOR = timedelta(minutes=30)
"""How long an order can be paid for."""


class Customer(Row):
    """Who buys. `muted` names the groups of messages that are switched off, with spaces between. Once
    `deleted_at` is set nobody is behind the row: its number is the negative of its id. `held_at`: nothing is
    sold to them until the owner has looked (`held_for`) and released them.
    """

    telegram_user_id = BigIntegerField(unique=True)
    first_name = CharField(default="")
    language = CharField()
    language_chosen = BooleanField(default=False)
    may_write = BooleanField(default=False)
    blocked_at = UtcField(null=True)
    held_at = UtcField(null=True)
    held_for = CharField(null=True)
    released_at = UtcField(null=True)
    muted = CharField(default="")
    deleted_at = UtcField(null=True)
    created_at = UtcField(default=clock.now)


class Order(Row):
    """One purchase. `stage` is written by `move` alone; `status` is derived from it.

    `esim_id` is set when it tops up an eSIM that is there already. `invoiced_at`: when the payment sheet was
    last asked for; `admitted_at`: when a payment was allowed that has not arrived yet; `delivered_at`: when
    it became ready.
    """

    reference = CharField(unique=True, default=new_reference)
    telegram_user_id = BigIntegerField()
    customer = ForeignKeyField(Customer, backref="orders")
    plan_id = CharField()
    plan_type = CharField()
    country_code = CharField()
    country_name = CharField()
    data_mb = IntegerField(null=True)
    days = IntegerField()
    tier = CharField(default="")
    esimgo_product_id = CharField()
    wholesale = BigIntegerField()
    retail = BigIntegerField()
    currency = CharField()
    stars = IntegerField()
    stage = CharField(default="awaiting_payment")
    failure = CharField(default="")
    invoice_url = CharField(null=True)
    invoiced_at = UtcField(null=True)
    admitted_at = UtcField(null=True)
    esim_id = IntegerField(null=True)
    esimgo_order_id = CharField(null=True)
    submission_id = IntegerField(null=True)
    created_at = UtcField(default=clock.now)
    paid_at = UtcField(null=True)
    deadline_at = UtcField(null=True)
    delivered_at = UtcField(null=True)
    activated_at = UtcField(null=True)
    next_try_at = UtcField(null=True)

    class Meta:
        table_name = "orders"
        indexes = (
            (("telegram_user_id", "created_at"), False),
            (("stage", "paid_at"), False),
            (("stage", "invoiced_at"), False),
            (("paid_at",), False),
            (("created_at",), False),
        )
        constraints: ClassVar = [Check(f"stage IN ({', '.join(repr(s) for s in STATUS)})")]

    @property
    def status(self) -> str:
        return STATUS[self.stage]

    @property
    def is_open_for_payment(self) -> bool:
        """Also before the job has come by that ends what was not paid in time."""
        return self.stage == "awaiting_payment" and clock.now() - self.created_at <= AWAITING_FOR

    def move(self, to: str, *, actor: str, note: str = "", **changes: Any) -> bool:
        """Leave the stage that was read for `to`, once, with a journal row in the same transaction.

        False when somebody was first: the row has left that stage, or another submission has taken it.
        """
        if to not in TRANSITIONS[self.stage]:
            raise ValueError(f"an order cannot go from {self.stage} to {to}")
        before = self.stage
        with transaction():
            as_read = (
                (Order.id == self.id) & (Order.stage == before) & (Order.submission_id == self.submission_id)
            )
            if Order.update(stage=to, **changes).where(as_read).execute() != 1:
                return False
            OrderEvent.create(order=self, from_stage=before, to_stage=to, actor=actor, note=note[:500])
        self.stage = to
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def fresh(self) -> Self:
        """The same row as the database has it now."""
        return type(self).get_by_id(self.id)


class IdempotencyKey(Row):
    """A request of the JSON API that was made before: the same key gives the same order."""

    customer = ForeignKeyField(Customer)
    key = CharField()
    digest = CharField()
    order = ForeignKeyField(Order)
    created_at = UtcField(default=clock.now)

    class Meta:
        table_name = "idempotency_key"
        indexes = ((("customer", "key"), True),)


class Submission(Row):
    """One intent to buy, for a new eSIM or (a top-up) for the one with `iccid`. At most one POST is ever sent
    for it. `balance_before` (thousandths): what eSIM Go's balance was at `balance_at`, before it.
    """

    order = ForeignKeyField(Order, backref="submissions")
    epoch = IntegerField()
    bundle = CharField()
    iccid = CharField(null=True)
    quantity = IntegerField(default=1)
    cost = BigIntegerField()
    claimed_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)
    balance_before = BigIntegerField(null=True)
    balance_at = UtcField(null=True)
    outcome = CharField(null=True)
    looks = IntegerField(default=0)
    first_absent_at = UtcField(null=True)
    esimgo_order_id = CharField(null=True, unique=True)

    class Meta:
        indexes = ((("outcome", "sent_at"), False),)


class OrderEvent(Row):
    """The journal: every move of every order, and who did it."""

    order = ForeignKeyField(Order, backref="events")
    at = UtcField(default=clock.now)
    from_stage = CharField()
    to_stage = CharField()
    actor = CharField()
    note = TextField(default="")

    class Meta:
        indexes = ((("to_stage", "at"), False),)
