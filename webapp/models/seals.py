"""Up to where the ledger has been checked and added up."""

from peewee import IntegerField

from webapp.base import clock
from webapp.models.db import Row, UtcField


class LedgerSeal(Row):
    """Everything was right at `at`, up to these rows of orders, payments and their journals."""

    at = UtcField(default=clock.now)
    last_order = IntegerField()
    last_payment = IntegerField()
    last_order_event = IntegerField()
    last_payment_event = IntegerField()
    last_refund_event = IntegerField()

    class Meta:
        table_name = "ledger_seal"
