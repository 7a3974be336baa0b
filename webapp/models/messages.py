"""What we are told, and what we tell."""

from peewee import BigIntegerField, CharField, ForeignKeyField, IntegerField, TextField

from webapp import clock
from webapp.db import Row, SecretTextField, UtcField
from webapp.models.orders import Customer, Order


class Callback(Row):
    """What eSIM Go told us, exactly as it came, and sealed, for nobody knows what it may tell one day; stored
    before it is acknowledged.

    `signature`: the encoding that proved it ("base64", "hex"), or "none". `kind`: our name of the event.
    """

    digest = CharField(unique=True)
    body = SecretTextField(column_name="raw")
    received_at = UtcField(default=clock.now)
    signature = CharField(default="none")
    kind = CharField(default="")
    verdict = CharField(null=True, index=True)

    class Meta:
        indexes = ((("signature", "received_at"), False),)


class TelegramUpdate(Row):
    """What Telegram told us, and the answer it got: a repeated update gets the same one."""

    update_id = BigIntegerField(unique=True)
    answer = TextField(null=True)
    received_at = UtcField(default=clock.now)


class Notification(Row):
    """The outbox: written with the change it tells of, sent by a job."""

    customer = ForeignKeyField(Customer)
    order = ForeignKeyField(Order)
    kind = CharField()
    state = CharField(default="waiting")
    attempts = IntegerField(default=0)
    next_try_at = UtcField(default=clock.now)
    created_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)

    class Meta:
        indexes = ((("order", "kind"), True), (("state", "next_try_at"), False))
