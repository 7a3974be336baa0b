"""What customers are called: found by it, and never read from it.

The name lies sealed in the customer's row (Telegram's terms, 4.4). What the merchant types into the search is
compared by the digest of each word, whose key lies sealed in the database too (AbuseKey).
"""

import re
import unicodedata
from collections.abc import Sequence

from peewee import CharField, ForeignKeyField

from webapp.models.abuse_counters import digests
from webapp.models.customers import Customer
from webapp.models.db import Row

PURPOSE = "name"
MOST_WORDS = 12


class NameKey(Row):
    """One word of a customer's first name, or their username, as its digest. Deleted with the person."""

    customer = ForeignKeyField(Customer)
    digest = CharField(index=True)

    class Meta:
        table_name = "name_key"
        indexes = ((("customer", "digest"), True),)

    @classmethod
    def write(cls, customer: Customer, *names: str) -> None:
        """`customer` is found by these names from now on, as by those before."""
        if rows := [{"customer": customer, "digest": digest} for digest in _digests(words(*names))]:
            cls.insert_many(rows).on_conflict_ignore().execute()


def words(*names: str) -> list[str]:
    """As they are compared: whole words, whatever their case, width and accents' spelling."""
    found = (word for name in names for word in re.findall(r"\w+", _folded(name)))
    return list(dict.fromkeys(found))[:MOST_WORDS]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _digests(found: Sequence[str]) -> list[str]:
    if not found:
        return []
    digest = digests()
    return [digest(PURPOSE, word) for word in found]


def called(asked: str, most: int) -> list[Customer]:
    """Customers whose name has all of these words, the newest first."""
    wanted = _digests(words(asked))
    if not wanted:
        return []
    found = Customer.select().order_by(Customer.id.desc()).limit(most)
    for digest in wanted:
        theirs = NameKey.select(NameKey.customer).where(NameKey.digest == digest)
        found = found.where(Customer.id.in_(theirs))
    return list(found)
