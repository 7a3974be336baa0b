"""When an intent ended, and how long eSIM Go took to say whether it sells a bundle, or when it said nothing:
how fast it works is measured.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("submission", "ended_at", UtcField(null=True)),
        migrator.add_index("submission", ("sent_at",)),
        migrator.add_column("esimgo_products", "check_ms", IntegerField(null=True)),
        migrator.add_column("esimgo_products", "unanswered_at", UtcField(null=True)),
    )


def down(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.drop_column("esimgo_products", "unanswered_at"),
        migrator.drop_column("esimgo_products", "check_ms"),
        migrator.drop_index("submission", "submission_sent_at"),
        migrator.drop_column("submission", "ended_at"),
    )
