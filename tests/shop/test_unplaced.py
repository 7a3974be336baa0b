"""A charge that nobody can place waits for the owner, who serves it or gives it back, once."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from tests.shop.conftest import Person, text
from tests.shop.factories import (
    OWNER,
    STRANGER,
    after,
    charge,
    leader,
    make_customer,
    make_order,
    make_payment,
    make_plan,
    near,
    placed,
    quoted,
)
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import ledger
from webapp.customers import account
from webapp.models import AdminEvent, Order, Payment, Plan, Refund, db
from webapp.orders import payments, unplaced
from webapp.orders.payments import stars
from webapp.state import restoration

pytestmark = pytest.mark.usefixtures("shelves")


def stray(order: Order | None = None, **values: object) -> Payment:
    """A charge from the day before yesterday."""
    payload = "an-order-of-ours" if order is None else order.reference
    row = {"state": "unplaced", "payload": payload, "confirmed_at": after(-2 * 86_400)}
    return make_payment(None, **row | values)


def done() -> list[tuple[str, str]]:
    return [(event.action, event.subject) for event in AdminEvent.select().order_by(AdminEvent.id)]


def test_it_is_in_the_books_and_on_the_page_until_somebody_decides(shopkeeper: Person) -> None:
    charge = stray()
    (books,) = ledger.accounts()
    assert (books.paid, books.unmatched, books.difference, ledger.check()) == (453, 453, 0, True)
    page = text(shopkeeper.get("/admin/stars"))
    assert "⭐ 453" in page
    assert f"Paid by {OWNER} for order {charge.payload}" in page
    assert "Serve it" in page
    assert "Refund" in page


def test_one_whose_order_is_there_is_served_with_the_whole_time_to_deliver(
    shopkeeper: Person, config: Config
) -> None:
    make_plan()
    order = make_order("expired")
    charge = stray(order)
    assert "It can still be delivered" in text(shopkeeper.get("/admin/stars"))
    shopkeeper.post("/admin/stars", charge=str(charge.charge_id), do="serve")
    paid = order.fresh()
    assert (paid.stage, Payment.get().state, Payment.get().order) == ("paid", "confirmed", order)
    assert near(paid.deadline_at, after(config.deadline_s))
    assert near(paid.paid_at, clock.now())
    quoted()
    orders.submit_next(Provider(placed("served")), leader(), config)
    assert order.fresh().stage == "accepted" or order.fresh().stage == "ready"
    (books,) = ledger.accounts()
    assert (books.unmatched, books.difference, ledger.check()) == (0, 0, True)
    assert done() == [("charge.serve", charge.charge_id)]
    assert "None. Every charge has its order." in text(shopkeeper.get("/admin/stars"))


def test_the_owner_may_pick_another_order_of_the_same_price(shopkeeper: Person) -> None:
    make_plan()
    charge, picked = stray(), make_order(customer=make_customer(STRANGER))
    shopkeeper.post("/admin/stars", charge=str(charge.charge_id), do="serve", order=f" {picked.reference} ")
    assert (picked.fresh().stage, Payment.get().order) == ("paid", picked)


def refused(shopkeeper: Person, charge: Payment, reference: str = "") -> bool:
    answer = shopkeeper.post("/admin/stars", charge=str(charge.charge_id), do="serve", order=reference)
    return "Nothing was done" in text(answer)


def of_somebody_forgotten() -> Order:
    order = make_order()
    account.forget(order.customer)
    return order.fresh()


ORDERS: dict[str, Callable[[], Order]] = {
    "paid": lambda: make_order("paid"),
    "delivered": lambda: make_order("ready"),
    "failed": lambda: make_order("failed"),
    "dearer": lambda: make_order(stars=454),
    "forgotten": of_somebody_forgotten,
    "not sold any more": lambda: make_order("expired", plan_id="gone"),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_it_serves_no_order_that_it_cannot_pay_for(shopkeeper: Person, kind: str) -> None:
    make_plan()
    order = ORDERS[kind]()
    stage, charge = order.stage, stray(order)
    assert refused(shopkeeper, charge)
    assert (order.fresh().stage, unplaced.sums()) == (stage, (1, 453))
    assert done() == []


@pytest.mark.parametrize("reference", ["", "no-such-order", "nul\0", "x" * 1000])
def test_one_for_an_order_that_is_gone_serves_nothing(shopkeeper: Person, reference: str) -> None:
    assert refused(shopkeeper, stray(), reference)


def test_it_goes_back_when_the_owner_says_so(shopkeeper: Person, bot: Bot) -> None:
    charge = stray(telegram_user_id=STRANGER)
    shopkeeper.post("/admin/stars", charge=str(charge.charge_id), do="refund")
    assert payments.issue_refunds(bot, leader()) == 1
    assert (bot.refunds, Payment.get().state) == ([(STRANGER, charge.charge_id)], "refunded")
    (books,) = ledger.accounts()
    assert (books.refunded, books.unmatched, ledger.check()) == (453, 0, True)
    assert done() == [("charge.refund", charge.charge_id)]
    assert "Nothing was done" in text(
        shopkeeper.post("/admin/stars", charge=str(charge.charge_id), do="refund")
    )


def test_nothing_else_can_be_given_back_here(shopkeeper: Person) -> None:
    make_order("ready")
    assert "Nothing was done" in text(
        shopkeeper.post("/admin/stars", charge=str(Payment.get().charge_id), do="refund")
    )
    assert Refund.select().count() == 0


@pytest.mark.parametrize("form", [{}, {"charge": "x"}, {"do": "serve"}, {"charge": "x", "do": "keep"}])
def test_a_form_that_says_nothing_is_refused(shopkeeper: Person, form: dict[str, str]) -> None:
    assert shopkeeper.post("/admin/stars", **form).status_code == 400


def test_one_that_went_back_elsewhere_waits_no_more() -> None:
    charge = stray()
    assert payments.refund_seen(str(charge.charge_id), actor="telegram")
    assert (unplaced.charges(), Payment.get().state) == ([], "refunded")
    assert ledger.check()


def test_one_from_before_the_shop_was_brought_back_is_looked_up_at_esim_go_before_it_is_bought(
    config: Config,
) -> None:
    make_plan()
    order = make_order()
    charge = stray(order)
    restoration.note(after(-3 * 86_400), config.deadline_s)
    assert unplaced.serve(charge, order, config, "admin 1")
    quoted()
    provider = Provider()
    orders.submit_next(provider, leader(), config)
    assert (order.fresh().stage, provider.bought) == ("unknown", [])
    assert near(order.fresh().deadline_at, after(config.deadline_s))


def test_of_a_second_charge_for_a_paid_order_nothing_waits(config: Config) -> None:
    """It fits, and is one too many: that is no mismatch, and goes back at once."""
    order = make_order()
    for charge_id in ("first", "second"):
        payments.confirm(stars.charge(OWNER, charge(order, charge_id)), config)
    assert (unplaced.charges(), Refund.get().payment.charge_id) == ([], "second")


def test_it_is_served_or_given_back_and_never_both(config: Config) -> None:
    make_plan()
    for _ in range(8):
        order, gate = make_order(customer=make_customer(OWNER)), Barrier(4)
        charge = stray(order)

        def act(serves: bool, order: Order = order, charge: Payment = charge, gate: Barrier = gate) -> None:
            db.keep_connection()
            mine, theirs = Payment.get_by_id(charge.id), order.fresh()
            gate.wait()
            if serves:
                unplaced.serve(mine, theirs, config, "admin 1")
            else:
                unplaced.give_back(mine)
            db.database.close()

        threads = [Thread(target=act, args=(number % 2 == 0,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        served, returned = order.fresh().stage == "paid", Refund.select().where(Refund.payment == charge)
        assert served is not returned.exists()
        assert ledger.check()
        Order.update(stage="expired").where(Order.id == order.id, Order.stage == "awaiting_payment").execute()
    assert Plan.select().count() > 0
