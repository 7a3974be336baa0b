"""An order may be bought as another bundle than it was sold with; since when eSIM Go refuses one is known.

The version before knows nothing of `sold_bundle` and goes on writing orders: the database has its default.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


def up(migrator: Any, db: Any) -> None:
    for operation in (
        migrator.add_column("orders", "sold_bundle", CharField(default="", constraints=[SQL("DEFAULT ''")])),
        migrator.add_column("orders", "sold_wholesale", BigIntegerField(null=True)),
        migrator.add_column("esimgo_products", "refused_since", UtcField(null=True)),
    ):
        operation.run()


def down(migrator: Any, db: Any) -> None:
    for operation in (
        migrator.drop_column("esimgo_products", "refused_since"),
        migrator.drop_column("orders", "sold_wholesale"),
        migrator.drop_column("orders", "sold_bundle"),
    ):
        operation.run()
