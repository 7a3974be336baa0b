"""Orders and eSIMs for the list of screens, in every stage in which a traveller may find them."""

from collections.abc import Callable
from typing import Any

from tests.shop.factories import after, make_order, make_top_up
from webapp.base import clock
from webapp.models import Assignment, Compatibility, Customer, Esim, Order, Payment, Plan, Refund, UsagePoint
from webapp.orders import limits

Address = Callable[[Customer], str]

GB = 1_000_000_000
CLOSELY = {"unpaid", "ready", "failed", "esims", "current", "top-up", "iphone"}
"""Looked at in all themes and widths; the rest is made of the same parts."""
GUIDES = ("iphone", "samsung", "pixel", "xiaomi", "huawei", "android")


# --- one order


def order(stage: str, **values: Any) -> Address:
    def make(customer: Customer) -> str:
        return f"/orders/{make_order(stage, customer, **values).reference}"

    return make


def top_up(stage: str) -> Address:
    def make(customer: Customer) -> str:
        esim = Esim.get(Esim.order == make_order("active", customer, plan_id="tr-5gb-30d"))
        return f"/orders/{make_top_up(stage, esim).reference}"

    return make


def held(customer: Customer) -> str:
    limits.hold(customer, "burst")
    return order("awaiting_payment")(customer)


def confirming(customer: Customer) -> str:
    """Allowed at the last moment, which lasts as long as anybody looks."""
    return order("expired", admitted_at=after(3600))(customer)


def settle(order: Order, **values: Any) -> None:
    mine = Payment.select().where(Payment.order == order)
    Refund.update(**values).where(Refund.payment.in_(mine)).execute()


def refunded(customer: Customer) -> str:
    made = make_order("failed", customer, failure="refused")
    settle(made, state="done", done_at=clock.now())
    return f"/orders/{made.reference}"


def stuck(customer: Customer) -> str:
    made = make_order("failed", customer)
    settle(made, state="stuck", attempts=9)
    return f"/orders/{made.reference}"


def installed(customer: Customer) -> str:
    made = make_order("active", customer)
    put_on_phone(Esim.get(Esim.order == made))
    return f"/orders/{made.reference}"


def used(customer: Customer) -> str:
    return f"/orders/{in_use(customer).order.reference}"


ORDERS: dict[str, tuple[Address, str]] = {
    "unpaid": (order("awaiting_payment"), ".said h2"),
    "unpaid-held": (held, ".said h2"),
    "expired": (order("expired"), ".said h2"),
    "confirming": (confirming, ".said h2"),
    "paid": (order("paid"), ".deadline"),
    "submitting": (order("submitting"), ".deadline"),
    "unknown": (order("unknown"), ".deadline"),
    "accepted": (order("accepted"), ".deadline"),
    "ready": (order("ready"), ".qr"),
    "installed": (installed, ".guide"),
    "in-use": (used, ".said h2"),
    "failed": (order("failed"), ".said h2"),
    "refunded": (refunded, ".said .good"),
    "refund-stuck": (stuck, ".said h2"),
    "returned": (order("returned"), ".said h2"),
    "top-up-paid": (top_up("paid"), ".deadline"),
    "top-up-added": (top_up("ready"), ".said h2"),
    "top-up-failed": (top_up("failed"), ".said h2"),
}
"""Names, addresses, and what is to be seen."""


# --- one eSIM


def put_on_phone(esim: Esim) -> None:
    there = {"profile_status": "installed", "installed_at": after(-86_400), "checked_at": after(-120)}
    Esim.update(**there).where(Esim.id == esim.id).execute()


def in_use(customer: Customer, left_gb: float = 0.9, days: int = 3, **values: Any) -> Esim:
    """Connected so many days ago; used in steps, more on the first day."""
    esim: Esim = Esim.get(Esim.order == make_order("active", customer))
    put_on_phone(esim)
    row = {
        "state": "active",
        "initial_bytes": 3 * GB,
        "remaining_bytes": round(left_gb * GB),
        "starts_at": after(-days * 86_400),
        "ends_at": after((30 - days) * 86_400),
    }
    Assignment.update(**row | values).where(Assignment.esim == esim).execute()
    if values.get("unlimited") is None:
        _use(Assignment.get(Assignment.esim == esim), 3 * GB, round((3 - left_gb) * GB), days)
    return esim


def _use(plan: Assignment, had: int, spent: int, days: int) -> None:
    steps = days * 4
    for step in range(steps + 1):
        left = had - round(spent * (step / steps) ** 0.7)
        at = after(-days * 86_400 + step * 21_600)
        UsagePoint.create(assignment=plan, at=at, remaining_bytes=left)


