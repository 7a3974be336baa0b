"""How much of what all customers share one of them has used lately."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField


class Share(Model):
    telegram_user_id = BigIntegerField()
    kind = CharField()
    since = UtcField()
    used = IntegerField()

    class Meta:
        table_name = "share"
        indexes = ((("telegram_user_id", "kind"), True), (("since",), False))


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Share]):
        db.create_tables([Share])


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Share]):
        db.drop_tables([Share])
