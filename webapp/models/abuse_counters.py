"""What counts against somebody, also when they have deleted their data: kept under a digest of their Telegram
number, so that a row leads from the number to what it did and never back.
"""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from peewee import BigIntegerField, CharField, ForeignKeyField

from webapp.base import clock
from webapp.models.customers import Customer
from webapp.models.db import Row, SecretField, UtcField

COUNTED_FOR = timedelta(hours=25)
HELD_FOR = timedelta(days=365)
CHARGEBACK_FOR = timedelta(days=3 * 365 + 1)
FORGOTTEN_FOR = timedelta(days=365)
"""How long a row is kept: what is counted by the day, a hold that nobody clears, a charge taken back, that
somebody has deleted their data.
"""
FORGOTTEN = "forgotten"

Digest = Callable[[str, object], str]


class AbuseKey(Row):
    """The key of the digests: one row. It is random, lies here sealed, and its value never changes."""

    secret = SecretField()

    class Meta:
        table_name = "abuse_key"


def digests() -> Digest:
    """By purpose and subject (a Telegram number, an address) the digest under which it is counted:
    HMAC-SHA-256 in hexadecimal. The key is made when it is first needed.
    """
    row = AbuseKey.get_or_none(AbuseKey.id == 1)
    if row is None:
        AbuseKey.insert(id=1, secret=secrets.token_hex(32)).on_conflict_ignore().execute()
        row = AbuseKey.get_by_id(1)
    key = bytes.fromhex(row.secret)
    return lambda purpose, subject: hmac.digest(key, f"{purpose}:{subject}".encode(), "sha256").hex()


class AbuseCounter(Row):
    """One thing that counts, from `at` on; the row goes at `until`.

    `purpose`: "order" (`amount` is its Stars, `reason` "failed" once it has failed), "hold" (`reason` says
    why; "released" once the owner has looked), "chargeback", "code", "forgotten" (their data was deleted).
    `key`: the digest of purpose and person or address. Of one `key` each `occasion` is there once: of an
    order its digest, of a code its place of the day, of a hold nothing. `customer`: who is held, as long as
    they have not deleted their data.
    """

    key = CharField()
    purpose = CharField()
    occasion = CharField(default="")
    reason = CharField(default="")
    amount = BigIntegerField(default=0)
    customer = ForeignKeyField(Customer, null=True)
    at = UtcField(default=clock.now)
    until = UtcField(index=True)

    class Meta:
        table_name = "abuse_counter"
        indexes = ((("key", "occasion"), True),)

    @property
    def name(self) -> str:
        """What the owner calls a hold by, whoever is behind it."""
        return f"hold-{self.id}"

    @classmethod
    def note_forgotten(cls, digest: str, at: datetime) -> None:
        """Whoever is behind this digest has deleted their data: a copy of the database forgets them again."""
        row = {"at": at, "until": at + FORGOTTEN_FOR}
        cls.insert(key=digest, purpose=FORGOTTEN, **row).on_conflict(
            conflict_target=[cls.key, cls.occasion], update=row
        ).execute()

    @classmethod
    def take(cls, purpose: str, subject: str, most: int, within: timedelta) -> bool:
        """Count one more for `subject`; False when that would be more than `most` `within` so long.

        Each has a place, and a place is taken once: of two at the same moment the second gets the next one.
        """
        now = clock.now()
        key = digests()(purpose, subject)
        return any(cls._take(key, purpose, str(place), now, within) for place in range(most))

    @classmethod
    def _take(cls, key: str, purpose: str, place: str, now: datetime, within: timedelta) -> bool:
        taken = {"at": now, "until": now + COUNTED_FOR}
        row = cls.insert(key=key, purpose=purpose, occasion=place, **taken).on_conflict(
            conflict_target=[cls.key, cls.occasion],
            update=taken,
            where=cls.at <= now - within,
        )
        return bool(row.as_rowcount().execute())