def page_of(make: Callable[[Customer], Esim]) -> Address:
    return lambda customer: f"/esims/{make(customer).reference}"


def running_out(customer: Customer) -> Esim:
    return in_use(customer)


def enough(customer: Customer) -> Esim:
    return in_use(customer, 2.7, 20)


def used_up(customer: Customer) -> Esim:
    return in_use(customer, 0, 6, state="depleted")


def unlimited(customer: Customer) -> Esim:
    none: dict[str, Any] = {"unlimited": True, "initial_bytes": None, "remaining_bytes": None}
    esim = in_use(customer, **none)
    limitless = {"plan_id": "tr-unlimited-lite-7d", "plan_type": "unlimited", "data_mb": None, "tier": "lite"}
    Order.update(**limitless).where(Order.id == esim.order.id).execute()
    return esim


def ended(customer: Customer) -> Esim:
    return in_use(customer, 0.4, 20, state="expired", ends_at=after(-3600))


def fresh(customer: Customer) -> Esim:
    spain = {"country_code": "es", "country_name": "Spain"}
    return Esim.get(Esim.order == make_order("ready", customer, **spain))


def dead(customer: Customer) -> Esim:
    esim = fresh(customer)
    Esim.update(profile_status="unavailable").where(Esim.id == esim.id).execute()
    return esim


def paused(customer: Customer) -> Esim:
    esim = running_out(customer)
    Esim.update(state="suspended").where(Esim.id == esim.id).execute()
    return esim


def waiting(customer: Customer) -> Esim:
    """Installed; a second plan stands behind the first."""
    esim = running_out(customer)
    make_top_up("ready", esim)
    return esim


# --- pages of several


def everything(customer: Customer) -> str:
    for make in (running_out, fresh, ended, dead):
        make(customer)
    make_order("failed", customer, country_code="jp", country_name="Japan")
    make_order("awaiting_payment", customer, plan_id="at-5gb-30d", country_code="at", country_name="Austria")
    return "/esims"


def past_alone(customer: Customer) -> str:
    ended(customer)
    return "/esims"


def installing(customer: Customer) -> str:
    esim = fresh(customer)
    Esim.update(activate_pressed_at=after(3600)).where(Esim.id == esim.id).execute()
    return "/esims"


def current(customer: Customer) -> str:
    running_out(customer)
    return "/esims/current"


def offers(customer: Customer) -> str:
    esim = running_out(customer)
    names = [plan.bundle.name for plan in Plan.select().where(Plan.plan_id.startswith("tr-"))]
    regional = [plan.bundle.name for plan in Plan.select() if not plan.area.is_country]
    for name in {*names, *regional}:
        Compatibility.create(iccid=esim.iccid, bundle=name, verdict="yes", checked_at=clock.now())
    return f"/esims/{esim.reference}/topup"


def no_offers(customer: Customer) -> str:
    esim = paused(customer)
    return f"/esims/{esim.reference}/topup"


def asking(customer: Customer) -> str:
    return f"/esims/{running_out(customer).reference}/topup"


ESIMS: dict[str, tuple[str | Address, str]] = {
    "esims": (everything, "#esims-list .esim"),
    "esims-past": (past_alone, "#esims-list .past"),
    "esims-installing": (installing, "#esims-list .install"),
    "esims-none": (lambda customer: "/esims", "#esims-list .placeholder"),
    "current": (current, "#esims-current .chart"),
    "current-none": (lambda customer: "/esims/current", "#esims-current .placeholder"),
    "esim-new": (page_of(fresh), "#esims-detail .install"),
    "esim-enough": (page_of(enough), "#esims-detail .forecast .good"),
    "esim-used-up": (page_of(used_up), "#esims-detail .badge.warn"),
    "esim-unlimited": (page_of(unlimited), "#esims-detail .figure"),
    "esim-ended": (page_of(ended), "#esims-detail .forecast"),
    "esim-dead": (page_of(dead), "#esims-detail .badge.bad"),
    "esim-paused": (page_of(paused), "#esims-detail .badge.bad"),
    "esim-queued": (page_of(waiting), "#esims-detail .facts.card"),
    "top-up": (offers, "#esims-topup .cells"),
    "top-up-asking": (asking, "#esims-topup [role=status]"),
    "top-up-nothing": (no_offers, "#esims-topup .placeholder"),
}
"""Likewise."""
