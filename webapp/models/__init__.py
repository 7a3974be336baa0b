"""All tables. Money is integer thousandths beside a currency code; times are UTC; an ICCID is text."""

from webapp.models.abuse_counters import AbuseCounter, AbuseKey
from webapp.models.catalogue import Area, Bundle, BundleArea, BundleEvent, Plan, PriceRule
from webapp.models.customers import Customer
from webapp.models.db import BaseModel
from webapp.models.esims import Assignment, Compatibility, Esim, UsagePoint
from webapp.models.idempotency import IdempotencyKey
from webapp.models.messages import Callback, EmailAddress, Notification, TelegramUpdate
from webapp.models.names import NameKey
from webapp.models.orders import OPEN_STAGES, STATUS, TRANSITIONS, Order, OrderEvent
from webapp.models.payments import (
    CHARGED,
    ELSEWHERE,
    Payment,
    PaymentEvent,
    Refund,
    RefundEvent,
    ReturnEvent,
    ReturnRequest,
    StarMovement,
)
from webapp.models.provider import ProviderBalance
from webapp.models.provider_orders import UNEXPLAINED, AuditedOrder, ProviderLook
from webapp.models.references import is_reference, new_reference
from webapp.models.seals import LedgerSeal
from webapp.models.shares import Share
from webapp.models.submissions import Submission
from webapp.models.system import AdminEvent, Boot, FunnelDay, Incident, JobRequest, Lease, Process, Setting

__all__ = [
    "CHARGED",
    "ELSEWHERE",
    "OPEN_STAGES",
    "STATUS",
    "TABLES",
    "TRANSITIONS",
    "UNEXPLAINED",
    "AbuseCounter",
    "AbuseKey",
    "AdminEvent",
    "Area",
    "Assignment",
    "AuditedOrder",
    "Boot",
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
    "Incident",
    "JobRequest",
    "Lease",
    "LedgerSeal",
    "NameKey",
    "Notification",
    "Order",
    "OrderEvent",
    "Payment",
    "PaymentEvent",
    "Plan",
    "PriceRule",
    "Process",
    "ProviderBalance",
    "ProviderLook",
    "Refund",
    "RefundEvent",
    "ReturnEvent",
    "ReturnRequest",
    "Setting",
    "Share",
    "StarMovement",
    "Submission",
    "TelegramUpdate",
    "UsagePoint",
    "is_reference",
    "new_reference",
]

TABLES: list[type[BaseModel]] = [
    Area,
    Bundle,
    BundleArea,
    BundleEvent,
    Plan,
    PriceRule,
    Customer,
    AbuseKey,
    AbuseCounter,
    NameKey,
    IdempotencyKey,
    Order,
    OrderEvent,
    Submission,
    AuditedOrder,
    ProviderLook,
    Payment,
    PaymentEvent,
    Refund,
    RefundEvent,
    LedgerSeal,
    ReturnRequest,
    ReturnEvent,
    StarMovement,
    Assignment,
    Compatibility,
    Esim,
    UsagePoint,
    Callback,
    Notification,
    EmailAddress,
    TelegramUpdate,
    Share,
    FunnelDay,
    AdminEvent,
    Boot,
    Incident,
    JobRequest,
    Lease,
    Process,
    ProviderBalance,
    Setting,
]
