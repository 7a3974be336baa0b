"""Limits that forgetting does not reset: what counts against somebody lies under a digest of their number.

What counts already is taken over. The columns that it comes from stay: the version before this one still runs
on the new tables.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from peewee import *

from webapp.base import clock
from webapp.models.db import SecretField, UtcField

COUNTED_FOR = timedelta(hours=25)
HELD_FOR = timedelta(days=365)
BURST = timedelta(hours=1)


class Customer(Model):
    telegram_user_id = BigIntegerField()
    held_at = UtcField(null=True)
    held_for = CharField(null=True)
    released_at = UtcField(null=True)

    class Meta:
        table_name = "customer"


class Order(Model):
    reference = CharField()
    telegram_user_id = BigIntegerField()
    stars = IntegerField()
    stage = CharField()
    paid_at = UtcField(null=True)

    class Meta:
        table_name = "orders"


class EmailAddress(Model):
    customer = ForeignKeyField(Customer)
    codes = IntegerField()
    counted_from = UtcField()

    class Meta:
        table_name = "email_address"


class Incident(Model):
    kind = CharField()
    subject = CharField()
    closed_at = UtcField(null=True)

    class Meta:
        table_name = "incident"


class AbuseKey(Model):
    secret = SecretField()

    class Meta:
        table_name = "abuse_key"


class AbuseCounter(Model):
    id = AutoField()
    key = CharField()
    purpose = CharField()
    occasion = CharField()
    reason = CharField()
    amount = BigIntegerField()
    customer = ForeignKeyField(Customer, null=True)
    at = UtcField()
    until = UtcField(index=True)

    class Meta:
        table_name = "abuse_counter"
        indexes = ((("key", "occasion"), True),)


NEW = [AbuseKey, AbuseCounter]
TABLES = [Customer, Order, EmailAddress, Incident, *NEW]


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.create_tables(NEW)
        key = secrets.token_bytes(32)
        rows = list(
            _counted(lambda purpose, of: hmac.digest(key, f"{purpose}:{of}".encode(), "sha256").hex())
        )
        if rows:  # without any the shop makes a key when it needs one
            AbuseKey.create(id=1, secret=key.hex())
            for row in rows:
                AbuseCounter.create(**row)
        _rename_incidents(db)


def _counted(digest: Callable[[str, object], str]) -> Iterator[dict[str, Any]]:
    now = clock.now()
    known: Any = Customer.telegram_user_id > 0  # the others have deleted their data
    for person in Customer.select().where(known, Customer.held_at.is_null(False)):
        yield _row(
            digest("hold", person.telegram_user_id),
            "hold",
            reason=person.held_for or "",
            customer=person,
            at=person.held_at,
            until=now + HELD_FOR,
        )
    lately = Customer.held_at.is_null() & (Customer.released_at > now - BURST)
    for person in Customer.select().where(known, lately):
        yield _row(
            digest("hold", person.telegram_user_id),
            "released",
            at=person.released_at,
            until=person.released_at + COUNTED_FOR,
        )
    for order in Order.select().where(Order.telegram_user_id > 0, Order.paid_at > now - COUNTED_FOR):
        yield _row(
            digest("order", order.telegram_user_id),
            "order",
            occasion=digest("occasion", order.reference),
            reason="failed" if order.stage == "failed" else "",
            amount=order.stars,
            at=order.paid_at,
            until=order.paid_at + COUNTED_FOR,
        )
    asked = EmailAddress.select(EmailAddress, Customer).join(Customer)
    for address in asked.where(known, EmailAddress.counted_from > now - timedelta(days=1)):
        for place in range(address.codes):
            yield _row(
                digest("code", address.customer.telegram_user_id),
                "code",
                occasion=str(place),
                at=address.counted_from,
                until=address.counted_from + COUNTED_FOR,
            )


def _row(key: str, purpose: str, **values: Any) -> dict[str, Any]:
    return {"key": key, "purpose": purpose, "occasion": "", "reason": "", "amount": 0} | values


def _rename_incidents(db: Any) -> None:
    """They are called by the hold now, and no number of a person stays in them."""
    holds: Any = AbuseCounter.select(AbuseCounter.id, Customer.telegram_user_id).join(Customer).tuples()
    for hold, number in list(holds):
        this = (Incident.kind == "customer_held") & (Incident.subject == str(number))
        Incident.update(subject=f"hold-{hold}").where(this, Incident.closed_at.is_null()).execute()
    db.execute_sql("DELETE FROM incident WHERE kind = 'customer_held' AND closed_at IS NOT NULL")
    db.execute_sql("UPDATE admin_event SET subject = '' WHERE deed = 'customer.release'")


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx(NEW):
        db.drop_tables(NEW)
