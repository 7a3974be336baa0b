"""Rows and answers for the shop's tests. Every name, number and price is invented."""

import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from webapp.base import clock
from webapp.clients.esimgo.payloads import (
    CatalogueBundle,
    EsimBundle,
    EsimDetails,
    OrderWindow,
    ProviderOrder,
)
from webapp.clients.telegram.updates import PreCheckoutQuery, SuccessfulPayment
from webapp.models import (
    Area,
    Assignment,
    Bundle,
    BundleArea,
    Customer,
    Esim,
    Lease,
    NameKey,
    Notification,
    Order,
    OrderEvent,
    Payment,
    Plan,
    Refund,
    Submission,
)
from webapp.orders import limits, payments
from webapp.state import leases, restoration
from webapp.state import provider as provider_state

OWNER = 1001
STRANGER = 2002
SHOPKEEPER = 3003
BUNDLE = "esim_3GB_30D_TR_V2"
PLAN = "tr-3gb-30d"

BOUGHT = {"accepted", "ready", "active", "returned"}
SENT = {"submitting", "unknown"}
DELIVERED = {"ready", "active", "returned"}

_numbers = itertools.count(1)


def near(moment: datetime | None, wanted: datetime, tolerance_s: float = 5) -> bool:
    """Real time goes on during a test."""
    return moment is not None and abs((moment - wanted).total_seconds()) <= tolerance_s


