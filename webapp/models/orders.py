"""Orders, and the states of an order."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from peewee import BigIntegerField, CharField, Check, Expression, ForeignKeyField, IntegerField, TextField

from webapp.base import clock
from webapp.models.customers import Customer
from webapp.models.db import Row, StateField, UtcField
from webapp.models.journal import Stateful
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
    "accepted": {"ready", "failed", "unknown"},
    "ready": {"active", "returned"},
    "active": {"returned"},
    "failed": set[str](),
    "returned": set[str](),
}

OPEN_STAGES = ("paid", "submitting", "unknown", "accepted")
"""Paid for and not yet delivered: what the deadline is about."""

UNPAID = ("awaiting_payment", "expired")
"""What was allowed at the last moment may also be charged when its time is over, and is served."""

AWAITING_FOR = timedelta(minutes=30)
"""How long an order can be paid for."""
ADMITTED_FOR = timedelta(seconds=60)
"""How long a payment that was allowed counts as if it had come."""
CHARGED_WITHIN = timedelta(minutes=10)
"""When a payment that was allowed has not been heard of for so long, Telegram's own list was read in vain."""


class Order(Stateful):
    """One purchase. `stage` is its state by now; `status` is derived from it.

    `esim_id` is set when it tops up an eSIM that is there already. `invoiced_at`: when the payment sheet was
    last asked for; `admitted_at`: when a payment was allowed that has not arrived yet; `delivered_at`: when
    it became ready. `esimgo_product_id` and `wholesale` (thousandths) are what is bought; when that is not
    what was sold, `sold_bundle` and `sold_wholesale` are. Area, data, days and tier are always those of the
    plan that was paid for.
    """

    STATE = "stage"
    TRANSITIONS = TRANSITIONS

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
    sold_bundle = CharField(default="")
    sold_wholesale = BigIntegerField(null=True)
    retail = BigIntegerField()
    currency = CharField()
    stars = IntegerField()
    stage: "CharField[str]" = StateField(default="awaiting_payment")
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
        return self.status_in(self.stage)

    def status_in(self, stage: str) -> str:
        """The status to be shown beside a stage that was read before. What may be charged in this moment has
        not failed.
        """
        return "pending" if stage == "expired" and self.is_admitted else STATUS[stage]

    @property
    def agreed_wholesale(self) -> int:
        """The price of its bundle when it was sold, in thousandths."""
        return self.wholesale if self.sold_wholesale is None else self.sold_wholesale

    @property
    def is_open_for_payment(self) -> bool:
        return self.stage == "awaiting_payment"

    def state_at(self, moment: datetime) -> str:
        """What was not paid in time is expired."""
        written: str = self.as_written("stage")
        is_over = written == "awaiting_payment" and self.created_at < moment - AWAITING_FOR
        return "expired" if is_over else written

    @classmethod
    def overdue(cls) -> Expression:
        """Expired by now and not written down yet: state_at() for a query."""
        is_over: Expression = cls.created_at < clock.now() - AWAITING_FOR
        return (cls.stage == "awaiting_payment") & is_over

    @property
    def is_admitted(self) -> bool:
        """Was its payment allowed a moment ago, so that its charge may come?"""
        return self._was_allowed_within(ADMITTED_FOR)

    @property
    def may_have_been_charged(self) -> bool:
        """Was its payment allowed, and nobody knows yet whether it was made?"""
        return self._was_allowed_within(CHARGED_WITHIN)

    def _was_allowed_within(self, span: timedelta) -> bool:
        lately = self.admitted_at is not None and self.admitted_at > clock.now() - span
        return lately and self.stage in UNPAID

    @classmethod
    def admitted(cls) -> Expression:
        """is_admitted for a query. `created_at` is for the index: what is older has not been open for half an
        hour.
        """
        now = clock.now()
        lately: Expression = cls.stage.in_(UNPAID) & (cls.admitted_at > now - ADMITTED_FOR)
        return lately & (cls.created_at > now - 2 * AWAITING_FOR)

    def _as_read(self) -> dict[str, Any]:
        """Another submission may have taken it meanwhile."""
        return super()._as_read() | {"submission_id": self.submission_id}

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        OrderEvent.create(order=self, from_stage=before, to_stage=to, actor=actor, note=note)

    def fresh(self) -> Self:
        """The same row as the database has it now."""
        return type(self).get_by_id(self.id)


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
