"""Payments and refunds with states and journals, returns, incidents, and customers whose purchases are held.

Payment and refund are made anew and refilled: SQLite cannot change a column in place.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Customer(Model):
    class Meta:
        table_name = "customer"


class Order(Model):
    class Meta:
        table_name = "orders"


class Payment(Model):
    order = ForeignKeyField(Order, null=True)
    telegram_user_id = BigIntegerField()
    means = CharField(default="stars")
    currency = CharField(default="XTR")
    amount = BigIntegerField()
    charge_id = CharField(unique=True, null=True)
    state = CharField(default="created")
    created_at = UtcField()
    confirmed_at = UtcField(null=True)
    listed_at = UtcField(null=True)

    class Meta:
        table_name = "payment"
        indexes = ((("state", "created_at"), False), (("listed_at", "confirmed_at"), False))


class Refund(Model):
    payment = ForeignKeyField(Payment, unique=True)
    state = CharField(default="due")
    reason = CharField()
    attempts = IntegerField(default=0)
    silent = BooleanField(default=False)
    epoch = IntegerField(null=True)
    next_try_at = UtcField()
    created_at = UtcField()
    sent_at = UtcField(null=True)
    done_at = UtcField(null=True)
    listed_at = UtcField(null=True)

    class Meta:
        table_name = "refund"
        indexes = ((("state", "next_try_at"), False), (("listed_at", "done_at"), False))


class Journal(Model):
    at = UtcField()
    from_state = CharField()
    to_state = CharField()
    actor = CharField()
    note = TextField(default="")


class PaymentEvent(Journal):
    payment = ForeignKeyField(Payment)

    class Meta:
        table_name = "payment_event"


class RefundEvent(Journal):
    refund = ForeignKeyField(Refund)

    class Meta:
        table_name = "refund_event"


class ReturnRequest(Model):
    order = ForeignKeyField(Order, unique=True)
    state = CharField(default="asked")
    why = CharField()
    verdict = CharField(default="")
    epoch = IntegerField(null=True)
    asked_at = UtcField()
    next_try_at = UtcField()
    sent_at = UtcField(null=True)
    done_at = UtcField(null=True)

    class Meta:
        table_name = "return_request"
        indexes = ((("state", "next_try_at"), False),)


class ReturnEvent(Journal):
    request = ForeignKeyField(ReturnRequest)

    class Meta:
        table_name = "return_event"


class Incident(Model):
    kind = CharField()
    subject = CharField(default="")
    detail = TextField(default="")
    opened_at = UtcField()
    seen_at = UtcField()
    closed_at = UtcField(null=True)
    told_at = UtcField(null=True)

    class Meta:
        table_name = "incident"
        indexes = ((("kind", "subject"), True), (("closed_at", "told_at"), False))


class FormerPayment(Model):
    order = ForeignKeyField(Order, null=True)
    telegram_user_id = BigIntegerField()
    charge_id = CharField(unique=True)
    stars = IntegerField()
    created_at = UtcField()

    class Meta:
        table_name = "payment"


class FormerRefund(Model):
    payment = ForeignKeyField(FormerPayment, unique=True)
    state = CharField(index=True, default="due")
    reason = CharField()
    attempts = IntegerField(default=0)
    next_try_at = UtcField()
    created_at = UtcField()
    done_at = UtcField(null=True)

    class Meta:
        table_name = "refund"


MONEY = [Payment, Refund]
NEW = [PaymentEvent, RefundEvent, ReturnRequest, ReturnEvent, Incident]
FORMER = [FormerPayment, FormerRefund]
HELD = (
    ("held_at", UtcField(null=True)),
    ("held_for", CharField(null=True)),
    ("released_at", UtcField(null=True)),
)

REFILL = (
    """
    INSERT INTO payment (id, order_id, telegram_user_id, means, currency, amount, charge_id, state,
        created_at, confirmed_at)
    SELECT p.id, p.order_id, p.telegram_user_id, 'stars', 'XTR', p.stars, p.charge_id,
        CASE WHEN r.state = 'done' THEN 'refunded' WHEN r.id IS NULL THEN 'confirmed' ELSE 'refund_due' END,
        p.created_at, p.created_at
    FROM kept_payment p LEFT JOIN kept_refund r ON r.payment_id = p.id
    """,
    """
    INSERT INTO refund (id, payment_id, state, reason, attempts, silent, next_try_at, created_at, done_at)
    SELECT id, payment_id, state, reason, attempts, (1 = 0), next_try_at, created_at, done_at FROM kept_refund
    """,
)
EMPTY_OUT = (
    """
    INSERT INTO payment (id, order_id, telegram_user_id, charge_id, stars, created_at)
    SELECT id, order_id, telegram_user_id, charge_id, amount, created_at FROM kept_payment
    WHERE charge_id IS NOT NULL
    """,
    """
    INSERT INTO refund (id, payment_id, state, reason, attempts, next_try_at, created_at, done_at)
    SELECT id, payment_id, CASE WHEN state = 'done' THEN 'done' ELSE 'due' END, reason, attempts, next_try_at,
        created_at, done_at FROM kept_refund
    """,
)


COUNT_ON = """
    SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 0) + 1, false) FROM {name}
"""


def up(migrator: Any, db: Any) -> None:
    _make_anew(db, FORMER, MONEY, REFILL)
    with db.bind_ctx(NEW):
        db.create_tables(NEW)
    migrator.migrate(*(migrator.add_column("customer", name, field) for name, field in HELD))


def down(migrator: Any, db: Any) -> None:
    for name, _ in HELD:
        db.execute_sql(f"ALTER TABLE customer DROP COLUMN {name}")
    with db.bind_ctx(NEW):
        db.drop_tables(NEW)
    _make_anew(db, MONEY, FORMER, EMPTY_OUT)


def _make_anew(db: Any, old: list[Any], new: list[Any], refill: tuple[str, ...]) -> None:
    """The rows wait in tables without keys while the tables are replaced."""
    names = [model._meta.table_name for model in old]
    for name in names:
        db.execute_sql(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}")  # noqa: S608 - names from here
    for name in reversed(names):
        db.execute_sql(f"DROP TABLE {name}")
    with db.bind_ctx(new):
        db.create_tables(new)
    for sql in refill:
        db.execute_sql(sql)
    for name in names:
        db.execute_sql(f"DROP TABLE kept_{name}")
        if db.for_update:  # PostgreSQL counts its ids beside the rows
            db.execute_sql(COUNT_ON.format(name=name))