def after(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def leader() -> leases.Leadership:
    """Whoever leads now: the jobs process that is there, or a new one."""
    row = Lease.get_or_none()
    if row is None or row.expires_at <= clock.now():
        return lead()
    return leases.Leadership(row.owner, row.epoch)


def lead(ttl_s: float = 600) -> leases.Leadership:
    """The jobs process is there, this is it, and it has compared eSIM Go's list with the database."""
    leadership = begin_to_lead(ttl_s)
    restoration.compared()
    restoration.forgot(is_all=True)
    return leadership


def begin_to_lead(ttl_s: float = 600) -> leases.Leadership:
    """The jobs process has just begun."""
    leadership = leases.acquire(ttl_s)
    assert leadership is not None
    return leadership


# --- rows


def make_customer(telegram_user_id: int = OWNER, language: str = "en", **values: Any) -> Customer:
    known: Customer | None = Customer.get_or_none(Customer.telegram_user_id == telegram_user_id)
    if known is not None:
        return known
    customer = Customer.create(telegram_user_id=telegram_user_id, language=language, **values)
    NameKey.write(customer, customer.first_name)
    return customer


def make_area(code: str = "tr", name: str = "Turkey", *, country: bool = True) -> Area:
    known: Area | None = Area.get_or_none(Area.code == code)
    return known or Area.create(code=code, iso=code.upper(), name=name, is_country=country)


def make_bundle(name: str = BUNDLE, **values: Any) -> Bundle:
    known: Bundle | None = Bundle.get_or_none(Bundle.name == name)
    row = {
        "description": "eSIM, 3GB, 30 Days, Turkey, V2",
        "data_mb": 3000,
        "unlimited": False,
        "duration_days": 30,
        "autostart": True,
        "wholesale": 4200,
        "currency": "USD",
        "generation": 1,
    }
    return known or Bundle.create(name=name, **row | values)


def quoted(verdict: str = "ok", total: int | None = 4200, ago_s: float = 0) -> Bundle:
    """The bundle of the plan, as eSIM Go has just told whether and for how much it can be bought."""
    bundle = make_bundle()
    Bundle.update(check_verdict=verdict, check_total=total, checked_at=after(-ago_s)).where(
        Bundle.id == bundle.id
    ).execute()
    provider_state.balance_seen(1_000_000)
    return bundle


def make_plan(plan_id: str = PLAN, **values: Any) -> Plan:
    known: Plan | None = Plan.get_or_none(Plan.plan_id == plan_id)
    if known is not None:
        return known
    area, bundle = make_area(), make_bundle()
    BundleArea.insert(bundle=bundle, area=area, role="base").on_conflict_ignore().execute()
    row = {
        "plan_type": "standard",
        "area": area,
        "data_mb": 3000,
        "days": 30,
        "bundle": bundle,
        "retail": 5880,
        "currency": "USD",
        "stars": 453,
        "available": True,
    }
    return Plan.create(plan_id=plan_id, **row | values)


def make_order(stage: str = "awaiting_payment", customer: Customer | None = None, **values: Any) -> Order:
    """An order with everything that belongs to its stage: quote, charge, intent, eSIM, refund."""
    quoted() if stage == "paid" else make_bundle()
    order = Order.create(**_order_row(stage, customer or make_customer()) | values)
    if stage not in {"awaiting_payment", "expired"}:
        make_payment(order)
        limits.count(order)
    if stage in SENT | BOUGHT:
        bought = f"provider-{next(_numbers)}" if stage in BOUGHT else None
        intent = make_submission(order, outcome="bought" if bought else None, esimgo_order_id=bought)
        Order.update(submission_id=intent.id, esimgo_order_id=bought).where(Order.id == order.id).execute()
    if stage in DELIVERED and order.esim_id is None:
        make_esim(order)
    if stage == "failed":
        limits.failed(order)
    if stage in {"failed", "returned"}:
        payments.refund(Payment.get(Payment.order == order), order.failure or "given back")
    return order.fresh()


def make_top_up(stage: str = "paid", esim: Esim | None = None, **values: Any) -> Order:
    """An order for more data on an eSIM that is there already."""
    esim = esim or make_esim(make_order("active"))
    order = make_order(stage, esim.customer, esim_id=esim.id, **values)
    Submission.update(sent_at=after(-3600)).where(Submission.order == esim.order).execute()
    Submission.update(iccid=esim.iccid).where(Submission.order == order).execute()
    if stage in DELIVERED:
        Assignment.create(esim=esim, order=order, bundle=order.esimgo_product_id)
    return order


def _order_row(stage: str, customer: Customer) -> dict[str, Any]:
    unpaid = stage in {"awaiting_payment", "expired"}
    return {
        "customer": customer,
        "telegram_user_id": customer.telegram_user_id,
        "plan_id": PLAN,
        "plan_type": "standard",
        "country_code": "tr",
        "country_name": "Turkey",
        "data_mb": 3000,
        "days": 30,
        "esimgo_product_id": BUNDLE,
        "wholesale": 4200,
        "retail": 5880,
        "currency": "USD",
        "stars": 453,
        "stage": stage,
        "failure": "deadline" if stage == "failed" else "",
        "activated_at": after(0) if stage in {"active", "returned"} else None,
        "paid_at": None if unpaid else after(0),
        "deadline_at": None if unpaid else after(900),
    }


def make_payment(order: Order | None, **values: Any) -> Payment:
    row = {
        "order": order,
        "telegram_user_id": OWNER if order is None else order.telegram_user_id,
        "charge_id": f"charge-{next(_numbers)}",
        "amount": 453,
        "state": "confirmed",
        "confirmed_at": after(0),
    }
    return Payment.create(**row | values)


def make_refund(order: Order | None = None, **values: Any) -> Refund:
    payment = make_payment(order, state="refund_due")
    return Refund.create(payment=payment, **{"reason": "deadline"} | values)


def told(order: Order, kind: str, **facts: str) -> Notification:
    """What the outbox would hold of it, without its being there."""
    said = {"facts": json.dumps(facts)} if facts else {}
    return Notification(customer=order.customer, order=order, kind=kind, **said)


def make_submission(order: Order, **values: Any) -> Submission:
    row = {"epoch": 1, "bundle": order.esimgo_product_id, "cost": order.wholesale, "sent_at": after(0)}
    return Submission.create(order=order, **row | values)


def make_unknown(sent_ago_s: float = 60, **values: Any) -> Order:
    """An order whose answer was lost, with the intent that was sent for it."""
    order = make_order("unknown", **values)
    Submission.update(sent_at=after(-sent_ago_s)).where(Submission.id == order.submission_id).execute()
    return order


def make_esim(order: Order | None = None, **values: Any) -> Esim:
    """A delivered profile with its plan waiting."""
    order = order or make_order("ready")
    known: Esim | None = Esim.get_or_none(Esim.order == order)
    if known is not None:
        return known
    number = next(_numbers)
    row = {
        "iccid": f"8944{number:015d}",
        "matching_id": f"X1AAA-TEST1-{number:05d}",
        "smdp_host": "rsp.example.com",
        "next_refresh_at": after(0),
    }
    esim = Esim.create(order=order, customer=order.customer, **row | values)
    Assignment.create(
        esim=esim,
        order=order,
        bundle=order.esimgo_product_id,
        initial_bytes=3_000_000_000,
        remaining_bytes=3_000_000_000,
    )
    return esim


def intent_of(order: Order) -> Submission:
    return Submission.get_by_id(order.fresh().submission_id)


def events(order: Order) -> list[OrderEvent]:
    """The order's journal, the oldest first."""
    return list(OrderEvent.select().where(OrderEvent.order == order).order_by(OrderEvent.id))


# --- what eSIM Go answers


def placed(
    reference: str = "ref-1",
    *,
    esims: int = 1,
    item: str = BUNDLE,
    created_at: datetime | None = None,
    kind: str = "bundle",
    iccid: str | None = None,
) -> ProviderOrder:
    """An order as the provider tells it; with `esims=0` it is still being worked on."""
    profiles = [
        {
            "iccid": iccid or f"8955{next(_numbers):015d}",
            "matchingId": f"M-{reference}",
            "smdpAddress": "rsp.example.com",
        }
        for _ in range(esims)
    ]
    return ProviderOrder.model_validate(
        {
            "orderReference": reference,
            "status": "completed" if esims else "processing",
            "createdDate": (created_at or clock.now()).isoformat(),
            "order": [{"type": kind, "item": item, "quantity": 1, "subTotal": 4.2, "esims": profiles}],
            "total": 4.2,
            "currency": "USD",
            "assigned": True,
        }
    )


def window(*orders: ProviderOrder, complete: bool = True) -> OrderWindow:
    return OrderWindow(orders, clock.now(), complete)


def country(iso: str, name: str = "") -> dict[str, str]:
    return {"iso": iso, "name": name or iso, "region": ""}


def on_sale(
    name: str,
    base: Sequence[dict[str, str]],
    *,
    roaming: Sequence[dict[str, str]] = (),
    gigabytes: float | None = 3,
    days: int = 30,
    price: float = 4.2,
    group: str = "Standard Fixed",
) -> CatalogueBundle:
    """A row of the provider's catalogue; without `gigabytes` it is unlimited."""
    return CatalogueBundle.model_validate(
        {
            "name": name,
            "description": name,
            "groups": [group],
            "countries": list(base),
            "roamingEnabled": list(roaming),
            "dataAmount": -1 if gigabytes is None else round(gigabytes * 1000),
            "unlimited": gigabytes is None,
            "duration": days,
            "speed": ["4G", "5G"],
            "autostart": True,
            "price": price,
        }
    )


def details(esim: Esim, status: str = "Released", installed_at: datetime | None = None) -> EsimDetails:
    row: dict[str, Any] = {"iccid": esim.iccid, "profileStatus": status}
    if installed_at is not None:
        row["firstInstalledDateTime"] = installed_at.isoformat()
    return EsimDetails.model_validate(row)


def bundles(state: str = "Queued", *, name: str = BUNDLE, **values: Any) -> list[EsimBundle]:
    row = {
        "id": "assignment-1",
        "bundleState": state,
        "initialQuantity": 3_000_000_000,
        "remainingQuantity": 3_000_000_000,
    }
    return [EsimBundle.model_validate({"name": name, "assignments": [row | values]})]


# --- what Telegram says


def checkout(order: Order, **values: Any) -> PreCheckoutQuery:
    row = {
        "id": "query-1",
        "from": {"id": OWNER, "first_name": "Ann"},
        "currency": "XTR",
        "total_amount": order.stars,
        "invoice_payload": order.reference,
    }
    return PreCheckoutQuery.model_validate(row | values)


def charge(order: Order, charge_id: str = "charge-of-telegram", **values: Any) -> SuccessfulPayment:
    row = {
        "currency": "XTR",
        "total_amount": order.stars,
        "invoice_payload": order.reference,
        "telegram_payment_charge_id": charge_id,
    }
    return SuccessfulPayment.model_validate(row | values)
