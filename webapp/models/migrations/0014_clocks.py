"""The shop's time is counted from a zero that all processes of one boot share, and so is the lease.

The version before knows nothing of the lease's new columns: the database has their defaults.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Boot(Model):
    name = CharField(primary_key=True)
    zero = UtcField()
    began_at = UtcField()
    confirmed_at = UtcField(null=True)

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Boot]):
        db.create_tables([Boot])
    for name, field in (
        ("boot", CharField(default="", constraints=[SQL("DEFAULT ''")])),
        ("until_s", DoubleField(default=0, constraints=[SQL("DEFAULT 0")])),
        ("beats", IntegerField(default=0, constraints=[SQL("DEFAULT 0")])),
    ):
        migrator.add_column("lease", name, field).run()


def down(migrator: Any, db: Any) -> None:
    for name in ("beats", "until_s", "boot"):
        migrator.drop_column("lease", name).run()
    with db.bind_ctx([Boot]):
        db.drop_tables([Boot])
