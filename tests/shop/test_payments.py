"""Stars on their way in: the invoice, the last question before the charge, and the charge itself."""

import re
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import (
    OWNER,
    STRANGER,
    after,
    charge,
    checkout,
    events,
    lead,
    make_customer,
    make_esim,
    make_order,
    make_payment,
    make_plan,
    near,
    quoted,
)
from tests.shop.standins import Bot, always
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.clients.telegram.errors import BadCall, Lost, NotReached, SlowDown
from webapp.models import (
    Esim,
    Notification,
    Order,
    OrderEvent,
    Payment,
    PaymentEvent,
    Plan,
    ProviderBalance,
    Refund,
    Submission,
    db,
)
from webapp.orders import gate, limits, payments, unplaced
from webapp.orders.payments import stars
from webapp.orders.places import Places
from webapp.state import outages, shares, switches
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("database")


def kinds(order: Order) -> list[str]:
    return [row.kind for row in Notification.select().where(Notification.order == order)]


def given_back() -> list[str]:
    return [refund.payment.charge_id for refund in Refund.select()]


def set_aside() -> list[str | None]:
    return [charge.charge_id for charge in unplaced.charges()]


# --- the invoice


def test_an_invoice_is_made_once_for_each_order(bot: Bot, config: Config) -> None:
    order = make_order()
    first = payments.invoice(order, stars.Stars(bot), config)
    assert payments.invoice(order.fresh(), stars.Stars(bot), config) == first
    (asked,) = bot.invoices
    assert (asked["payload"], asked["stars"], asked["title"]) == (order.reference, 453, "Simka")
    assert asked["description"] == "eSIM: Türkiye, 3 GB, 30 days"


def test_a_name_that_is_too_long_for_telegram_is_cut(bot: Bot, config: Config) -> None:
    payments.invoice(make_order(), stars.Stars(bot), changed(config, shop_name="x" * 40))
    assert bot.invoices[0]["title"] == "x" * 32


@pytest.mark.usefixtures("still")
def test_an_order_remembers_when_its_sheet_was_opened_last(
    bot: Bot, config: Config, advance: Advance
) -> None:
    order, other = make_order(), make_order(plan_id="other")
    for _ in range(2):
        payments.invoice(order, stars.Stars(bot), config)
        assert order.fresh().invoiced_at == clock.now()
        advance(60)
    assert (other.fresh().invoiced_at, other.fresh().invoice_url) == (None, None)


def test_while_payments_are_switched_off_no_invoice_is_made(bot: Bot, config: Config) -> None:
    switches.turn(switches.PAYMENTS, 1, on=False)
    assert payments.invoice_or_none(make_order(), bot, config, Places(1)) is None
    assert bot.tried == []


def test_whether_telegram_answers_is_told_to_everybody(bot: Bot, config: Config) -> None:
    order = make_order()
    bot.mood = always(Lost("no"))
    payments.invoice_or_none(order, bot, config, Places(1))
    assert outages.now().payments_failing
    bot.mood = lambda method: None
    payments.invoice_or_none(order, bot, config, Places(1))
    assert not outages.now().payments_failing


@pytest.mark.parametrize("error", [NotReached("no"), Lost("no"), SlowDown(3), BadCall("no")])
def test_without_telegram_there_is_no_invoice_and_no_harm(bot: Bot, config: Config, error: Exception) -> None:
    order = make_order()
    bot.mood = always(error)
    assert payments.invoice_or_none(order, bot, config, Places(1)) is None
    bot.mood = lambda method: None
    assert payments.invoice_or_none(order, bot, config, Places(1)) == order.fresh().invoice_url is not None


@pytest.mark.parametrize("stage", ["expired", "paid", "ready", "failed"])
def test_what_is_not_to_be_paid_has_no_invoice(bot: Bot, config: Config, stage: str) -> None:
    assert payments.invoice_or_none(make_order(stage), bot, config, Places(1)) is None
    assert bot.tried == []


