"""The tables of the first shop. A frozen copy of the models: later changes are migrations of their own."""

from typing import Any

from peewee import *

from webapp.models.db import UtcField

STAGE = (
    "stage IN ('awaiting_payment', 'expired', 'paid', 'submitting', 'unknown', 'accepted', 'ready', "
    "'active', 'failed', 'returned')"
)

# A double tap is one order: two requests cannot both insert.
ONE_AWAITING = """
    CREATE UNIQUE INDEX orders_one_awaiting ON orders (customer_id, plan_id, coalesce(esim_id, 0))
    WHERE stage = 'awaiting_payment'
"""


class Area(Model):
    code = CharField(primary_key=True)
    iso = CharField()
    name = CharField()
    region = CharField(default="")
    is_country = BooleanField()

    class Meta:
        table_name = "area"


class Customer(Model):
    telegram_user_id = BigIntegerField(unique=True)
    first_name = CharField(default="")
    language = CharField()
    language_chosen = BooleanField(default=False)
    may_write = BooleanField(default=False)
    blocked_at = UtcField(null=True)
    created_at = UtcField()

    class Meta:
        table_name = "customer"


class Order(Model):
    reference = CharField(unique=True)
    telegram_user_id = BigIntegerField()
    customer = ForeignKeyField(Customer)
    plan_id = CharField()
    plan_type = CharField()
    country_code = CharField()
    country_name = CharField()
    data_mb = IntegerField(null=True)
    days = IntegerField()
    tier = CharField(default="")
    esimgo_product_id = CharField()
    wholesale = BigIntegerField()
    retail = BigIntegerField()
    currency = CharField()
    stars = IntegerField()
    stage = CharField(default="awaiting_payment")
    failure = CharField(default="")
    invoice_url = CharField(null=True)
    invoiced_at = UtcField(null=True)
    admitted_at = UtcField(null=True)
    esim_id = IntegerField(null=True)
    esimgo_order_id = CharField(null=True)
    submission_id = IntegerField(null=True)
    created_at = UtcField()
    paid_at = UtcField(null=True)
    deadline_at = UtcField(null=True)
    activated_at = UtcField(null=True)
    next_try_at = UtcField(null=True)

    class Meta:
        table_name = "orders"
        constraints = [Check(STAGE)]
        indexes = (
            (("telegram_user_id", "created_at"), False),
            (("stage", "paid_at"), False),
            (("stage", "invoiced_at"), False),
        )


class Esim(Model):
    reference = CharField(unique=True)
    order = ForeignKeyField(Order)
    customer = ForeignKeyField(Customer)
    iccid = CharField(unique=True)
    matching_id = CharField()
    smdp_host = CharField()
    profile_status = CharField(default="released")
    state = CharField(default="active")
    installed_at = UtcField(null=True)
    labelled_at = UtcField(null=True)
    activate_pressed_at = UtcField(null=True)
    created_at = UtcField()
    checked_at = UtcField(null=True)
    next_refresh_at = UtcField(index=True, null=True)
    failed_looks = IntegerField(default=0)
    hinted_at = UtcField(null=True)

    class Meta:
        table_name = "esim"


class Assignment(Model):
    esim = ForeignKeyField(Esim)
    order = ForeignKeyField(Order)
    bundle = CharField()
    provider_id = CharField(default="")
    state = CharField(default="queued")
    unlimited = BooleanField(default=False)
    initial_bytes = BigIntegerField(null=True)
    remaining_bytes = BigIntegerField(null=True)
    starts_at = UtcField(null=True)
    ends_at = UtcField(null=True)

    class Meta:
        table_name = "assignment"


class UsagePoint(Model):
    assignment = ForeignKeyField(Assignment, on_delete="CASCADE")
    at = UtcField()
    remaining_bytes = BigIntegerField()

    class Meta:
        table_name = "usage_point"
        indexes = ((("assignment", "at"), False),)


class Bundle(Model):
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

    class Meta:
        table_name = "esimgo_products"


class BundleArea(Model):
    bundle = ForeignKeyField(Bundle, on_delete="CASCADE")
    area = ForeignKeyField(Area, on_delete="CASCADE")
    role = CharField()

    class Meta:
        table_name = "bundle_area"
        indexes = ((("bundle", "area", "role"), True), (("area", "role"), False))


class BundleEvent(Model):
    at = UtcField()
    generation = IntegerField(index=True)
    bundle = CharField()
    kind = CharField()
    wholesale_before = BigIntegerField(null=True)
    wholesale_after = BigIntegerField(null=True)

    class Meta:
        table_name = "bundle_event"
        indexes = ((("bundle", "at"), False),)


