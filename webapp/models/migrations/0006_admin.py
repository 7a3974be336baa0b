"""What is done by those who run the shop in the Mini App is written down."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


def up(migrator: Any, db: Any) -> None:
    class AdminEvent(Model):
        at = UtcField(index=True)
        telegram_user_id = BigIntegerField()
        deed = CharField()
        subject = CharField(default="")
        detail = TextField(default="")

        class Meta:
            database = db
            table_name = "admin_event"

    db.create_tables([AdminEvent])


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE admin_event")
