"""Money that came in, and money that goes back."""

from peewee import BigIntegerField, CharField, ForeignKeyField, IntegerField

from webapp import clock
from webapp.db import Row, UtcField
from webapp.models.orders import Order


class Payment(Row):
    """One charge. A second charge on one order is its own row, and is given back."""

    order = ForeignKeyField(Order, null=True, backref="payments")
    telegram_user_id = BigIntegerField()
    charge_id = CharField(unique=True)
    stars = IntegerField()
    created_at = UtcField(default=clock.now)


class Refund(Row):
    """Money that goes back: due, then done."""

    payment = ForeignKeyField(Payment, unique=True, backref="refunds")
    state = CharField(default="due", index=True)
    reason = CharField()
    attempts = IntegerField(default=0)
    next_try_at = UtcField(default=clock.now)
    created_at = UtcField(default=clock.now)
    done_at = UtcField(null=True)
