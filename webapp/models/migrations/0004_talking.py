"""Messages by e-mail and on request, groups of them switched off, and customers who are deleted."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Customer(Model):
    class Meta:
        table_name = "customer"


class EmailAddress(Model):
    customer = ForeignKeyField(Customer, unique=True)
    address = CharField()
    confirmed_at = UtcField(null=True)
    wanted = BooleanField()
    key = CharField(unique=True)
    code = CharField()
    code_until = UtcField(null=True)
    tries = IntegerField()
    codes = IntegerField()
    counted_from = UtcField()

    class Meta:
        table_name = "email_address"


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Customer, EmailAddress]):
        db.create_tables([EmailAddress])
    for operation in (
        migrator.add_column("customer", "muted", CharField(default="")),
        migrator.add_column("customer", "deleted_at", UtcField(null=True)),
        migrator.add_column("notification", "channel", CharField(default="chat")),
        migrator.add_column("notification", "occasion", CharField(default="")),
        migrator.add_column("notification", "facts", TextField(default="")),
        migrator.drop_index("notification", "notification_order_id_kind"),
        migrator.drop_not_null("notification", "order_id"),
        migrator.add_index("notification", ("order_id", "kind", "channel", "occasion"), True),
        migrator.add_index("assignment", ("state", "ends_at"), False),
        migrator.add_index("esim", ("installed_at", "created_at"), False),
    ):
        operation.run()


def down(migrator: Any, db: Any) -> None:
    """What the tables of before cannot hold goes: copies by e-mail, and what was asked for."""
    db.execute_sql("DELETE FROM notification WHERE order_id IS NULL OR channel <> 'chat' OR occasion <> ''")
    for operation in (
        migrator.drop_index("esim", "esim_installed_at_created_at"),
        migrator.drop_index("assignment", "assignment_state_ends_at"),
        migrator.drop_index("notification", "notification_order_id_kind_channel_occasion"),
        migrator.add_not_null("notification", "order_id"),
        migrator.drop_column("notification", "facts"),
        migrator.drop_column("notification", "occasion"),
        migrator.drop_column("notification", "channel"),
        migrator.add_index("notification", ("order_id", "kind"), True),
        migrator.drop_column("customer", "deleted_at"),
        migrator.drop_column("customer", "muted"),
    ):
        operation.run()
    with db.bind_ctx([Customer, EmailAddress]):
        db.drop_tables([EmailAddress])
