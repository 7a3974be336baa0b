"""What the merchant does by hand: once, however often it is pressed, and never against what the jobs do."""

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Person, text
from tests.shop.factories import (
    OWNER,
    SHOPKEEPER,
    after,
    events,
    leader,
    make_customer,
    make_esim,
    make_order,
    make_unknown,
    placed,
    quoted,
    window,
)
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base.config import Config
from webapp.models import AdminEvent, JobRequest, Order, Refund, Submission, db
from webapp.operations import admin
from webapp.orders import limits, payments, reconciling
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("shelves")

NOTHING = "Nothing was done"


def press(person: Person, order: Order, action: str, seen: str | None = None) -> str:
    """The button of a page that was opened when the order stood as `seen` tells."""
    form = {"remedy": action, "version": seen or admin.version(order.fresh())}
    return text(person.post(f"/admin/orders/{order.reference}", **form))


def actions() -> list[tuple[str, str]]:
    return [(event.action, event.subject) for event in AdminEvent.select().order_by(AdminEvent.id)]


def helps(order: Order, config: Config) -> list[str]:
    return [remedy.action for remedy in admin.remedies(order.fresh(), config)]


def searched(order: Order) -> None:
    """Three looks have not found it."""
    Submission.update(looks=3).where(Submission.id == order.submission_id).execute()


# --- what helps


def test_each_stage_has_the_one_thing_that_helps_first(config: Config) -> None:
    found = make_unknown(plan_id="looked-for")
    searched(found)
    fresh, late = make_order("accepted"), make_order("accepted", plan_id="late", paid_at=after(-400))
    assert helps(make_order("paid", plan_id="waiting"), config) == ["look", "refund"]
    assert helps(make_unknown(plan_id="lost"), config) == ["look", "stock"]
    assert helps(found, config) == ["again", "look", "stock"]
    assert helps(fresh, config) == ["look", "stock"]
    assert helps(late, config) == ["stock", "look"]
    for stage in ("awaiting_payment", "expired", "submitting", "active"):
        assert helps(make_order(stage, plan_id=stage), config) == []
    owed = make_order("failed")
    assert helps(owed, config) == ["look"]
    Refund.update(state="done", done_at=after(0)).execute()
    assert helps(owed, config) == []


def test_the_page_says_what_it_costs(shopkeeper: Person, config: Config) -> None:
    order = make_unknown()
    searched(order)
    shown = text(shopkeeper.get(f"/admin/orders/{order.reference}"))
    assert "Costs $4.20; if the first one turns up" in shown
    assert shown.index("Order again") < shown.index("Look again") < shown.index("Refund, and keep what comes")


# --- look again


def test_looking_again_asks_the_jobs_once(shopkeeper: Person) -> None:
    lost, bought = make_unknown(), make_order("accepted", plan_id="bought")
    for _ in range(2):
        press(shopkeeper, lost, "look")
        press(shopkeeper, bought, "look")
    asked = sorted(row.name for row in JobRequest.select())
    assert asked == ["collect_accepted", "reconcile_unknown"]
    assert (lost.fresh().stage, bought.fresh().stage) == ("unknown", "accepted")


def test_a_waiting_order_is_tried_at_once(shopkeeper: Person) -> None:
    order = make_order("paid", next_try_at=after(600))
    press(shopkeeper, order, "look")
    assert order.fresh().next_try_at is None
    assert provider_state.needs_a_look()


def test_a_refund_that_waits_is_tried_at_once(shopkeeper: Person, bot: Bot) -> None:
    order = make_order("failed")
    Refund.update(state="stuck", attempts=9, next_try_at=after(600)).execute()
    assert payments.issue_refunds(bot, leader()) == 0
    press(shopkeeper, order, "look")
    assert payments.issue_refunds(bot, leader()) == 1


# --- refunds


@pytest.mark.parametrize(
    ("stage", "action"), [("paid", "refund"), ("unknown", "stock"), ("accepted", "stock")]
)
def test_a_refund_by_hand_is_due_once(shopkeeper: Person, stage: str, action: str) -> None:
    order = make_order(stage)
    seen = admin.version(order)
    assert "Done, and written down" in press(shopkeeper, order, action, seen)
    assert NOTHING in press(shopkeeper, order, action, seen), "pressed twice"
    assert (order.fresh().stage, order.fresh().failure) == ("failed", "owner")
    assert [refund.payment.order for refund in Refund.select()] == [order]
    assert events(order)[-1].actor == f"admin {SHOPKEEPER}"
    assert actions() == [(f"order.{action}", order.reference)]
    assert AdminEvent.get().detail.startswith("453 Stars back")


def test_what_comes_after_a_refund_by_hand_is_stock(
    shopkeeper: Person, provider: Provider, config: Config
) -> None:
    order = make_unknown()
    press(shopkeeper, order, "stock")
    provider.window = window(placed("ref-late", created_at=after(-59)))
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, Submission.get().outcome) == ("failed", "stock")