def test_at_most_so_many_wait_for_telegram_at_a_time(bot: Bot, config: Config) -> None:
    places = Places(4)
    asked, go_on = Barrier(5), Barrier(5)

    def slow(_method: str) -> None:
        asked.wait(60)
        go_on.wait(60)

    bot.mood = slow
    orders = [make_order(customer=make_customer(n + 1)) for n in range(4)]
    waiting = [Thread(target=ask, args=(order, bot, config, places)) for order in orders]
    for thread in waiting:
        thread.start()
    asked.wait(60)
    fifth = make_order(plan_id="fifth")
    assert payments.invoice_or_none(fifth, bot, config, places) is None
    go_on.wait(60)
    for thread in waiting:
        thread.join(60)
    bot.mood = lambda method: None
    assert payments.invoice_or_none(fifth, bot, config, places)


def test_one_customer_takes_one_place_whatever_they_have_open(bot: Bot, config: Config) -> None:
    places, told = Places(2), list[str | None]()
    mine, other = make_order(plan_id="a"), make_order(plan_id="b")
    foreign = make_order(customer=make_customer(2))

    def slow(_method: str) -> None:
        bot.mood = lambda method: None
        told.extend(payments.invoice_or_none(order, bot, config, places) for order in (other, foreign))

    bot.mood = slow
    assert payments.invoice_or_none(mine, bot, config, places)
    assert (told[0], bool(told[1])) == (None, True)
    assert payments.invoice_or_none(other, bot, config, places), "the place is free again"


def test_a_sheet_that_has_its_link_takes_no_place(bot: Bot, config: Config) -> None:
    order, places = make_order(invoice_url="https://t.me/$known"), Places(1)
    with places.of(order.telegram_user_id):
        assert payments.invoice_or_none(order, bot, config, places) == "https://t.me/$known"
    assert (bot.tried, order.fresh().invoiced_at is None) == ([], False)


def test_so_many_links_are_made_for_one_customer_in_an_hour(
    bot: Bot, config: Config, advance: Advance
) -> None:
    most, places = shares.ALLOWED["invoices"].most, Places(4)
    bot.mood = always(NotReached("Telegram is away"))
    order = make_order()
    for _ in range(most + 5):
        assert payments.invoice_or_none(order, bot, config, places) is None
    assert len(bot.tried) == most
    bot.mood = lambda method: None
    assert payments.invoice_or_none(make_order(customer=make_customer(2)), bot, config, places)
    assert payments.invoice_or_none(order, bot, config, places) is None
    advance(3601)
    assert payments.invoice_or_none(make_order(plan_id="later"), bot, config, places)


def ask(order: Order, bot: Bot, config: Config, places: Places) -> None:
    db.keep_connection()
    try:
        assert payments.invoice_or_none(order, bot, config, places)
    finally:
        db.database.close()


# --- before the charge


def declined(order: Order, config: Config, **wrong: Any) -> str | None:
    """The reason in English, or None; in Russian it is Russian."""
    with speaking("ru"):
        russian = payments.pre_checkout(stars.question(checkout(order, **wrong)), config)
    with speaking("en"):
        english = payments.pre_checkout(stars.question(checkout(order, **wrong)), config)
    assert (russian is None) is (english is None)
    if russian is not None:
        assert re.search("[А-Яа-я]{3}", russian), "not translated"
        assert not re.search("[A-Za-z]{3}", russian)
    return english


@pytest.fixture
def sellable(database: Config) -> Order:
    """An open order that eSIM Go would fulfil now, and a jobs process that would buy it."""
    lead()
    quoted()
    return make_order()


def test_what_can_be_sold_and_delivered_may_be_paid(sellable: Order, config: Config) -> None:
    assert declined(sellable, config) is None
    assert near(sellable.fresh().admitted_at, clock.now()), "its place in the line is kept"
    (allowed,) = Payment.select()
    row = (allowed.order, allowed.telegram_user_id, allowed.provider, allowed.currency, allowed.amount)
    assert row == (sellable, OWNER, "stars", "XTR", 453), "one, however often it is asked"
    assert (allowed.state, allowed.charge_id) == ("created", None)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"invoice_payload": "no-such-order"}, "belongs to somebody else, or is gone"),
        ({"from": {"id": STRANGER}}, "belongs to somebody else, or is gone"),
        ({"currency": "USD"}, "price has changed"),
        ({"total_amount": 452}, "price has changed"),
        ({"total_amount": 0}, "price has changed"),
    ],
)
def test_a_question_about_something_else_is_declined(
    sellable: Order, config: Config, wrong: dict[str, object], reason: str
) -> None:
    assert reason in str(declined(sellable, config, **wrong))
    assert sellable.fresh().admitted_at is None


