"""Which processes run, and with which settings each was started."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Process(Model):
    kind = CharField()
    host = CharField()
    pid = IntegerField()
    pid_started = CharField()
    started_at = UtcField()
    seen_at = UtcField()
    settings = TextField()

    class Meta:
        table_name = "process"
        indexes = ((("host", "pid"), True),)


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Process]):
        db.create_tables([Process])


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Process]):
        db.drop_tables([Process])
