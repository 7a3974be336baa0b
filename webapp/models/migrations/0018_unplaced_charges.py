"""A charge that nobody can place keeps what its invoice said; what moves Stars besides our sales has a row.

The version before knows nothing of `payload` and goes on writing payments: the database has its default.
"""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class StarMovement(Model):
    line_id = CharField()
    outgoing = BooleanField()
    kind = CharField()
    nano = BigIntegerField()
    at = UtcField()

    class Meta:
        table_name = "star_movement"
        indexes = ((("line_id", "outgoing"), True),)


def up(migrator: Any, db: Any) -> None:
    field = CharField(default="", constraints=[SQL("DEFAULT ''")])
    migrator.add_column("payment", "payload", field).run()
    with db.bind_ctx([StarMovement]):
        db.create_tables([StarMovement])


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx([StarMovement]):
        db.drop_tables([StarMovement])
    migrator.drop_column("payment", "payload").run()
