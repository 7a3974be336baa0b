"""What the merchant reads: figures that are exactly right, orders that are found, prices as they will be."""

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from flask import Flask

from tests.databases.crowds import crowd
from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    PLAN,
    SHOPKEEPER,
    STRANGER,
    after,
    leader,
    make_customer,
    make_esim,
    make_order,
    make_plan,
    make_refund,
    make_top_up,
    quoted,
)
from tests.shop.standins import Bot
from tests.shop.test_sales import by_hand, paid_in, some_order
from webapp import catalogue, orders
from webapp.base.config import Config
from webapp.base.money import plain
from webapp.books import sales
from webapp.books.sales import Period
from webapp.customers import outbox
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import AdminEvent, Esim, JobRequest, Order, Plan, Setting
from webapp.operations import admin, doctor
from webapp.operations.doctor.findings import finding
from webapp.orders import payments
from webapp.state import incidents
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("shelves")


@pytest.fixture(autouse=True)
def looked_at_once(app: Flask) -> None:
    app.extensions["shop"].state.ttl_s = 0


def facts(html: str) -> dict[str, str]:
    """The figures of a page by their names, without markup."""
    rows = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", html, re.DOTALL)
    return {plainly(name): plainly(value) for name, value in rows}


def plainly(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def cells(html: str) -> list[str]:
    return [plainly(cell) for cell in re.findall(r'<li><(?:div|a|form) class="cell.*?</li>', html, re.DOTALL)]


# --- figures


@pytest.mark.usefixtures("noon")
def test_a_scripted_day_is_told_exactly(
    app: Flask, shopkeeper: Person, owner: Person, nobody: Person, bot: Bot, config: Config, advance: Advance
) -> None:
    """Eleven look around, five begin to pay, four do: two are delivered and one of them is used, one fails
    and is refunded, one is under way. A week ago there was one sale.
    """
    make_order("active", make_customer(9), paid_at=after(-8 * 86400), created_at=after(-8 * 86400))
    Setting.write("catalogue.generation", 1)
    for path, times in (("/", 11), ("/shop/tr", 7), (f"/plans/{PLAN}", 6)):
        for _ in range(times):
            assert nobody.browser.get(path).status_code == 200
    app.extensions["shop"].funnel.write_down()
    quoted()
    for number, fate in enumerate(("never pays", "used", "delivered", "fails", "under way")):
        make_plan(f"plan-{number}")
        make_order(**_fate(fate), plan_id=f"plan-{number}")
    failing = Order.get(Order.stage == "paid", Order.plan_id == "plan-3")
    assert orders.fail(failing, "refused", actor="provider")
    assert payments.issue_refunds(bot, leader()) == 1
    advance(1)

    page = text(shopkeeper.get("/admin"))
    assert [plainly(card) for card in re.findall(r'<li class="card">.*?</li>', page, re.DOTALL)] == [
        "Today 4 ⭐ 906 before: 0",
        "7 days 4 ⭐ 906 before: 1",
        "30 days 5 ⭐ 1,359 before: 0",
    ]
    found = facts(page)
    assert found["Delivered"] == "2 66.7 % of those that ended"
    assert found["Not delivered"] == "1"
    assert found["Time to QR code"] == "10 seconds 95 % within 20 seconds"
    assert found["Refunds"] == "1 ⭐ 453"
    assert (found["Revenue"], found["Margin"]) == ("$11.76", "$3.36")
    assert [cell for cell in cells(page) if re.search(r"\d", cell)][:7] == [
        "Opened the shop 11",
        "Looked at a place 7 64 %",
        "Looked at a plan 6 86 %",
        "Began to pay 5 83 %",
        "Paid 4 80 %",
        "Got the eSIM 2 50 %",
        "Used it 1 50 %",
    ]


def _fate(fate: str) -> dict[str, Any]:
    now = after(0)
    paid = {"created_at": now, "paid_at": after(-30)}
    fates: dict[str, dict[str, Any]] = {
        "never pays": {"stage": "awaiting_payment"},
        "used": {"stage": "active", **paid, "delivered_at": after(-20), "activated_at": now},
        "delivered": {"stage": "ready", **paid, "delivered_at": after(-10)},
        "fails": {"stage": "paid", **paid},
        "under way": {"stage": "accepted", **paid},
    }
    return fates[fate]


@pytest.mark.usefixtures("noon")
def test_balance_and_runway_are_told(shopkeeper: Person) -> None:
    found = facts(text(shopkeeper.get("/admin")))
    assert (found["Balance"], found["Lasts at this pace"]) == ("not known yet", "nothing was sold in a day")
    make_order("ready")
    provider_state.balance_seen(4200 * 36)
    found = facts(text(shopkeeper.get("/admin")))
    assert found["Balance"].startswith("$151.20")
    assert found["Lasts at this pace"] == "36 hours"


def test_what_needs_the_merchant_stands_on_top(shopkeeper: Person) -> None:
    assert "Nothing needs you now" in text(shopkeeper.get("/admin"))
    stuck = make_order("paid", paid_at=after(-360))
    incidents.open("out_of_funds", detail="no balance")
    page = text(shopkeeper.get("/admin"))
    assert "Nothing needs you" not in page
    assert page.index("used up") < page.index(f"/admin/orders/{stuck.reference}") < page.index("Today")


def test_a_late_refund_needs_the_merchant(shopkeeper: Person) -> None:
    order = make_order("failed")
    assert order.reference not in text(shopkeeper.get("/admin"))
    late = make_order("failed", plan_id="late")
    make_refund(late, created_at=after(-400))
    assert late.reference in text(shopkeeper.get("/admin"))


# --- reports


KEYS: dict[str, Callable[[Order], str]] = {
    "day": lambda order: f"{order.paid_at:%Y-%m-%d}",
    "country": lambda order: order.country_code,
    "plan": lambda order: order.plan_id,
}


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_table_in_the_chat_equals_a_recount(
    shopkeeper: Person, bot: Bot, config: Config, by: str, language: str
) -> None:
    make_customer(SHOPKEEPER, language, may_write=True)
    make_order("ready", paid_at=after(-86400 * 60))
    crowd(300, days=40, change=some_order)
    shopkeeper.language = language
    shopkeeper.post("/admin/sales", by=by, days="30")
    assert outbox.deliver(bot, config, RateLimiter()) == 1
    ((chat, name, content, _kind),) = bot.documents
    assert (chat, name) == (SHOPKEEPER, f"sales-by-{by}-30-days.csv")

    head, *rows = csv.reader(
        StringIO(content.decode("utf-8-sig")), delimiter=";" if language == "ru" else ","
    )
    key_of = KEYS[by]
    sold = paid_in(Period.last(30))
    wanted = {}
    for key in {key_of(order) for order in sold}:
        sales = by_hand(order for order in sold if key_of(order) == key)
        counts = [sales.sold, sales.delivered, sales.lost, sales.in_flight, sales.stars]
        money = [plain(amount) for amount in (sales.revenue, sales.cost, sales.besides, 0, sales.margin)]
        point = "," if language == "ru" else "."
        wanted[key] = [*map(str, counts), *(text.replace(".", point) for text in money)]
    figures = {row[0]: row[-10:] for row in rows}
    assert {key: row for key, row in figures.items() if row[0] != "0"} == wanted
    assert len(rows) == (30 if by == "day" else len(wanted))
    assert len(head) == len(rows[0])


@pytest.mark.usefixtures("noon")
def test_the_page_of_a_report_shows_the_same_figures(shopkeeper: Person) -> None:
    make_order("ready", paid_at=after(-86400 * 60))
    crowd(200, days=6, change=lambda number: some_order(number) | {"paid_at": after(-number * 2000)})
    for by, rows in (("day", 7), ("country", 3), ("plan", 2)):
        page = text(shopkeeper.get(f"/admin/sales?by={by}&days=7"))
        told = sales.sales(Period.last(7))
        assert facts(page)["Sold"] == str(told.sold)
        assert facts(page)["Stars"] == f"⭐ {told.stars:,}"
        assert len(cells(page)) == rows
        assert ("<svg" in page) is (by == "day")
        assert "style=" not in page


@pytest.mark.parametrize("query", ["by=x", "days=8", "days=x", "by=day&days=99999999"])
def test_a_report_that_is_not_there_is_a_clear_error(shopkeeper: Person, query: str) -> None:
    assert shopkeeper.get(f"/admin/sales?{query}").status_code == 400
    form = dict(part.split("=") for part in query.split("&"))
    assert shopkeeper.post("/admin/sales", **form).status_code == 400
    assert AdminEvent.select().count() == 0


# --- orders


def carried_by(order: Order, **values: str) -> Esim:
    esim = make_esim(order)
    Esim.update(values).where(Esim.id == esim.id).execute()
    return Esim.get_by_id(esim.id)


@pytest.fixture
def shelf_of_orders() -> dict[str, Order]:
    ann, bob = make_customer(OWNER, first_name="Ann"), make_customer(STRANGER, first_name="Боб")
    hers = make_order("active", ann, plan_id="hers")
    Order.update(esimgo_order_id="ref-hers").where(Order.id == hers.id).execute()
    carried_by(hers, iccid="8943108170000123456", reference="esim-of-ann")
    return {"hers": hers, "his": make_order("paid", bob, plan_id="his")}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ref-hers", {"hers"}),
        ("esim-of-ann", {"hers"}),
        ("123456", {"hers"}),
        ("3456", {"hers"}),
        (" 8943 1081 7000 0123 456 ", {"hers"}),
        (str(OWNER), {"hers"}),
        (str(STRANGER), {"his"}),
        ("Ann", {"hers"}),
        ("Боб", {"his"}),
        ("456", set()),
        ("nobody", set()),
        ("%", set()),
        ("9" * 64, set()),
    ],
)
def test_an_order_is_found_by_what_a_customer_can_tell(
    shopkeeper: Person, shelf_of_orders: dict[str, Order], query: str, found: set[str]
) -> None:
    answer = shopkeeper.browser.get("/admin/orders", query_string={"q": query}, headers=shopkeeper.headers)
    page = text(answer)
    assert {name for name, order in shelf_of_orders.items() if order.reference in page} == found
    assert ("No order fits" in page) is (not found)