@pytest.mark.parametrize("stage", ["expired", "paid", "submitting", "unknown", "ready", "active", "failed"])
def test_an_order_that_is_not_open_is_declined(sellable: Order, config: Config, stage: str) -> None:
    order = make_order(stage, plan_id="another")
    assert "not open for payment any more" in str(declined(order, config))


def test_without_a_jobs_process_nobody_is_charged(config: Config) -> None:
    quoted()
    assert "Sales are paused" in str(declined(make_order(), config))


def test_during_an_outage_nobody_is_charged_once_it_is_longer_than_a_minute(
    sellable: Order, config: Config, advance: Advance
) -> None:
    provider_state.reachable(False)
    assert declined(sellable, config) is None
    advance(61)
    assert "Sales are paused" in str(declined(sellable, config))
    provider_state.reachable(True)
    assert declined(sellable, config) is None


def test_without_funds_nobody_is_charged(sellable: Order, config: Config) -> None:
    provider_state.out_of_funds(1)
    assert "Sales are paused" in str(declined(sellable, config))


@pytest.mark.parametrize(
    ("verdict", "total", "ago_s", "reason"),
    [
        ("refused", None, 0, "does not sell this plan right now"),
        ("ok", 4500, 0, "price has changed"),
        ("ok", 4200, 121, "are still checking this plan"),
        ("", None, 0, "are still checking this plan"),
    ],
)
def test_what_the_provider_would_not_sell_now_is_declined(
    sellable: Order, config: Config, verdict: str, total: int | None, ago_s: float, reason: str
) -> None:
    quoted(verdict, total, ago_s)
    assert reason in str(declined(sellable, config))
    assert sellable.fresh().admitted_at is None


def test_when_too_many_are_ahead_nobody_is_charged(sellable: Order, config: Config) -> None:
    make_order("paid", plan_id="ahead")
    assert declined(sellable, config) is None
    slow = changed(config, esimgo_order_interval_s=720)
    assert "Very many people are buying now" in str(declined(sellable, slow))
    assert "try again in 2 minutes" in str(declined(sellable, slow))


def test_an_order_whose_payment_was_allowed_does_not_stand_in_its_own_way(
    sellable: Order, config: Config
) -> None:
    """Telegram asks again when somebody taps Pay again."""
    one = "orders=1/day stars=453/day first=453 burst=1/hour"
    narrow = changed(config, esimgo_order_interval_s=720, purchase_limits=one)
    assert declined(sellable, narrow) is None
    assert sellable.fresh().admitted_at is not None
    assert declined(sellable, narrow) is None


def switch_off(_order: Order) -> None:
    switches.turn(switches.PAYMENTS, 1, on=False)


def close_its_place(order: Order) -> None:
    switches.turn(switches.area(order.country_code), 1, on=False)


def fill_the_line(_order: Order) -> None:
    make_order("paid", make_customer(77), plan_id="ahead")


def spend_the_balance(_order: Order) -> None:
    provider_state.balance_seen(0)


COST = 4200
"""What each order of these tests costs at eSIM Go, in thousandths."""
FEWEST = 324
"""Stars that bring that in at the 0.013 USD of Telegram's."""


def top_up_what_is_gone(order: Order) -> None:
    esim = make_esim(make_order("active", plan_id="base"))
    Esim.update(state="deactivated").execute()
    Order.update(esim_id=esim.id).where(Order.id == order.id).execute()


def sell_at_cost_what_costs_more_now(order: Order) -> None:
    """By little: eSIM Go's new price is within the tolerance."""
    Order.update(stars=FEWEST).where(Order.id == order.id).execute()
    quoted("ok", COST + 13)


