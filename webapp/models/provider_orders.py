"""What eSIM Go lists of our account, as each look at it found things, and what our rows say of it."""

import json

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from webapp.base import clock
from webapp.models.db import Row, UtcField
from webapp.models.submissions import Submission

UNEXPLAINED = ("elsewhere", "twice", "lost")
"""Verdicts with which an order is nobody's until the owner has settled it."""


class AuditedOrder(Row):
    """An order at eSIM Go. `ordered_at` is by eSIM Go's clock, `total` in thousandths of `currency`.

    `verdict`: bound (to the intent `submission`), under_way (an intent may still get it, or it is ours and
    not listed yet), elsewhere (nobody here has ordered it), twice (beside an equal one of ours), lost (ours,
    and not listed any more), before (the shop began), income and applied (no purchases).
    `settled`: what the owner has made of it, spent or surplus (wanted until its eSIM was looked at, and
    `is_used` when that was not fresh). `counted`: how much of it the balance is known
    to have paid. `seen_at`: when it was last listed.
    """

    reference = CharField(unique=True)
    ordered_at = UtcField(index=True)
    total = BigIntegerField(null=True)
    currency = CharField(default="")
    type = CharField(default="")
    item = CharField(default="")
    quantity = IntegerField(null=True)
    iccids = TextField(default="[]")
    submission = ForeignKeyField(Submission, null=True, backref="audited")
    verdict = CharField()
    settled = CharField(default="")
    settled_at = UtcField(null=True)
    is_used = BooleanField(default=False)
    counted = BigIntegerField(null=True, index=True)
    seen_at = UtcField(null=True)

    class Meta:
        table_name = "provider_order"
        indexes = ((("verdict", "settled", "ordered_at"), False),)

    @property
    def esims(self) -> list[str]:
        """Its ICCIDs."""
        return list(json.loads(self.iccids))


class ProviderLook(Row):
    """One comparison of eSIM Go's orders since `since` with ours. `why`: start, hour, night or asked;
    `complete`: the list was read to its end and understood. `told_at`: `at` by eSIM Go's clock.

    Thousandths of `currency`: `balance`, None where it moved while it was read; since the look before with
    one, `spent` on orders, and `income` (a rise that no order explains, or a top-up that is listed);
    `missing`: what it has fallen by without an order, until the owner has `accepted` so much; `pending`: what
    intents without an answer may have cost; `awaited`: credit for plans that were taken back, not seen yet.
    """

    at = UtcField(default=clock.now, index=True)
    told_at = UtcField()
    epoch = IntegerField()
    why = CharField()
    since = UtcField()
    complete = BooleanField()
    orders = IntegerField()
    currency = CharField(default="")
    balance = BigIntegerField(null=True)
    spent = BigIntegerField(default=0)
    income = BigIntegerField(default=0)
    missing = BigIntegerField(default=0)
    pending = BigIntegerField(default=0)
    awaited = BigIntegerField(default=0)
    accepted = BigIntegerField(default=0)

    class Meta:
        table_name = "provider_look"
