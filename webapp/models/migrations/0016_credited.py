"""What of a charge has arrived, and what went to an affiliate, stands beside what was paid."""

from typing import Any

from peewee import *


def up(migrator: Any, db: Any) -> None:
    for operation in (
        migrator.add_column("payment", "credited_nano", BigIntegerField(null=True)),
        migrator.add_column("payment", "commission_nano", BigIntegerField(null=True)),
    ):
        operation.run()


def down(migrator: Any, db: Any) -> None:
    for operation in (
        migrator.drop_column("payment", "commission_nano"),
        migrator.drop_column("payment", "credited_nano"),
    ):
        operation.run()