CODES: list[tuple[Callable[[Order], object], str]] = [
    (switch_off, "payments_paused"),
    (close_its_place, "sales_paused"),
    (top_up_what_is_gone, "does_not_fit"),
    (lambda order: limits.hold(order.customer, "burst"), "limit_reached"),
    (fill_the_line, "queue_full"),
    (spend_the_balance, "sales_paused"),
    (lambda _order: quoted("refused"), "refused"),
    (lambda _order: quoted("ok", 4500), "dearer"),
    (lambda order: Order.update(stars=FEWEST - 1).where(Order.id == order.id).execute(), "dearer"),
    (sell_at_cost_what_costs_more_now, "dearer"),
    (lambda _order: quoted("ok", ago_s=121), "missing"),
]


@pytest.mark.parametrize(("wrong", "code"), CODES)
def test_each_refusal_has_a_code_for_programs_and_a_sentence_for_people(
    sellable: Order, config: Config, wrong: Callable[[Order], object], code: str
) -> None:
    slow = changed(config, esimgo_order_interval_s=720)
    assert gate.may_pay(sellable, slow) is None
    wrong(sellable)
    for language, letters in (("en", "[A-Za-z]{3}"), ("ru", "[А-Яа-я]{3}")):
        with speaking(language):
            refusal = gate.may_pay(sellable.fresh(), slow)
        assert refusal is not None
        assert refusal.code == code
        assert re.search(letters, refusal.sentence)


def test_what_brings_in_just_its_cost_is_sold(sellable: Order, config: Config) -> None:
    Order.update(stars=FEWEST).where(Order.id == sellable.id).execute()
    assert gate.may_pay(sellable.fresh(), config) is None


# --- eSIM Go's balance


@pytest.mark.parametrize(("balance", "covered"), [(COST, True), (COST - 1, False), (None, False)])
def test_nobody_is_charged_unless_the_balance_is_known_to_cover_it(
    sellable: Order, config: Config, balance: int | None, covered: bool
) -> None:
    ProviderBalance.delete().execute()
    if balance is not None:
        provider_state.balance_seen(balance)
    assert (declined(sellable, config) is None) is covered


@pytest.mark.parametrize("stage", ["paid", "submitting", "unknown", "awaiting_payment"])
def test_a_balance_that_is_promised_to_others_is_not_promised_again(
    sellable: Order, config: Config, stage: str
) -> None:
    for number in range(2):
        allowed_at = clock.now() if stage == "awaiting_payment" else None
        make_order(stage, plan_id=f"ahead-{number}", admitted_at=allowed_at)
    provider_state.balance_seen(3 * COST - 1)
    assert "Sales are paused" in str(declined(sellable, config))
    provider_state.balance_seen(3 * COST)
    assert declined(sellable, config) is None
    assert declined(sellable, config) is None, "asked again, it does not stand in its own way"


@pytest.mark.parametrize("stage", ["awaiting_payment", "expired", "accepted", "ready", "active", "failed"])
def test_nothing_of_the_balance_is_kept_for_what_is_not_to_be_bought(
    sellable: Order, config: Config, advance: Advance, stage: str
) -> None:
    make_order(stage, plan_id="another", admitted_at=after(-61))
    advance(10)
    provider_state.balance_seen(COST)
    assert declined(sellable, config) is None


@pytest.mark.parametrize("outcome", ["bought", "late", "stock"])
def test_what_was_bought_since_the_balance_was_told_is_taken_off_it(
    sellable: Order, config: Config, advance: Advance, outcome: str
) -> None:
    provider_state.balance_seen(2 * COST - 1)
    bought = make_order("ready", plan_id="another")
    Submission.update(outcome=outcome).where(Submission.order == bought).execute()
    assert "Sales are paused" in str(declined(sellable, config))
    Submission.update(outcome="not_bought").where(Submission.order == bought).execute()
    assert declined(sellable, config) is None


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("sent_ago_s", "covered"), [(5, True), (4.9, False)])
def test_a_balance_lags_five_seconds_behind_what_was_bought(
    sellable: Order, config: Config, sent_ago_s: float, covered: bool
) -> None:
    bought = make_order("ready", plan_id="another")
    Submission.update(sent_at=after(-sent_ago_s)).where(Submission.order == bought).execute()
    provider_state.balance_seen(COST)
    assert (declined(sellable, config) is None) is covered


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("allowed_ago_s", "covered"), [(60, True), (59.9, False)])
def test_a_balance_is_promised_for_a_minute_to_a_payment_that_was_allowed(
    sellable: Order, config: Config, allowed_ago_s: float, covered: bool
) -> None:
    make_order(plan_id="another", admitted_at=after(-allowed_ago_s))
    provider_state.balance_seen(COST)
    assert (declined(sellable, config) is None) is covered


