"""How much of what all customers share one of them has used lately."""

from peewee import BigIntegerField, CharField, IntegerField

from webapp.base import clock
from webapp.models.db import Row, UtcField


class Share(Row):
    """`used` times since `since`; how much is allowed stands in webapp/state/shares.py. The number is
    Telegram's: deleting one's data does not begin the count anew.
    """

    telegram_user_id = BigIntegerField()
    kind = CharField()
    since = UtcField(default=clock.now)
    used = IntegerField(default=1)

    class Meta:
        indexes = ((("telegram_user_id", "kind"), True), (("since",), False))
