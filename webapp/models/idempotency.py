"""Requests of the JSON API that were made before."""

from peewee import CharField, ForeignKeyField

from webapp.base import clock
from webapp.models.customers import Customer
from webapp.models.db import Row, UtcField
from webapp.models.orders import Order


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
