"""First names lie there sealed with DATA_KEYS, and are found by the digests of their words (name_key).

What is found by a username is not known of earlier customers: it is noted when they come again.
"""

import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from peewee import *

from webapp.base import sealing
from webapp.models.db import SecretField

# As in 0003: what was plain is to be gone from the files, and no database does that inside a transaction.
# Each step may be repeated.
atomic = False

BATCH = 500
MOST_WORDS = 12


class Customer(Model):
    id = AutoField()
    secret = CharField(column_name="first_name")
    telegram_user_id = BigIntegerField()

    class Meta:
        table_name = "customer"


class AbuseKey(Model):
    id = AutoField()
    secret = SecretField()

    class Meta:
        table_name = "abuse_key"


class NameKey(Model):
    customer = ForeignKeyField(Customer)
    digest = CharField(index=True)

    class Meta:
        table_name = "name_key"
        indexes = ((("customer", "digest"), True),)


MODELS = [Customer, AbuseKey, NameKey]


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables([NameKey])
        digest: Callable[[str], str] | None = None
        plain = False
        for batch in _batches():
            digest = digest or _digest()  # a database without customers may have no keys yet
            plain |= max(_seal(row, digest, db) for row in batch)
    if plain:
        db.scrub("customer")


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx(MODELS):
        for batch in _batches():
            for row in batch:
                if sealing.is_sealed(row.secret):
                    Customer.update(secret=db.keys.unseal(row.secret)).where(Customer.id == row.id).execute()
        db.drop_tables([NameKey])


def _seal(row: Any, digest: Callable[[str], str], db: Any) -> bool:
    """Was anything plain?"""
    if not row.secret or sealing.is_sealed(row.secret):
        return False
    keys = [{"customer": row.id, "digest": digest(word)} for word in _words(row.secret)]
    with db.atomic():
        if keys:
            NameKey.insert_many(keys).on_conflict_ignore().execute()
        Customer.update(secret=str(db.keys.seal(row.secret))).where(Customer.id == row.id).execute()
    return True


def _digest() -> Callable[[str], str]:
    if AbuseKey.get_or_none(AbuseKey.id == 1) is None:
        AbuseKey.insert(id=1, secret=secrets.token_hex(32)).execute()
    key = bytes.fromhex(AbuseKey.get_by_id(1).secret)
    return lambda word: hmac.digest(key, f"name:{word}".encode(), "sha256").hex()


def _words(name: str) -> list[str]:
    found = re.findall(r"\w+", unicodedata.normalize("NFKC", name).casefold())
    return list(dict.fromkeys(found))[:MOST_WORDS]


def _batches() -> Iterator[list[Any]]:
    last = 0
    while rows := list(Customer.select().where(Customer.id > last).order_by(Customer.id).limit(BATCH)):
        yield rows
        last = rows[-1].id
