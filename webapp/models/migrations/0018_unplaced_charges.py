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


class Incident(Model):
    kind = CharField()
    closed_at = UtcField(null=True)

    class Meta:
        table_name = "incident"


class Setting(Model):
    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "setting"


def up(migrator: Any, db: Any) -> None:
    field = CharField(default="", constraints=[SQL("DEFAULT ''")])
    migrator.add_column("payment", "payload", field).run()
    with db.bind_ctx([StarMovement, Incident, Setting]):
        db.create_tables([StarMovement])
        told_of = (Incident.kind == "unknown_payment") & Incident.closed_at.is_null()
        if Incident.select().where(told_of).exists():
            Setting.delete().where(Setting.name.in_(("statement.stars.offset", "statement.read_at"))).execute()


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx([StarMovement]):
        db.drop_tables([StarMovement])
    migrator.drop_column("payment", "payload").run()
