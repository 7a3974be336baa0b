"""What eSIM Go offers, as a cache, and what the shop sells of it. Money in thousandths."""

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from webapp.base import clock
from webapp.models.db import BaseModel, Row, UtcField


class Area(BaseModel):
    """A country, or a region that the provider sells as if it were one."""

    code = CharField(primary_key=True)
    iso = CharField()
    name = CharField()
    region = CharField(default="")
    is_country = BooleanField()


class Bundle(Row):
    """A row of eSIM Go's catalogue. `name` is its key, case-sensitive. Wholesale in thousandths.

    `generation`: the sync that last changed it.
    `check_verdict` says whether eSIM Go would sell it now ("ok", "refused"), for `check_total`, as of
    `checked_at` (POST /orders, type validate), and took `check_ms` milliseconds to say so. `unanswered_at`:
    when eSIM Go last said nothing about it. `refused_since`: when it was last found to have been refused
    anew.
    """

    name = CharField(unique=True)
    description = TextField()
    data_mb = IntegerField(null=True)
    unlimited = BooleanField()
    tier = CharField(default="")
    duration_days = IntegerField()
    speeds = TextField(default="")
    autostart = BooleanField()
    wholesale = BigIntegerField()
    currency = CharField()
    generation = IntegerField(index=True)
    gone_at = UtcField(null=True)
    checked_at = UtcField(null=True)
    check_verdict = CharField(default="")
    check_total = BigIntegerField(null=True)
    check_ms = IntegerField(null=True)
    unanswered_at = UtcField(null=True)
    refused_since = UtcField(null=True)

    class Meta:
        table_name = "esimgo_products"


class BundleArea(Row):
    bundle = ForeignKeyField(Bundle, backref="areas", on_delete="CASCADE")
    area = ForeignKeyField(Area, on_delete="CASCADE")
    role = CharField()

    class Meta:
        indexes = ((("bundle", "area", "role"), True), (("area", "role"), False))


class BundleEvent(Row):
    """What a sync found changed: added, price, changed, gone, returned. Wholesale in thousandths."""

    at = UtcField(default=clock.now)
    generation = IntegerField(index=True)
    bundle = CharField()
    kind = CharField()
    wholesale_before = BigIntegerField(null=True)
    wholesale_after = BigIntegerField(null=True)

    class Meta:
        table_name = "bundle_event"
        indexes = ((("bundle", "at"), False),)


class Plan(Row):
    """What the shop sells: stable, while the bundle that serves it may change. Retail in thousandths."""

    plan_id = CharField(unique=True)
    plan_type = CharField()
    area = ForeignKeyField(Area, backref="plans")
    data_mb = IntegerField(null=True)
    days = IntegerField()
    tier = CharField(default="")
    bundle = ForeignKeyField(Bundle)
    retail = BigIntegerField()
    currency = CharField()
    stars = IntegerField()
    available = BooleanField(index=True)


class PriceRule(Row):
    """A rule of the owner's for the whole shop, an area or a plan. `markup_percent` is a decimal number as
    text, `floor` and `fixed` are thousandths.
    """

    scope = CharField()
    target = CharField(default="")
    markup_percent = CharField(null=True)
    floor = BigIntegerField(null=True)
    fixed = BigIntegerField(null=True)

    class Meta:
        table_name = "price_rule"
        indexes = ((("scope", "target"), True),)
