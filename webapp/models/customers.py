"""Who buys."""

from peewee import BigIntegerField, BooleanField, CharField

from webapp.base import clock
from webapp.models.db import Row, SecretNameField, UtcField


class Customer(Row):
    """Who buys. `first_name` lies sealed: NameKey finds people by it. `muted` names the groups of messages
    that are switched off, with spaces between. Once `deleted_at` is set nobody is behind the row: its number
    is the negative of its id. `held_at`, `held_for` and `released_at` are read by the version before: who is
    held, AbuseCounter says.
    """

    telegram_user_id = BigIntegerField(unique=True)
    first_name = SecretNameField(default="")
    language = CharField()
    language_chosen = BooleanField(default=False)
    may_write = BooleanField(default=False)
    blocked_at = UtcField(null=True)
    held_at = UtcField(null=True)
    held_for = CharField(null=True)
    released_at = UtcField(null=True)
    muted = CharField(default="")
    deleted_at = UtcField(null=True)
    created_at = UtcField(default=clock.now)