def test_a_top_up_is_found_by_its_esim_too(shopkeeper: Person) -> None:
    first = make_order("active")
    esim = carried_by(first, iccid="8943108170000999999")
    second = make_top_up("active", esim)
    assert {order.reference for order in admin.find("999999")} == {first.reference, second.reference}


def test_an_order_tells_all_that_happened(shopkeeper: Person, bot: Bot, config: Config) -> None:
    order = make_order("paid")
    orders.fail(order, "refused", actor="provider", note="no such bundle")
    payments.issue_refunds(bot, leader())
    page = text(shopkeeper.get(f"/admin/orders/{order.reference}"))
    told = [cell for cell in cells(page) if "→" in cell]
    assert [cell.partition(" · ")[2].split(" (")[0] for cell in told] == [
        "Order paid → failed",
        "Charge confirmed → refund_due",
        "Refund due → sent",
        "Refund sent → done",
        "Charge refund_due → refunded",
    ]
    assert "no such bundle" in page


def test_bearer_secrets_stay_out_of_the_merchants_pages(shopkeeper: Person) -> None:
    esim = make_esim(make_order("active"))
    page = text(shopkeeper.get(f"/admin/orders/{esim.order.reference}"))
    assert esim.iccid not in page
    assert esim.iccid[-6:] in page
    assert esim.matching_id not in page


