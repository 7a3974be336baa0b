"""A charge that nobody can place keeps what its invoice said; what moves Stars besides our sales has a row.

The version before knows nothing of `payload` and goes on writing payments: the database has its default.

It has told of old charges that it could not place and has booked none of them. Where it has, Telegram's
statement is read from its beginning once more: they are booked now, or nobody would ever hear of them again.
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


READ_AGAIN = """
    DELETE FROM setting WHERE name IN ('statement.stars.offset', 'statement.read_at') AND EXISTS
        (SELECT 1 FROM incident WHERE kind = 'unknown_payment' AND closed_at IS NULL)
"""


def up(migrator: Any, db: Any) -> None:
    field = CharField(default="", constraints=[SQL("DEFAULT ''")])
    migrator.add_column("payment", "payload", field).run()
    with db.bind_ctx([StarMovement]):
        db.create_tables([StarMovement])
    db.execute_sql(READ_AGAIN)


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx([StarMovement]):
        db.drop_tables([StarMovement])
    migrator.drop_column("payment", "payload").run()
