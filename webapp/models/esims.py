"""Profiles and the bundles on them. Data in bytes."""

from datetime import datetime
from typing import Self

from peewee import BigIntegerField, BooleanField, CharField, Expression, ForeignKeyField, IntegerField

from webapp.base import clock
from webapp.models.customers import Customer
from webapp.models.db import Row, SecretField, StateField, UtcField
from webapp.models.orders import Order
from webapp.models.profiles import DEAD, ENDED, USELESS, WAITING
from webapp.models.references import new_reference


class Esim(Row):
    """A profile. `state` is active, suspended or deactivated.

    `matching_id` with `smdp_host` is a bearer secret: the activation code is made of them.
    """

    reference = CharField(unique=True, default=new_reference)
    order = ForeignKeyField(Order, backref="esims")
    customer = ForeignKeyField(Customer, backref="esims")
    iccid = CharField(unique=True)
    matching_id = SecretField()
    smdp_host = CharField()
    profile_status = CharField(default="released")
    state = CharField(default="active")
    installed_at = UtcField(null=True)
    labelled_at = UtcField(null=True)
    activate_pressed_at = UtcField(null=True)
    created_at = UtcField(default=clock.now)
    checked_at = UtcField(null=True)
    next_refresh_at = UtcField(null=True, index=True)
    failed_looks = IntegerField(default=0)
    hinted_at = UtcField(null=True)

    class Meta:
        indexes = ((("installed_at", "created_at"), False),)

    @classmethod
    def of(cls, order: Order) -> Self | None:
        """The eSIM that an order has brought, or the one that it tops up."""
        wanted = cls.order == order if order.esim_id is None else cls.id == order.esim_id
        return cls.get_or_none(wanted)

    @property
    def is_useless(self) -> bool:
        """Nothing can be done with this profile as it is: it is not there, or dead."""
        return self.profile_status in USELESS or self.state == DEAD

    @property
    def can_be_topped_up(self) -> bool:
        """Would a bundle that is put on this profile be of use?"""
        return not self.is_useless and self.state != "suspended"

    def queued(self, besides: "Assignment | None" = None) -> "list[Assignment]":
        """Bundles on it that start when the ones before them have ended."""
        query = Assignment.select(Assignment, Order).join(Order).where(Assignment.esim == self)
        waiting = query.where(Assignment.waiting()).order_by(Assignment.id)
        return [assignment for assignment in waiting if besides is None or assignment.id != besides.id]

    @property
    def activation_code(self) -> str:
        """What the QR code says; computed, never stored twice (eSIM Go: LPA:1$<smdp host>$<matching id>)."""
        return f"LPA:1${self.smdp_host}${self.matching_id}"


class Assignment(Row):
    """A bundle on an eSIM, with its data (bytes) and validity. `state` is what eSIM Go told last, until
    `ends_at`: from then on the plan is over, whether or not eSIM Go has said so.
    """

    esim = ForeignKeyField(Esim, backref="assignments")
    order = ForeignKeyField(Order, backref="assignments")
    bundle = CharField()
    provider_id = CharField(default="")
    state: "CharField[str]" = StateField(default="queued")
    unlimited = BooleanField(default=False)
    initial_bytes = BigIntegerField(null=True)
    remaining_bytes = BigIntegerField(null=True)
    starts_at = UtcField(null=True)
    ends_at = UtcField(null=True)

    class Meta:
        indexes = ((("state", "ends_at"), False),)

    def state_at(self, moment: datetime) -> str:
        told: str = self.as_written("state")
        if told in ENDED or self.ends_at is None or self.ends_at > moment:
            return told
        return "lapsed" if told in WAITING else "expired"

    @classmethod
    def waiting(cls) -> Expression:
        """For a query: not begun and not over by now."""
        not_begun: Expression = cls.state.in_(WAITING)
        return not_begun & (cls.ends_at.is_null() | (cls.ends_at > clock.now()))


class UsagePoint(Row):
    """How much data was left at a moment, in bytes: one point for each change that was seen."""

    assignment = ForeignKeyField(Assignment, backref="usage_points", on_delete="CASCADE")
    at = UtcField(default=clock.now)
    remaining_bytes = BigIntegerField()

    class Meta:
        table_name = "usage_point"
        indexes = ((("assignment", "at"), False),)


class Compatibility(Row):
    """May this bundle be put on this eSIM? Asked for by a page, answered by a job."""

    iccid = CharField()
    bundle = CharField()
    verdict = CharField(null=True)
    asked_at = UtcField(default=clock.now)
    checked_at = UtcField(null=True)

    class Meta:
        indexes = ((("iccid", "bundle"), True), (("verdict", "asked_at"), False))
