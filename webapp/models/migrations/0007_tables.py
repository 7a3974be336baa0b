"""Price rules and eSIM Go's balance have tables of their own; they were JSON in `setting`."""

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
        amount = None if told_at is None else known.get(BALANCE)
        if seen_at is not None:
            ProviderBalance.create(amount=amount, told_at=told_at, seen_at=seen_at)
        for name in (RULES, BALANCE, TOLD_AT, SEEN_AT):
            db.execute_sql(f"DELETE FROM setting WHERE name = '{name}'")  # noqa: S608 - constants


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def down(migrator: Any, db: Any) -> None:
    """The rules go back to where they were; the balance is asked for anew."""
    with db.bind_ctx(TABLES):
        rows: Any = PriceRule.select().order_by(PriceRule.scope, PriceRule.target).dicts()
        rules = [{name: row[name] for name in FIELDS if row[name] is not None} for row in rows]
        if rules:
            Setting.create(name=RULES, value=json.dumps(rules))
        db.drop_tables([PriceRule, ProviderBalance])