def test_a_name_is_no_markup(shopkeeper: Person) -> None:
    order = make_order("paid", make_customer(OWNER, first_name="<img src=x onerror=alert(1)>"))
    assert "<img" not in text(shopkeeper.get(f"/admin/orders/{order.reference}"))


# --- prices and catalogue


def priced() -> dict[str, int]:
    return {plan.plan_id: plan.retail for plan in Plan.select()}


RULES = [
    {"scope": "shop", "markup": "55"},
    {"scope": "area", "target": "tr", "markup": "12,5", "floor": "0,30"},
    {"scope": "plan", "target": PLAN, "fixed": "9.99"},
]


@pytest.mark.parametrize("form", RULES)
def test_prices_become_what_the_preview_has_shown(shopkeeper: Person, form: dict[str, str]) -> None:
    make_plan("tr-1gb-7d", data_mb=1000)
    before = priced()
    page = text(shopkeeper.post("/admin/prices", do="preview", **form))
    assert priced() == before, "a preview changes nothing"
    shown = dict(re.findall(r"<code>(\S+)</code></span><span class=\"price\">(\$[\d.]+)", page))
    assert shown
    assert "Done" in text(shopkeeper.post("/admin/prices", do="set", **form))
    changed = {key: f"${plain(price)}" for key, price in priced().items() if before[key] != price}
    assert changed == shown
    assert AdminEvent.get().action == "price.set"

    scope, target = form["scope"], form.get("target", "")
    assert "Done" in text(shopkeeper.post("/admin/prices", do="remove", scope=scope, target=target))
    assert priced() == before
    again = text(shopkeeper.post("/admin/prices", do="remove", scope=scope, target=target))
    assert "there is no rule" in again


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"scope": "shop"}, "needs a markup"),
        ({"scope": "shop", "markup": "much"}, "“much” is not a number"),
        ({"scope": "shop", "markup": "NaN"}, "from 0 to 1000 percent"),
        ({"scope": "shop", "markup": "-1"}, "from 0 to 1000 percent"),
        ({"scope": "area", "target": "zz", "markup": "5"}, "there is no area zz"),
        ({"scope": "plan", "target": PLAN, "fixed": "1"}, "below its wholesale price"),
        ({"scope": "x", "markup": "5"}, "a rule is for the shop"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "set"])
