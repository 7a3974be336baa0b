"""What we are told, and what we tell."""

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from webapp.base import clock
from webapp.models.customers import Customer
from webapp.models.db import Row, SecretTextField, UtcField
from webapp.models.orders import Order
from webapp.models.references import new_reference


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
    """The outbox: written with the change it tells of, sent by a job.

    `channel` is chat or email. `occasion` is empty for what is told once of an order; what is asked for
    (a receipt, a code) has one of its own each time. Without `order` it is about the customer. `facts` are
    what was known at the change, as JSON.
    """

    customer = ForeignKeyField(Customer)
    order = ForeignKeyField(Order, null=True)
    kind = CharField()
    channel = CharField(default="chat")
    occasion = CharField(default="")
    facts = TextField(default="")
    state = CharField(default="waiting")
    attempts = IntegerField(default=0)
    next_try_at = UtcField(default=clock.now)
    created_at = UtcField(default=clock.now)
    sent_at = UtcField(null=True)

    def told_of(self) -> Order:
        """The order that it tells of. Raises LookupError when it is about the customer."""
        if self.order is None:
            raise LookupError(f"{self.kind} tells of no order")
        return self.order

    class Meta:
        indexes = ((("order", "kind", "channel", "occasion"), True), (("state", "next_try_at"), False))


class EmailAddress(Row):
    """Where a customer wants copies. It counts once the code that was sent to it has come back.

    `key` is in the link that stops the copies. `counted_from`: when a code was last asked for. `codes` is
    read by the version before: how many were sent, AbuseCounter says.
    """

    customer = ForeignKeyField(Customer, unique=True)
    address = CharField()
    confirmed_at = UtcField(null=True)
    wanted = BooleanField(default=True)
    key = CharField(unique=True, default=new_reference)
    code = CharField(default="")
    code_until = UtcField(null=True)
    tries = IntegerField(default=0)
    codes = IntegerField(default=0)
    counted_from = UtcField(default=clock.now)

    @property
    def awaits_code(self) -> bool:
        """Was a code sent that still counts?"""
        return bool(self.code) and self.code_until is not None and clock.now() <= self.code_until

    class Meta:
        table_name = "email_address"
