"""What eSIM Go lists of our account, and each look at it; up to where the ledger was checked."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Submission(Model):
    class Meta:
        table_name = "submission"


class AuditedOrder(Model):
    reference = CharField(unique=True)
    ordered_at = UtcField(index=True)
    total = BigIntegerField(null=True)
    currency = CharField()
    type = CharField()
    item = CharField()
    quantity = IntegerField(null=True)
    iccids = TextField()
    submission = ForeignKeyField(Submission, null=True)
    verdict = CharField()
    settled = CharField()
    settled_at = UtcField(null=True)
    is_used = BooleanField()
    counted = BigIntegerField(null=True, index=True)
    seen_at = UtcField(null=True)

    class Meta:
        table_name = "provider_order"
        indexes = ((("verdict", "settled", "ordered_at"), False),)


class ProviderLook(Model):
    at = UtcField(index=True)
    told_at = UtcField()
    epoch = IntegerField()
    why = CharField()
    since = UtcField()
    complete = BooleanField()
    orders = IntegerField()
    currency = CharField()
    balance = BigIntegerField(null=True)
    spent = BigIntegerField()
    income = BigIntegerField()
    missing = BigIntegerField()
    pending = BigIntegerField()
    awaited = BigIntegerField()
    accepted = BigIntegerField()

    class Meta:
        table_name = "provider_look"


class LedgerSeal(Model):
    at = UtcField()
    last_order = IntegerField()
    last_payment = IntegerField()
    last_order_event = IntegerField()
    last_payment_event = IntegerField()
    last_refund_event = IntegerField()

    class Meta:
        table_name = "ledger_seal"


TABLES = [Submission, AuditedOrder, ProviderLook, LedgerSeal]


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES[1:])


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.drop_tables(TABLES[1:])
