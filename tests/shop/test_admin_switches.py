"""What the merchant has switched off is off at every door, at once, and nothing else is."""

from threading import Barrier, Thread

import pytest

from tests.settings import changed
from tests.shop.conftest import Person, text
from tests.shop.factories import (
    PLAN,
    SHOPKEEPER,
    checkout,
    make_customer,
    make_order,
    quoted,
)
from tests.shop.standins import Bot
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.customers import notifications, outbox
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import AdminEvent, Notification, Order, db
from webapp.operations import alerts
from webapp.orders import payments
from webapp.state import incidents, outages, switches

pytestmark = pytest.mark.usefixtures("shelves")

NOTHING = "Nothing was done"


def actions() -> list[tuple[str, str]]:
    return [(event.action, event.subject) for event in AdminEvent.select().order_by(AdminEvent.id)]


def turn(person: Person, on: str, **what: str) -> str:
    return text(person.post("/admin/switches", on=on, **what))


def reason(order: Order, config: Config) -> str | None:
    quoted()
    with speaking("en"):
        return payments.pre_checkout(payments.stars.question(checkout(order)), config)


def buys(owner: Person) -> bool:
    return "orders-pay" in text(owner.post("/orders", plan_id=PLAN))


def orders_by_api(owner: Person) -> int:
    return owner.browser.post("/api/esimgo/order", json={"plan_id": PLAN}, headers=owner.headers).status_code


def test_sales_that_are_off_are_off_at_every_door(
    shopkeeper: Person, owner: Person, nobody: Person, config: Config
) -> None:
    standing = make_order(plan_id="standing")
    assert buys(owner)
    assert reason(standing, config) is None
    turn(shopkeeper, "no", name="sales")
    assert "Sales are paused" in text(owner.post("/orders", plan_id=PLAN))
    assert orders_by_api(owner) == 422
    assert "Sales are paused" in (reason(standing, config) or "")
    assert "Sales are paused" in text(nobody.browser.get("/"))
    turn(shopkeeper, "yes", name="sales")
    assert buys(owner)
    assert orders_by_api(owner) == 201
    assert reason(standing, config) is None
    assert actions() == [("switch.off", "sales"), ("switch.on", "sales")]


def test_a_closed_place_sells_nothing_and_the_others_go_on(
    shopkeeper: Person, owner: Person, nobody: Person, config: Config
) -> None:
    standing = make_order(plan_id="standing")
    turn(shopkeeper, "no", area="tr")
    assert "Sales are paused" in text(owner.post("/orders", plan_id=PLAN))
    assert orders_by_api(owner) == 422
    assert "Sales are paused" in (reason(standing, config) or "")
    assert "do not sell plans for this place" in text(nobody.get("/shop/tr"))
    assert "disabled" in text(nobody.get(f"/plans/{PLAN}"))
    assert not outages.now().sales_paused
    elsewhere = make_order(plan_id="elsewhere", country_code="th")
    assert reason(elsewhere, config) is None
    turn(shopkeeper, "yes", area="tr")
    assert buys(owner)
    assert "do not sell" not in text(nobody.get("/shop/tr"))


def test_payments_that_are_off_take_no_money(
    shopkeeper: Person, owner: Person, bot: Bot, config: Config
) -> None:
    standing = make_order(plan_id="standing")
    turn(shopkeeper, "no", name="payments")
    page = text(owner.post("/orders", plan_id=PLAN))
    assert "orders-pay" in page, "the order is there, and can be paid for later"
    assert "Payments are paused" in page
    assert "not answering" not in page
    assert bot.invoices == []
    assert "paused" in (reason(standing, config) or "")
    assert orders_by_api(owner) == 201, "with no invoice_url"
    turn(shopkeeper, "yes", name="payments")
    assert reason(standing, config) is None
    buys(owner)
    assert len(bot.invoices) == 1


def test_messages_that_are_off_wait_but_not_those_that_somebody_asks_for(
    shopkeeper: Person, bot: Bot, config: Config
) -> None:
    order = make_order("paid", make_customer(SHOPKEEPER, may_write=True))
    notifications.enqueue(order, "paid")
    turn(shopkeeper, "no", name="messages")
    shopkeeper.post("/admin/sales", by="day", days="7")
    limiter = RateLimiter()
    assert outbox.deliver(bot, config, limiter) == 1
    assert [name for _, name, _, _ in bot.documents] == ["sales-by-day-7-days.csv"]
    assert Notification.get(Notification.kind == "paid").state == "waiting"
    turn(shopkeeper, "yes", name="messages")
    assert outbox.deliver(bot, config, RateLimiter()) == 1
    assert Notification.get(Notification.kind == "paid").state == "sent"


def test_a_switch_says_who_has_turned_it_and_turns_once(shopkeeper: Person) -> None:
    assert f"by {SHOPKEEPER}" in turn(shopkeeper, "no", name="sales")
    assert NOTHING in turn(shopkeeper, "no", name="sales")
    assert switches.off()["sales"].by == SHOPKEEPER
    assert actions() == [("switch.off", "sales")]


def test_two_who_turn_different_switches_lose_neither(config: Config) -> None:
    names, start = ("sales", "payments", "messages", switches.area("tr")), Barrier(4)

    def turn_now(name: str) -> None:
        start.wait(60)
        switches.turn(name, SHOPKEEPER, on=False)
        db.database.close()

    threads = [Thread(target=turn_now, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(switches.off()) == set(names)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "sales"},
        {"name": "x", "on": "no"},
        {"area": "xx", "on": "no"},
        {"area": "\0", "on": "no"},
    ],
)
def test_a_switch_that_is_not_there_is_a_clear_error(shopkeeper: Person, form: dict[str, str]) -> None:
    assert shopkeeper.post("/admin/switches", **form).status_code == 400
    assert actions() == []


def test_an_alert_comes_however_the_switches_stand(shopkeeper: Person, bot: Bot, config: Config) -> None:
    for name in switches.SHOP:
        turn(shopkeeper, "no", name=name)
    incidents.open("ledger", detail="x")
    assert alerts.send_pending(bot, changed(config, alert_chat_id=1)) == 1
