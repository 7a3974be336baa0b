"""Intents to buy at eSIM Go, written before the call."""

from peewee import BigIntegerField, CharField, ForeignKeyField, IntegerField

from webapp.base import clock
from webapp.models.db import Row, UtcField
from webapp.models.orders import Order


class Submission(Row):
    """One intent to buy, for a new eSIM or (a top-up) for the one with `iccid`. At most one POST is ever sent
    for it, at `sent_at`; at `ended_at` its outcome was known, which a lost answer delays. `balance_before`
    (thousandths): what eSIM Go's balance was at `balance_at`, before it. `answered_as`: the reference of an
    order that it was answered with and that is not what was asked for; it was made, perhaps for this.
    """

    order = ForeignKeyField(Order, backref="submissions")
    epoch = IntegerField()
    bundle = CharField()
    iccid = CharField(null=True)
    quantity = IntegerField(default=1)
    cost = BigIntegerField()
    claimed_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)
    ended_at = UtcField(null=True)
    balance_before = BigIntegerField(null=True)
    balance_at = UtcField(null=True)
    outcome = CharField(null=True)
    looks = IntegerField(default=0)
    first_absent_at = UtcField(null=True)
    answered_as = CharField(null=True)
    esimgo_order_id = CharField(null=True, unique=True)

    class Meta:
        indexes = ((("outcome", "sent_at"), False), (("sent_at",), False))
