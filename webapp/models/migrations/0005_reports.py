"""When an order was delivered is on the order, what was paid for when is found by an index, and an intent
tells what the balance was before it.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField

DELIVERED = """
    UPDATE orders SET delivered_at = (
        SELECT MIN(at) FROM order_event WHERE order_event.order_id = orders.id AND to_stage = 'ready'
    )
"""


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("orders", "delivered_at", UtcField(null=True)),
        migrator.add_column("submission", "balance_before", BigIntegerField(null=True)),
        migrator.add_column("submission", "balance_at", UtcField(null=True)),
        migrator.add_index("order_event", ("to_stage", "at")),
        migrator.add_index("orders", ("paid_at",)),
        migrator.add_index("orders", ("created_at",)),
    )
    db.execute_sql(DELIVERED)


def down(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.drop_index("orders", "orders_created_at"),
        migrator.drop_index("order_event", "order_event_to_stage_at"),
        migrator.drop_index("orders", "orders_paid_at"),
        migrator.drop_column("submission", "balance_at"),
        migrator.drop_column("submission", "balance_before"),
        migrator.drop_column("orders", "delivered_at"),
    )
