"""All tables. Money is integer thousandths beside a currency code; times are UTC; an ICCID is text."""

from webapp.db import BaseModel
from webapp.models.catalogue import Area, Bundle, BundleArea, BundleEvent, Plan
from webapp.models.esims import Assignment, Compatibility, Esim, UsagePoint
from webapp.models.messages import Callback, EmailAddress, Notification, TelegramUpdate
from webapp.models.orders import (
    OPEN_STAGES,
    STATUS,
    TRANSITIONS,
    Customer,
    IdempotencyKey,
    Order,
    OrderEvent,
    Submission,
)
from webapp.models.payments import Payment, Refund
from webapp.models.references import new_reference
from webapp.models.system import FunnelDay, JobRequest, Lease, Setting

__all__ = [
    "OPEN_STAGES",
    "STATUS",
    "TABLES",
    "TRANSITIONS",
    "Area",
    "Assignment",
    "Bundle",
    "BundleArea",
    "BundleEvent",
    "Callback",
    "Compatibility",
    "Customer",
    "EmailAddress",
    "Esim",
    "FunnelDay",
    "IdempotencyKey",
    "JobRequest",
    "Lease",
    "Notification",
    "Order",
    "OrderEvent",
    "Payment",
    "Plan",
    "Refund",
    "Setting",
    "Submission",
    "TelegramUpdate",
    "UsagePoint",
    "new_reference",
]

TABLES: list[type[BaseModel]] = [
    Area,
    Bundle,
    BundleArea,
    BundleEvent,
    Plan,
    Customer,
    IdempotencyKey,
    Order,
    OrderEvent,
    Submission,
    Payment,
    Refund,
    Assignment,
    Compatibility,
    Esim,
    UsagePoint,
    Callback,
    Notification,
    EmailAddress,
    TelegramUpdate,
    FunnelDay,
    JobRequest,
    Lease,
    Setting,
]