# --- the charge


def test_a_charge_pays_its_order_and_starts_the_clock(config: Config) -> None:
    order = make_order()
    payments.confirm(stars.charge(OWNER, charge(order)), config)
    paid = order.fresh()
    assert (paid.stage, kinds(order), given_back()) == ("paid", ["paid"], [])
    assert near(paid.paid_at, clock.now())
    assert paid.paid_at is not None
    assert paid.deadline_at is not None
    assert (paid.deadline_at - paid.paid_at).total_seconds() == config.deadline_s


def journal(of: type[PaymentEvent | OrderEvent]) -> list[tuple[str, str]]:
    return [(event.actor, event.note) for event in of.select().order_by(of.id)]


def test_the_journal_says_what_was_paid_and_whether_it_was_asked_for(sellable: Order, config: Config) -> None:
    declined(sellable, config)
    payments.confirm(stars.charge(OWNER, charge(sellable)), config)
    payments.confirm(stars.charge(OWNER, charge(sellable, "again")), config)
    assert journal(PaymentEvent) == [
        ("stars", ""),
        ("stars", "not asked before"),
        ("shop", "nothing to pay for"),
    ]
    assert journal(OrderEvent) == [("payment", "453 XTR")]
    assert Refund.get().reason == "nothing to pay for"


def test_a_charge_fills_the_row_that_was_made_when_it_was_allowed(sellable: Order, config: Config) -> None:
    declined(sellable, config)
    made_at = clock.now()
    payments.confirm(stars.charge(OWNER, charge(sellable), at=made_at), config)
    (payment,) = Payment.select()
    assert (payment.state, payment.charge_id, payment.confirmed_at) == (
        "confirmed",
        "charge-of-telegram",
        made_at,
    )


@pytest.mark.parametrize(
    ("payer", "other"),
    [(STRANGER, {}), (OWNER, {"currency": "USD"}), (OWNER, {"total_amount": 452})],
)
def test_another_charge_than_the_allowed_one_is_set_aside_and_the_allowed_one_is_waited_for(
    sellable: Order, config: Config, payer: int, other: dict[str, object]
) -> None:
    declined(sellable, config)
    payments.confirm(stars.charge(payer, charge(sellable, "odd", **other)), config)
    assert (sellable.fresh().stage, set_aside()) == ("awaiting_payment", ["odd"])
    assert [payment.charge_id for payment in Payment.select().where(Payment.state == "created")] == [None]
    payments.confirm(stars.charge(OWNER, charge(sellable)), config)
    assert (sellable.fresh().stage, set_aside(), given_back()) == ("paid", ["odd"], [])


def test_of_an_order_is_received_what_its_owner_has_paid_and_not_got_back() -> None:
    order = make_order("ready")
    make_payment(order, telegram_user_id=STRANGER)
    make_payment(order, currency="USD")
    make_payment(order, state="created", charge_id=None)
    make_payment(order, state="refund_due")
    make_payment(make_order("ready", plan_id="another"))
    assert payments.received(order) == 453
    assert payments.received(make_order(plan_id="unpaid")) == 0


def test_a_charge_that_is_heard_of_after_its_deadline_is_no_good_news(config: Config) -> None:
    """It is paid, so that it goes back with everything else; nobody is told that a plan is on its way."""
    order = make_order(created_at=after(-config.deadline_s - 60))
    charged_at = after(-config.deadline_s - 1)
    payments.confirm(stars.charge(OWNER, charge(order), at=charged_at), config)
    assert (order.fresh().stage, kinds(order)) == ("paid", [])
    assert order.fresh().deadline_at < clock.now()


@pytest.mark.parametrize("telegram_s", [-900, 900])
def test_a_charge_that_telegram_dates_wrongly_has_its_full_time(config: Config, telegram_s: float) -> None:
    order = make_order(created_at=after(-20))
    payments.confirm(stars.charge(OWNER, charge(order), at=after(telegram_s)), config)
    left_s = (order.fresh().deadline_at - clock.now()).total_seconds()
    assert config.deadline_s - 30 < left_s <= config.deadline_s