def test_a_price_that_hurts_is_refused_and_the_form_stays(
    shopkeeper: Person, form: dict[str, str], why: str, do: str
) -> None:
    before = priced()
    page = text(shopkeeper.post("/admin/prices", do=do, **form))
    assert why in page
    assert all(f'value="{value}"' in page for name, value in form.items() if name != "scope")
    assert (priced(), AdminEvent.select().count()) == (before, 0)


def test_a_shrunken_catalogue_waits_for_the_merchant(shopkeeper: Person, config: Config) -> None:
    assert "no more" not in text(shopkeeper.get("/admin/prices"))
    assert "Nothing was done" in text(shopkeeper.post("/admin/prices", do="accept"))
    Setting.write("catalogue.held", {"at": "2026-11-25T12:00:00+00:00", "known": 100, "missing": 40})
    assert "lists 40 of 100 bundles no more" in text(shopkeeper.get("/admin/prices"))
    assert "Done" in text(shopkeeper.post("/admin/prices", do="accept"))
    assert catalogue.is_due(config), "it is read again at once"
    assert AdminEvent.get().detail == "40 of 100 bundles"


# --- check-up, log, and the way in


def test_the_check_up_asks_the_jobs_and_shows_what_they_found(shopkeeper: Person, config: Config) -> None:
    before = text(shopkeeper.get("/admin/check"))
    assert "Customers cannot reach a person" in before
    assert "hx-trigger" not in before.partition("</h1>")[0]
    for _ in range(2):
        looking = text(shopkeeper.post("/admin/check"))
        assert 'hx-trigger="every 2s"' in looking
    request = JobRequest.get()
    doctor.save_report([finding("key_refused", error="no such key")])
    JobRequest.update(done_at=after(0), result="done").where(JobRequest.id == request.id).execute()
    after_all = text(shopkeeper.get("/admin/check"))
    assert "eSIM Go refuses the API key: no such key" in after_all
    assert 'hx-trigger="every 2s"' not in after_all


def test_the_log_tells_who_has_done_what(shopkeeper: Person) -> None:
    assert "Nobody has done anything" in text(shopkeeper.get("/admin/log"))
    shopkeeper.post("/admin/switches", name="sales", on="no")
    shown = text(shopkeeper.get("/admin/log"))
    assert "switch.off sales" in shown
    assert str(SHOPKEEPER) in shown


def test_only_who_runs_the_shop_sees_the_way_in(shopkeeper: Person, owner: Person) -> None:
    assert "/admin" in text(shopkeeper.get("/account"))
    assert "/admin" not in text(owner.get("/account"))


def test_who_is_no_admin_any_more_is_out_at_once(app: Flask, shopkeeper: Person) -> None:
    assert shopkeeper.get("/admin").status_code == 200
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, admin_telegram_ids=()))
    assert shopkeeper.get("/admin").status_code == 404
