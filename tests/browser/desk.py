"""What the merchant has before them on a busy morning."""

from datetime import timedelta
from typing import Any

from tests.databases.crowds import crowd
from tests.shop.factories import after, make_customer, make_order, make_payment, make_unknown
from tests.shop.test_sales import some_order
from webapp import orders
from webapp.base.money import NANO
from webapp.books import stars as book
from webapp.models import (
    AuditedOrder,
    Customer,
    FunnelDay,
    PriceRule,
    ProviderLook,
    Setting,
    StarMovement,
    Submission,
)
from webapp.operations import admin, doctor
from webapp.operations.doctor.findings import finding
from webapp.orders import limits
from webapp.state import incidents, star_balance, switches
from webapp.state import provider as provider_state

SHOPKEEPER = 6000
DAYS = 60
SEEN = {"shop": 9200, "area": 5100, "plan": 2300}


def overview(customer: Customer) -> str:
    """Two months of sales, an alert, somebody who waits, and an order that does not get on."""
    make_order("active", customer, paid_at=after(-86400 * DAYS), created_at=after(-86400 * DAYS))
    crowd(600, days=DAYS, change=lambda number: _sold(number) | _of(customer))
    for step, count in SEEN.items():
        FunnelDay.create(day=after(-86400).date().isoformat(), step=step, count=count)
    provider_state.balance_seen(312_450)
    incidents.open("certificate_ending", detail="shop.example.com: 9 days left")
    limits.hold(make_customer(6500, "ru", first_name="Борис"), "burst")
    return "/admin"


def _sold(number: int) -> dict[str, Any]:
    """One in twelve was not delivered."""
    sold = some_order(number) | {"country_code": ("tr", "th", "it", "eu")[number % 4 - number % 3]}
    if number % 12 == 0:
        return sold | {"stage": "failed", "delivered_at": None}
    at = sold["created_at"]
    delivered = {"stage": "active", "paid_at": at, "delivered_at": at + timedelta(seconds=3 + number % 40)}
    return sold | delivered | {"activated_at": at + timedelta(hours=1)}


def _of(customer: Customer) -> dict[str, Any]:
    return {"customer": customer.id, "telegram_user_id": customer.telegram_user_id}


def lost_order(customer: Customer) -> str:
    """Its answer was lost, and three looks have not found it."""
    order = make_unknown(customer=customer, plan_id="tr-3gb-30d", paid_at=after(-400))
    Submission.update(looks=3).where(Submission.id == order.submission_id).execute()
    return f"/admin/orders/{order.reference}"


def failed_order(customer: Customer) -> str:
    """With its journal."""
    order = make_order("paid", customer, plan_id="tr-1gb-7d")
    orders.fail(order, "refused", actor="provider", note="Bundle not available")
    return f"/admin/orders/{order.reference}"


def prices(_customer: Customer) -> str:
    """With rules, and a catalogue that waits for a word."""
    PriceRule.create(scope="area", target="ca", floor=300)  # nothing is repriced
    Setting.write("catalogue.held", {"at": after(-600).isoformat(), "known": 120, "missing": 48})
    return "/admin/prices"


def stars(customer: Customer) -> str:
    """Two charges wait for a word: the order of one is gone, that of the other can still be delivered."""
    order = make_order("expired", customer, plan_id="tr-3gb-30d")
    for payload, ago_s in (("an-order-of-ours", 200_000), (order.reference, 90_000)):
        make_payment(None, state="unplaced", payload=payload, confirmed_at=after(-ago_s))
    make_payment(None, amount=12_000, credited_nano=11_400 * NANO, commission_nano=600 * NANO)
    StarMovement.create(line_id="w", outgoing=True, kind="fragment", nano=-2000 * NANO)
    star_balance.seen(0, after(-60))
    star_balance.seen(-book.account().unexplained, after(-60))
    return "/admin/stars"


def switched(customer: Customer) -> str:
    """A place that no other screen is about is closed."""
    with admin.acting(customer, "switch.off", switches.area("au")):
        switches.turn(switches.area("au"), SHOPKEEPER, on=False)
    return "/admin/switches"


def checked(_customer: Customer) -> str:
    doctor.save_report(
        [finding("key_accepted", organisation="Moonlight OÜ"), finding("token_accepted", name="simka_bot")]
    )
    return "/admin/check"


def books(customer: Customer) -> str:
    """An order made in the portal, one made twice, one that is lost, and money that is gone."""
    sold = make_order("ready", customer, plan_id="tr-5gb-30d")
    lost = Submission.get_by_id(sold.submission_id)
    look = {"since": after(-3600), "complete": True, "epoch": 1, "currency": "USD"}
    ProviderLook.create(why="hour", at=after(-7200), told_at=after(-7200), orders=40, income=250_000, **look)
    ProviderLook.create(
        why="hour", at=after(-60), told_at=after(-60), orders=43, balance=312_450, missing=12_340, **look
    )
    row = {"currency": "USD", "quantity": 1}
    for number, (verdict, item, total, intent) in enumerate(
        [
            ("elsewhere", "esim_5GB_30D_TR_V2", 6100, None),
            ("twice", "esim_3GB_30D_TR_V2", 4200, None),
            ("lost", "esim_5GB_30D_TR_V2", 6100, lost),
        ]
    ):
        reference = f"0b5f2d7e-91c4-4a36-8f0d-5c2f7ad0c1{number}0"
        told = {"item": item, "total": total, "submission": intent, "ordered_at": after(-3000 + number)}
        told["iccids"] = f'["894450100000000000{number}"]'
        AuditedOrder.create(reference=reference, verdict=verdict, **row, **told)
    return "/admin/books"