class Callback(Model):
    digest = CharField(unique=True)
    body = TextField(column_name="raw")
    received_at = UtcField()
    signature = CharField(default="none")
    kind = CharField(default="")
    verdict = CharField(index=True, null=True)

    class Meta:
        table_name = "callback"
        indexes = ((("signature", "received_at"), False),)


class Compatibility(Model):
    iccid = CharField()
    bundle = CharField()
    verdict = CharField(null=True)
    asked_at = UtcField()
    checked_at = UtcField(null=True)

    class Meta:
        table_name = "compatibility"
        indexes = ((("iccid", "bundle"), True), (("verdict", "asked_at"), False))


class FunnelDay(Model):
    day = CharField()
    step = CharField()
    count = IntegerField(default=0)

    class Meta:
        table_name = "funnel_day"
        indexes = ((("day", "step"), True),)


class IdempotencyKey(Model):
    customer = ForeignKeyField(Customer)
    key = CharField()
    digest = CharField()
    order = ForeignKeyField(Order)
    created_at = UtcField()

    class Meta:
        table_name = "idempotency_key"
        indexes = ((("customer", "key"), True),)


class JobRequest(Model):
    name = CharField()
    asked_at = UtcField()
    done_at = UtcField(index=True, null=True)
    result = CharField(default="")

    class Meta:
        table_name = "job_request"


class Lease(Model):
    name = CharField(primary_key=True)
    owner = CharField()
    host = CharField()
    pid = IntegerField()
    pid_started = CharField()
    epoch = IntegerField()
    expires_at = UtcField()

    class Meta:
        table_name = "lease"


class Notification(Model):
    customer = ForeignKeyField(Customer)
    order = ForeignKeyField(Order)
    kind = CharField()
    state = CharField(default="waiting")
    attempts = IntegerField(default=0)
    next_try_at = UtcField()
    created_at = UtcField()
    sent_at = UtcField(null=True)

    class Meta:
        table_name = "notification"
        indexes = ((("order", "kind"), True), (("state", "next_try_at"), False))


class OrderEvent(Model):
    order = ForeignKeyField(Order)
    at = UtcField()
    from_stage = CharField()
    to_stage = CharField()
    actor = CharField()
    note = TextField(default="")

    class Meta:
        table_name = "order_event"


class Payment(Model):
    order = ForeignKeyField(Order, null=True)
    telegram_user_id = BigIntegerField()
    charge_id = CharField(unique=True)
    stars = IntegerField()
    created_at = UtcField()

    class Meta:
        table_name = "payment"


class Plan(Model):
    plan_id = CharField(unique=True)
    plan_type = CharField()
    area = ForeignKeyField(Area)
    data_mb = IntegerField(null=True)
    days = IntegerField()
    tier = CharField(default="")
    bundle = ForeignKeyField(Bundle)
    retail = BigIntegerField()
    currency = CharField()
    stars = IntegerField()
    available = BooleanField(index=True)

    class Meta:
        table_name = "plan"


class Refund(Model):
    payment = ForeignKeyField(Payment, unique=True)
    state = CharField(index=True, default="due")
    reason = CharField()
    attempts = IntegerField(default=0)
    next_try_at = UtcField()
    created_at = UtcField()
    done_at = UtcField(null=True)

    class Meta:
        table_name = "refund"


class Setting(Model):
    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "setting"


class Submission(Model):
    order = ForeignKeyField(Order)
    epoch = IntegerField()
    bundle = CharField()
    iccid = CharField(null=True)
    quantity = IntegerField(default=1)
    cost = BigIntegerField()
    claimed_at = UtcField()
    sent_at = UtcField(null=True)
    outcome = CharField(null=True)
    looks = IntegerField(default=0)
    first_absent_at = UtcField(null=True)
    esimgo_order_id = CharField(unique=True, null=True)

    class Meta:
        table_name = "submission"
        indexes = ((("outcome", "sent_at"), False),)


class TelegramUpdate(Model):
    update_id = BigIntegerField(unique=True)
    answer = TextField(null=True)
    received_at = UtcField()

    class Meta:
        table_name = "telegram_update"


TABLES = [
    Area,
    Customer,
    Order,
    Esim,
    Assignment,
    UsagePoint,
    Bundle,
    BundleArea,
    BundleEvent,
    Callback,
    Compatibility,
    FunnelDay,
    IdempotencyKey,
    JobRequest,
    Lease,
    Notification,
    OrderEvent,
    Payment,
    Plan,
    Refund,
    Setting,
    Submission,
    TelegramUpdate,
]


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
    db.execute_sql(ONE_AWAITING)


def down(migrator: Any, db: Any) -> None:
    with db.bind_ctx(TABLES):
        db.drop_tables(TABLES)