def test_the_owner_of_a_refunded_order_reads_why(shopkeeper: Person, owner: Person) -> None:
    order = make_order("paid")
    press(shopkeeper, order, "refund")
    assert "we did not want to keep you waiting" in text(owner.get(f"/orders/{order.reference}"))


# --- order again


def test_ordering_again_buys_once_more_and_what_turns_up_is_stock(
    shopkeeper: Person, provider: Provider, config: Config
) -> None:
    order = make_unknown()
    quoted()
    searched(order)
    press(shopkeeper, order, "again")
    assert order.fresh().stage == "paid"
    provider.answers = [placed("ref-second")]
    orders.submit_next(provider, leader(), config)
    assert (order.fresh().stage, provider.bought) == ("ready", [order.esimgo_product_id])
    provider.window = window(placed("ref-first", created_at=after(-59)))
    reconciling.reconcile(provider, config)
    assert sorted(str(row.outcome) for row in Submission.select()) == ["bought", "stock"]


def test_two_windows_order_again_once(shopkeeper: Person, provider: Provider, config: Config) -> None:
    order = make_unknown()
    quoted()
    searched(order)
    seen = admin.version(order)
    press(shopkeeper, order, "again", seen)
    provider.answers = [Exception("the answer is lost again")]
    with pytest.raises(Exception, match="lost again"):
        orders.submit_next(provider, leader(), config)
    second = order.fresh()
    searched(second)
    assert second.stage == "unknown", "it stands as it stood, but for another purchase"
    assert NOTHING in press(shopkeeper, order, "again", seen)
    assert order.fresh().stage == "unknown"


def test_what_the_reconciler_has_found_meanwhile_is_not_ordered_again(
    shopkeeper: Person, provider: Provider, config: Config
) -> None:
    order = make_unknown()
    searched(order)
    seen = admin.version(order)
    provider.window = window(placed("ref-1", created_at=after(-59)))
    reconciling.reconcile(provider, config)
    assert NOTHING in press(shopkeeper, order, "again", seen)
    assert (order.fresh().stage, Refund.select().count(), actions()) == ("ready", 0, [])


def test_a_remedy_that_does_not_fit_is_refused(shopkeeper: Person) -> None:
    order = make_order("active")
    for action in ("refund", "again", "stock", "look", "return", "delete"):
        assert NOTHING in press(shopkeeper, order, action)
    assert (order.fresh().stage, actions()) == ("active", [])
    assert shopkeeper.post(f"/admin/orders/{order.reference}", remedy="refund").status_code == 400


def test_of_two_who_press_at_once_one_does_it(config: Config) -> None:
    order, who = make_order("paid"), make_customer(SHOPKEEPER)
    done, start = [], Barrier(2)

    def press_now(action: str) -> None:
        start.wait(60)
        try:
            with admin.acting(who, action, order.reference):
                admin.act(order.fresh(), action, f"paid.{order.submission_id or 0}", SHOPKEEPER, config)
            done.append(action)
        except admin.StaleState:
            pass
        finally:
            db.database.close()

    threads = [Thread(target=press_now, args=["refund"]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (done, Refund.select().count(), len(actions())) == (["refund"], 1, 1)


# --- giving back


def test_an_unused_plan_is_asked_back(shopkeeper: Person, app: Flask) -> None:
    order = make_order("ready")
    make_esim(order)
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, esimgo_refunds="on"))
    shown = text(shopkeeper.get(f"/admin/orders/{order.reference}"))
    assert "Take it back" in shown
    press(shopkeeper, order, "return")
    request = orders.request_of(order)
    assert request is not None
    assert request.state == "asked"


# --- held customers


def test_a_held_customer_is_released_once(shopkeeper: Person) -> None:
    customer = make_customer(OWNER)
    limits.hold(customer, "burst")
    assert "Many purchases in an hour" in text(shopkeeper.get("/admin"))
    name = limits.held()[0].name
    assert "Done" in text(shopkeeper.post("/admin", hold=name))
    assert NOTHING in text(shopkeeper.post("/admin", hold=name))
    assert limits.held() == []
    assert actions() == [("customer.release", name)]


@pytest.mark.parametrize("name", ["", "hold-", "hold-x", "-1", "1001", "hold-" + "9" * 16, "hold-١٢"])
def test_nobody_is_released_by_nonsense(shopkeeper: Person, name: str) -> None:
    assert shopkeeper.post("/admin", hold=name).status_code == 400


# --- the log


def test_what_fails_is_not_written_down(config: Config) -> None:
    who = make_customer(SHOPKEEPER)
    with pytest.raises(RuntimeError), admin.acting(who, "order.refund", "x"):
        raise RuntimeError
    assert actions() == []
