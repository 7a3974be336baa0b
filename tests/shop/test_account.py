"""The customer's own page: what they are told and where, their papers, and being forgotten."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    STRANGER,
    after,
    charge,
    lead,
    make_customer,
    make_esim,
    make_order,
    make_payment,
    make_plan,
)
from tests.shop.standins import Bot
from tests.shop.test_translations import PACE
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import purchases
from webapp.customers import account, notifications, outbox
from webapp.customers.account.addresses import CODES_A_DAY, TRIES
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import (
    Customer,
    EmailAddress,
    Esim,
    IdempotencyKey,
    Notification,
    Order,
    OrderEvent,
    Payment,
    Refund,
)
from webapp.operations import retention
from webapp.orders import payments
from webapp.orders.payments import stars

pytestmark = pytest.mark.usefixtures("database")

ADDRESS = "ann@example.com"


@pytest.fixture
def with_mail(app: Flask, config: Config) -> None:
    wired = app.extensions["shop"]
    mail = changed(wired.config, smtp_url="smtp://127.0.0.1:9", smtp_from="shop@example.com")
    app.extensions["shop"] = replace(wired, config=mail)


def shown(answer: Any) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text(answer)).split())


# --- language and switches


def test_a_chosen_language_is_spoken_at_once_and_by_the_whole_page(owner: Person) -> None:
    answer = owner.post("/account", do="language", language="ru")
    assert "Профиль" in text(answer)
    assert answer.headers["HX-Redirect"] == "/account?lang=ru"
    customer = Customer.get()
    assert (customer.language, customer.language_chosen) == ("ru", True)


def test_whoever_chooses_the_language_of_the_phone_keeps_it_on_another_phone(owner: Person) -> None:
    owner.post("/account", do="language", language="en")
    owner.language = "ru"
    assert "Delete my data" in text(owner.get("/account"))
    assert (Customer.get().language, Customer.get().language_chosen) == ("en", True)


def test_each_group_can_be_switched_off_and_is_quiet_then(owner: Person, bot: Bot, config: Config) -> None:
    order = make_order("active", make_customer(may_write=True))
    kinds = [kind for kind, about in notifications.KINDS.items() if about.group]
    on = ["money", "data", "nonsense"]
    owner.browser.post("/account", data={"do": "messages", "on": on}, headers=owner.headers)
    assert Customer.get().muted == "orders travel reminders"
    for kind in kinds:
        notifications.enqueue(order, kind, **PACE)
    limiter = RateLimiter()
    while outbox.deliver(bot, config, limiter):
        limiter = RateLimiter()
    told = {row.kind for row in Notification.select().where(Notification.state == "sent")}
    assert told == {kind for kind in kinds if notifications.KINDS[kind].group in on}
    assert {row.state for row in Notification.select()} == {"sent", "not wanted"}


def test_the_page_shows_what_is_on(owner: Person) -> None:
    make_customer(muted="data")
    html = text(owner.get("/account"))
    boxes = dict(re.findall(r'name="on" value="(\w+)"( checked)?', html))
    assert {group: bool(on) for group, on in boxes.items()} == account.switches(Customer.get())
    assert (list(boxes), boxes["data"]) == (list(notifications.GROUPS), "")


# --- e-mail


@pytest.mark.usefixtures("with_mail")
def test_an_address_is_given_confirmed_switched_off_and_deleted(owner: Person) -> None:
    answer = owner.post("/account", do="email", address=f" {ADDRESS.upper()[:3]}{ADDRESS[3:]} ")
    assert "We have sent you a code" in text(answer)
    row = EmailAddress.get()
    assert (row.address, row.confirmed_at, len(row.code)) == ("ANN@example.com", None, 6)
    assert "Confirmed." in text(owner.post("/account", do="code", code=row.code))
    assert EmailAddress.get().confirmed_at is not None
    assert "Copies are switched off" in text(owner.post("/account", do="copies", wanted="no"))
    assert not EmailAddress.get().wanted
    assert "The address is deleted" in text(owner.post("/account", do="no_email"))
    assert EmailAddress.select().count() == 0


@pytest.mark.usefixtures("with_mail")
@pytest.mark.parametrize(
    "address",
    [
        *("", "ann", "ann@", "@example.com", "a b@example.com", "ann@example", "ann@exa mple.com", "a@b.c"),
        *("ann@example.com\nBcc: all@example.com", "x" * 65 + "@example.com", "ann@" + "x" * 250 + ".com"),
        *("ann@-.com@", "<ann@example.com>", "ann@..com", "анна@example.com"),
    ],
)
def test_what_is_no_address_is_said_to_be_none(owner: Person, address: str) -> None:
    answer = owner.post("/account", do="email", address=address)
    assert "does not look like an e-mail address" in text(answer)
    assert (answer.status_code, EmailAddress.select().count()) == (200, 0)


def test_an_address_of_another_script_is_spelled_as_mail_servers_do() -> None:
    assert account.propose(make_customer(), "anna@почта.рф") is None
    assert EmailAddress.get().address == "anna@xn--80a1acny.xn--p1ai"


def test_nobody_can_make_the_shop_write_to_strangers_for_long(advance: Advance) -> None:
    customer = make_customer()
    told = [account.propose(customer, f"a{number}@example.com") for number in range(CODES_A_DAY + 2)]
    assert told == [None] * CODES_A_DAY + ["too many"] * 2
    assert Notification.select().count() == 1, "one waits, and will carry the newest code"
    advance(86_400)
    assert account.propose(customer, ADDRESS) is None


def test_a_code_is_good_for_a_quarter_of_an_hour_and_a_few_tries(advance: Advance) -> None:
    customer = make_customer()
    account.propose(customer, ADDRESS)
    code = EmailAddress.get().code
    for _ in range(TRIES):
        assert not account.confirm(customer, "no")
    assert not account.confirm(customer, code), "too many tries"
    account.propose(customer, ADDRESS)
    advance(15 * 60 + 1)
    assert not account.confirm(customer, EmailAddress.get().code), "too late"


@pytest.mark.usefixtures("with_mail", "still")
@pytest.mark.parametrize("since_end", [-1, 0, 1])
def test_a_code_that_is_too_old_is_not_asked_for_any_more(owner: Person, since_end: float) -> None:
    account.propose(make_customer(), ADDRESS)
    EmailAddress.update(code_until=after(-since_end)).execute()
    asked_for = 'id="account-confirm"' in text(owner.get("/account"))
    assert asked_for is (since_end <= 0)
    assert account.confirm(make_customer(), EmailAddress.get().code) is asked_for


@pytest.mark.parametrize("code", ["", "0", "кот", "\0", "9" * 5000])
def test_an_odd_code_is_no_code(owner: Person, code: str) -> None:
    account.propose(make_customer(), ADDRESS)
    assert owner.post("/account", do="code", code=code).status_code == 200
    assert EmailAddress.get().confirmed_at is None


def test_a_code_that_was_never_sent_confirms_nothing() -> None:
    customer = make_customer()
    assert not account.confirm(customer, "")
    EmailAddress.create(customer=customer, address=ADDRESS)
    assert not account.confirm(customer, "")


def test_another_address_has_to_be_confirmed_anew() -> None:
    customer = make_customer()
    EmailAddress.create(customer=customer, address=ADDRESS, confirmed_at=clock.now())
    assert account.propose(customer, ADDRESS) is None
    assert EmailAddress.get().confirmed_at is not None, "the same one again changes nothing"
    account.propose(customer, "other@example.com")
    assert EmailAddress.get().confirmed_at is None


def test_the_link_in_an_e_mail_asks_and_then_stops_them(nobody: Person) -> None:
    EmailAddress.create(customer=make_customer(), address=ADDRESS, confirmed_at=clock.now(), key="the-key")
    assert "Stop the e-mails?" in text(nobody.get("/unsubscribe/the-key"))
    assert EmailAddress.get().wanted, "scanners follow links too"
    one_click = nobody.browser.post("/unsubscribe/the-key", data={"List-Unsubscribe": "One-Click"})
    assert (one_click.status_code, EmailAddress.get().wanted) == (200, False)
    assert ADDRESS not in text(one_click)
    assert "Stop the e-mails?" in text(nobody.post("/unsubscribe/nobodys"))


def test_without_a_mail_server_there_is_no_word_of_e_mail(owner: Person) -> None:
    assert "e-mail" not in shown(owner.get("/account"))
    assert owner.post("/account", do="email", address=ADDRESS).status_code == 400


# --- papers, support


def test_receipts_and_the_table_are_asked_for_on_the_page(owner: Person) -> None:
    order = make_order("active", make_customer(may_write=True))
    assert "It comes into the chat" in text(owner.post("/account", do="receipt", order=order.reference))
    assert "It comes into the chat" in text(owner.post("/account", do="history"))
    assert [(row.kind, row.order) for row in Notification.select()] == [("receipt", order), ("history", None)]


def test_who_cannot_be_written_to_is_told_what_to_do(owner: Person) -> None:
    make_order("active")
    assert "as soon as you press Start" in text(owner.post("/account", do="history"))


@pytest.mark.parametrize("form", [{}, {"do": ""}, {"do": "everything"}, {"do": "language", "language": "xx"}])
def test_what_cannot_be_done_is_a_clear_error(owner: Person, form: dict[str, str]) -> None:
    assert owner.post("/account", **form).status_code == 400


def test_there_are_papers_only_of_what_was_paid_and_ones_own(owner: Person) -> None:
    foreign = make_order("active", make_customer(STRANGER))
    unpaid = make_order("expired")
    assert owner.post("/account", do="receipt", order=foreign.reference).status_code == 404
    assert owner.post("/account", do="receipt", order=unpaid.reference).status_code == 400
    assert owner.post("/account", do="history").status_code == 400
    assert Notification.select().count() == 0


def test_support_is_a_link_that_names_the_newest_order(app: Flask, owner: Person) -> None:
    assert "Write to a person" not in text(owner.get("/account"))
    wired = app.extensions["shop"]
    for url, expected in (
        ("https://t.me/simka_help", "https://t.me/simka_help?text=Order%20{}%3A%20"),
        ("https://help.example.com/new", "https://help.example.com/new"),
    ):
        order = make_order("active", plan_id=url)
        app.extensions["shop"] = replace(wired, config=changed(wired.config, support_url=url))
        assert f'href="{expected.format(order.reference)}"' in text(owner.get("/account"))


# --- being forgotten


def test_deleting_asks_first_and_says_what_goes_and_what_stays(owner: Person) -> None:
    make_order("active")
    asked = shown(owner.post("/account/delete"))
    assert "What is deleted now" in asked
    assert "What stays, and why" in asked
    assert Customer.get().deleted_at is None
    assert "Your data is deleted" in text(owner.post("/account/delete", sure="yes"))
    assert Customer.get().deleted_at is not None


def everything(customer: Customer) -> Order:
    """One of each thing that a customer can have."""
    order = make_order("active", customer)
    EmailAddress.create(customer=customer, address=ADDRESS, confirmed_at=clock.now())
    IdempotencyKey.create(customer=customer, key="k", digest="d", order=order)
    for kind in ("paid", "ready"):
        notifications.enqueue(order, kind)
    failed = make_order("failed", customer, plan_id="failed")
    Refund.update(state="done", done_at=clock.now()).execute()
    return failed


def test_what_may_go_goes_and_what_must_stay_leads_to_nobody() -> None:
    ann = make_customer(first_name="Ann", muted="data", may_write=True, language_chosen=True)
    everything(ann)
    kept = [table.select().count() for table in (Order, Payment, Refund, OrderEvent, Esim)]
    stranger = make_order("active", make_customer(STRANGER))
    notifications.enqueue(stranger, "paid")
    assert account.forget(ann)
    left = Customer.get_by_id(ann.id)
    assert (left.telegram_user_id, left.first_name, left.muted, left.may_write) == (-ann.id, "", "", False)
    assert {order.telegram_user_id for order in Order.select().where(Order.customer == left)} == {-ann.id}
    assert [row.order for row in Notification.select()] == [stranger], "nobody else's"
    assert [table.select().count() for table in (EmailAddress, IdempotencyKey)] == [0, 0]
    now = [table.select().count() for table in (Order, Payment, Refund, OrderEvent, Esim)]
    assert now == [kept[0] + 1, kept[1] + 1, kept[2], kept[3], kept[4] + 1], "and the stranger's"
    assert {p.telegram_user_id for p in Payment.select()} == {OWNER, STRANGER}


def test_whoever_comes_back_starts_anew_and_sees_nothing_of_before(owner: Person) -> None:
    order = make_order("active")
    esim = make_esim(order)
    owner.post("/account/delete", sure="yes")
    for path in (f"/orders/{order.reference}", f"/esims/{esim.reference}"):
        assert owner.get(path).status_code == 404
    assert "No eSIM yet" in text(owner.get("/esims"))
    assert purchases.of_customer(Customer.get(Customer.telegram_user_id == OWNER)) == []
    assert Customer.select().count() == 2


@pytest.mark.parametrize("stage", ["paid", "submitting", "unknown", "accepted"])
def test_an_order_under_way_comes_first(owner: Person, stage: str) -> None:
    make_order(stage)
    assert "still under way" in text(owner.post("/account/delete", sure="yes"))
    assert Customer.get().deleted_at is None


def test_money_under_way_comes_first(owner: Person) -> None:
    make_order("failed")
    assert "still on its way back" in text(owner.post("/account/delete", sure="yes"))
    assert Customer.get().deleted_at is None


def test_an_open_order_is_closed_and_a_late_payment_for_it_goes_back(config: Config) -> None:
    lead()
    make_plan()
    order = make_order()
    assert account.forget(order.customer)
    assert order.fresh().stage == "expired"
    payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (order.fresh().stage, Refund.get().payment.telegram_user_id) == ("expired", OWNER)


def test_nothing_is_sent_to_nobody(bot: Bot, config: Config) -> None:
    order = make_order("ready")
    account.forget(order.customer)
    notifications.enqueue(order.fresh(), "activated")
    assert outbox.deliver(bot, config, RateLimiter()) == 0
    assert (bot.tried, Notification.get().state) == ([], "not wanted")


def test_an_esim_that_nobody_owns_goes_on_being_followed() -> None:
    esim = make_esim(make_order("ready"))
    account.forget(esim.customer)
    assert Esim.get_by_id(esim.id).next_refresh_at is not None
    assert orders.find(make_customer(OWNER), esim.order.reference) is None


def test_two_people_can_be_forgotten_and_one_twice() -> None:
    first, second = make_customer(1), make_customer(2)
    make_payment(make_order("active", first))
    assert [account.forget(customer) for customer in (first, second, first)] == [True] * 3
    assert len({customer.telegram_user_id for customer in Customer.select()}) == 2


def test_an_address_that_was_never_confirmed_is_not_kept(advance: Advance) -> None:
    for number, confirmed_at in ((1, None), (2, clock.now())):
        EmailAddress.create(customer=make_customer(number), address=ADDRESS, confirmed_at=confirmed_at)
    advance(8 * 86_400)
    retention.purge()
    assert [row.confirmed_at is None for row in EmailAddress.select()] == [False]


# --- money back


def test_what_can_be_given_back_is_listed_and_nothing_else(owner: Person, config: Config) -> None:
    """The list of the account and the word on an order's own page are the same, however the order stands."""
    customer = make_customer()
    mine = [
        make_order(stage, customer, plan_id=f"plan-{stage}")
        for stage in ("ready", "active", "paid", "failed")
    ]
    make_order("ready", make_customer(STRANGER), plan_id="plan-theirs")
    old = make_order("ready", customer, plan_id="plan-old")
    Order.update(paid_at=clock.now() - timedelta(days=61)).where(Order.id == old.id).execute()
    open_ = changed(config, esimgo_refunds="on")
    listed = orders.returnable(customer, open_)
    assert listed == [o for o in (*mine[::-1],) if orders.obstacle(o, open_) is None]
    assert mine[0] in listed
    assert orders.returnable(customer, config) == [], "the shop does not take plans back"
