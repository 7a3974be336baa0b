"""Price rules and eSIM Go's balance have tables of their own; they were JSON in `setting`.

What lies there stays: the version before this one still runs on the new tables.
"""

import json
from datetime import datetime
from typing import Any

from peewee import *

from webapp.models.db import UtcField

RULES = "pricing.rules"
FIELDS = ("scope", "target", "markup_percent", "floor", "fixed")
BALANCE, TOLD_AT, SEEN_AT = "provider.balance", "provider.balance_told_at", "provider.balance_at"


class Setting(Model):
    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "setting"


class PriceRule(Model):
    scope = CharField()
    target = CharField(default="")
    markup_percent = CharField(null=True)
    floor = BigIntegerField(null=True)
    fixed = BigIntegerField(null=True)

    class Meta:
        table_name = "price_rule"
        indexes = ((("scope", "target"), True),)


class ProviderBalance(Model):
    amount = BigIntegerField(null=True)
    told_at = UtcField(null=True)
    seen_at = UtcField(null=True)
    wanted_at = UtcField(null=True)

    class Meta:
        table_name = "provider_balance"


TABLES = [Setting, PriceRule, ProviderBalance]


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.create_tables([PriceRule, ProviderBalance])
        known = {row.name: json.loads(row.value) for row in Setting.select()}
        for rule in known.get(RULES) or []:
            PriceRule.create(**rule)
        told_at, seen_at = (_moment(known.get(name)) for name in (TOLD_AT, SEEN_AT))
        amount = known.get(BALANCE)
        if told_at is not None:
            ProviderBalance.create(amount=amount, told_at=told_at, seen_at=seen_at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def down(migrator: Any, db: Any) -> None:
    """The rules go back to where they were; the balance is asked for anew."""
    with db.bind_ctx(TABLES):
        rows: Any = PriceRule.select().order_by(PriceRule.scope, PriceRule.target).dicts()
        rules = [{name: row[name] for name in FIELDS if row[name] is not None} for row in rows]
        text = json.dumps(rules)
        Setting.insert(name=RULES, value=text).on_conflict(
            conflict_target=["name"], update={"value": text}
        ).execute()
        db.drop_tables([PriceRule, ProviderBalance])