def test_a_charge_that_is_told_again_changes_nothing(config: Config) -> None:
    order = make_order()
    for _ in range(3):
        payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (Payment.select().count(), Refund.select().count()) == (1, 0)
    assert len(events(order)) == 1


def test_the_same_charge_on_many_threads_at_once_is_booked_once(config: Config) -> None:
    order, gate = make_order(), Barrier(8)
    failed: list[Exception] = []

    def tell() -> None:
        db.keep_connection()
        gate.wait()
        try:
            payments.confirm(stars.charge(OWNER, charge(order)), config)
        except Exception as error:
            failed.append(error)
        finally:
            db.database.close()

    threads = [Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (Payment.select().count(), Refund.select().count()) == (1, 0)


def test_a_second_charge_goes_back_and_the_first_stays(config: Config) -> None:
    order = make_order()
    payments.confirm(stars.charge(OWNER, charge(order, "first")), config)
    payments.confirm(stars.charge(OWNER, charge(order, "second")), config)
    assert given_back() == ["second"]
    assert order.fresh().stage == "paid"


@pytest.mark.parametrize(
    ("payer", "wrong"),
    [
        (OWNER, {"total_amount": 452}),
        (OWNER, {"total_amount": 454}),
        (STRANGER, {}),
        (OWNER, {"invoice_payload": "an-order-of-ours"}),
    ],
)
def test_a_charge_that_fits_nothing_is_set_aside_and_not_refunded(
    config: Config, payer: int, wrong: dict[str, object]
) -> None:
    order = make_order()
    for _ in range(2):
        payments.confirm(stars.charge(payer, charge(order, "odd", **wrong)), config)
    assert (set_aside(), given_back()) == (["odd"], [])
    assert (order.fresh().stage, Payment.get().telegram_user_id) == ("awaiting_payment", payer)
    assert Payment.get().payload == wrong.get("invoice_payload", order.reference)


def test_a_charge_of_another_product_is_not_ours(config: Config) -> None:
    assert not payments.confirm(stars.charge(OWNER, charge(make_order(), invoice_payload="sticker")), config)
    assert Payment.select().count() == 0


@pytest.mark.parametrize("stage", ["submitting", "unknown", "accepted", "ready", "active", "failed"])
def test_a_charge_on_an_order_that_is_on_its_way_or_over_goes_back(config: Config, stage: str) -> None:
    order = make_order(stage)
    Refund.delete().execute()
    payments.confirm(stars.charge(OWNER, charge(order, "again")), config)
    assert (given_back(), order.fresh().stage) == (["again"], stage)


def test_a_late_payment_is_served_while_the_plan_is_there(config: Config) -> None:
    make_plan()
    order = make_order("expired")
    payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (order.fresh().stage, given_back(), kinds(order)) == ("paid", [], ["paid"])
    assert journal(OrderEvent) == [("payment", "453 XTR, after expiry")]


def test_a_late_payment_for_a_plan_that_is_gone_fails_with_its_refund(config: Config) -> None:
    make_plan()
    Plan.update(available=False).execute()
    order = make_order("expired")
    payments.confirm(stars.charge(OWNER, charge(order, "late")), config)
    assert (order.fresh().stage, order.fresh().failure) == ("failed", "gone")
    assert journal(OrderEvent) == [("payment", "paid after expiry, plan is gone")]
    assert (given_back(), kinds(order)) == (["late"], ["failed"])


def test_a_late_payment_on_an_old_price_does_not_touch_the_new_order(config: Config) -> None:
    plan = make_plan()
    old = make_order()
    plan.stars += 10
    new = orders.place(old.customer, plan)
    payments.confirm(stars.charge(OWNER, charge(old)), config)
    assert (old.fresh().stage, new.fresh().stage) == ("paid", "awaiting_payment")


def test_a_booking_that_fails_leaves_no_charge_behind(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_values: object) -> None:
        raise RuntimeError("the machine stops here")

    order = make_order()
    monkeypatch.setattr("webapp.customers.notifications.enqueue", refuse)
    with pytest.raises(RuntimeError):
        payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (order.fresh().stage, Payment.select().count()) == ("awaiting_payment", 0)
