"""R25: whoever deletes their data and comes back is counted on; the owner sees every hold, and clears it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from flask import Flask

from tests.proof import proved
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    STRANGER,
    charge,
    checkout,
    make_customer,
    make_order,
    quoted,
)
from tests.shop.test_purchase_limits import strict
from webapp import orders
from webapp.base import sealing
from webapp.base.config import Config
from webapp.customers import account, identity
from webapp.customers.account.addresses import CODES_A_DAY, TRIES
from webapp.models import (
    AbuseCounter,
    AbuseKey,
    AdminEvent,
    Customer,
    EmailAddress,
    Incident,
    Order,
    Payment,
    Plan,
    Refund,
    data_keys,
    db,
)
from webapp.operations import retention, to_postgres
from webapp.orders import gate, limits, payments
from webapp.orders.payments import stars
from webapp.state import incidents

pytestmark = pytest.mark.usefixtures("shelves")

T = TypeVar("T")
ADDRESS = "ann@example.com"
SOME, ALL = 14, 200
"""How often somebody buys, deletes their data and comes back."""


def ann() -> Customer:
    """As she opens the shop: the customer she is, or a new one."""
    return identity.recognise(OWNER, "Ann", "en", "en")


def buys(config: Config) -> str | None:
    """What she is told instead; None when an eSIM was delivered to her."""
    refused = gate.may_place(ann(), Plan.get(), config)
    if refused is not None:
        return refused.code
    order = orders.place(ann(), Plan.get())
    quoted()
    if sentence := payments.pre_checkout(stars.question(checkout(order)), config):
        return str(sentence)
    assert payments.confirm(stars.charge(OWNER, charge(order, f"charge-{order.id}")), config)
    order = order.fresh()
    assert order.move("submitting", actor="test") and order.move("ready", actor="test")
    return None


def is_held(config: Config) -> bool:
    return limits.refusal(ann(), 1, config) == "held"


@pytest.mark.proof
def test_the_limits_count_on_for_whoever_deletes_their_data_and_comes_back(
    app: Flask,
    shopkeeper: Person,
    config: Config,
    advance: Advance,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    times = ALL if in_full else SOME
    most = limits.limits(config)
    told = []
    for _ in range(times):
        told.append(buys(config))
        assert account.forget(ann())
    sold = told.count(None)
    assert told == [None] * most.burst + ["limit_reached"] * (times - most.burst)
    codes = 0
    for _ in range(times):
        codes += account.propose(ann(), f"{codes}@example.com") is None
        assert account.forget(ann())
    assert codes == CODES_A_DAY
    cleared = clears_everything(shopkeeper, app)
    assert not is_held(config)
    for payment in Payment.select().order_by(Payment.id):
        payments.refund_seen(str(payment.charge_id), actor="telegram")
    assert is_held(config)
    cleared += clears_everything(shopkeeper, app)
    assert (limits.held(), is_held(config)) == ([], False)
    advance(86_400)
    assert limits.refusal(ann(), 453, config) is None, "a day later she buys as before"
    where = config.database_url.partition(":")[0]
    run = f"{times} times bought, deleted, bought again; {times} codes by e-mail likewise, on {where}"
    figure = (
        f"{sold} eSIMs sold, then held; {codes} codes sent; a charge taken back after the deletion held who "
        f"came back; the owner cleared {cleared} of 2 holds"
    )
    print(f"\nR25: {run}: {figure}")
    record_property(
        proved.ROW, list(proved.Row("R25 forgetting a person forgets no limit", run, figure, f"– ({where})"))
    )


def clears_everything(shopkeeper: Person, app: Flask) -> int:
    """On the page, as often as there is somebody to clear; how many that were."""
    cleared = 0
    while holds := limits.held():
        assert holds[0].name in text(shopkeeper.get("/admin"))
        assert "Done" in text(shopkeeper.post("/admin", hold=holds[0].name))
        cleared += 1
    assert app.test_cli_runner().invoke(args=["customers", "held"]).output == "Nobody is held.\n"
    return cleared


# --- what is counted


@pytest.mark.parametrize(
    ("limit", "told"),
    [({"orders": 1}, "many"), ({"stars": 453}, "much"), ({"first": 453}, "first"), ({"burst": 1}, "held")],
)
def test_each_limit_counts_what_was_bought_before_the_deletion(
    config: Config, advance: Advance, limit: dict[str, int], told: str
) -> None:
    assert buys(config) is None
    account.forget(ann())
    may = strict(config, **limit)
    assert limits.refusal(ann(), 453, may) == told
    for hold in limits.held():
        limits.release(hold)
    advance(86_400)
    assert limits.refusal(ann(), 453, may) is None
    assert limits.refusal(make_customer(STRANGER), 453, may) is None, "nobody else is counted"


def test_what_could_not_be_delivered_counts_for_a_burst_alone(config: Config) -> None:
    assert orders.fail(make_order("paid", ann()), "deadline", actor="job")
    Refund.update(state="done").execute()
    assert account.forget(ann())
    assert limits.refusal(ann(), 453, strict(config, orders=1)) is None
    assert limits.refusal(ann(), 453, strict(config, burst=1)) == "held"


def test_who_was_released_without_a_name_is_counted_anew(config: Config) -> None:
    """The owner clears a hold of which they know no number; nothing of before is a burst after that."""
    may = strict(config, burst=1)
    assert buys(config) is None
    assert limits.refusal(ann(), 453, may) == "held"
    account.forget(ann())
    (hold,) = limits.held()
    assert limits.release(hold)
    assert limits.refusal(ann(), 453, may) is None


# --- holds


def test_a_held_customer_may_delete_their_data_and_stays_held(config: Config, owner: Person) -> None:
    limits.hold(ann(), "burst")
    assert "Your data is deleted" in text(owner.post("/account/delete", sure="yes"))
    (hold,) = limits.held()
    assert (hold.customer, hold.reason) == (None, "burst")
    assert is_held(config)
    (hold,) = limits.held()
    assert hold.customer == ann(), "the owner sees who has come back"
    assert [incident.subject for incident in incidents.open_ones()] == [hold.name]


def test_no_number_of_who_was_forgotten_is_left_but_the_payments(config: Config, shopkeeper: Person) -> None:
    assert buys(config) is None
    limits.hold(ann(), "burst")
    shopkeeper.post("/admin", hold=limits.held()[0].name)
    limits.hold(ann(), "chargeback")
    account.propose(ann(), ADDRESS)
    account.forget(ann())
    for table in (AbuseCounter, AbuseKey, AdminEvent, Incident, Customer, Order, EmailAddress):
        name = to_postgres.name(table)
        rows = [[str(value) for value in row] for row in db.rows(f'SELECT * FROM "{name}"')]
        assert [row for row in rows if str(OWNER) in row or ADDRESS in row] == [], table


@pytest.mark.parametrize("stage", ["ready", "active"])
def test_a_charge_taken_back_after_the_deletion_holds_who_comes_back(config: Config, stage: str) -> None:
    order = make_order(stage, ann())
    account.forget(ann())
    assert payments.refund_seen(str(Payment.get(Payment.order == order).charge_id), actor="telegram")
    (hold,) = limits.held()
    assert (hold.customer, hold.reason, limits.chargebacks(OWNER)) == (None, "chargeback", 1)
    assert is_held(config)
    assert not limits.is_held(order.fresh().customer)


def test_a_charge_taken_back_holds_who_has_come_back_already(config: Config) -> None:
    order = make_order("ready", ann())
    account.forget(ann())
    again = ann()
    payments.refund_seen(str(Payment.get(Payment.order == order).charge_id), actor="telegram")
    assert [hold.customer for hold in limits.held()] == [again]


def test_the_owner_finds_and_releases_by_the_number_or_by_the_name(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    limits.hold(ann(), "burst")
    account.forget(ann())
    name = limits.held()[0].name
    assert f"{name} data deleted: burst, since " in run(args=["customers", "held"]).output
    found = run(args=["customers", "find", str(OWNER)]).output
    assert f"{name} data deleted: burst" in found and "taken back in three years: 0." in found
    assert "5 is not held." in run(args=["customers", "find", "5"]).output
    assert run(args=["customers", "release", name]).output == f"{name} may buy again.\n"
    assert run(args=["customers", "release", name]).exit_code == 1
    limits.hold(make_customer(STRANGER), "burst")
    assert run(args=["customers", "release", str(STRANGER)]).exit_code == 0
    assert limits.held() == []


def test_the_merchant_finds_by_the_number_who_was_forgotten(shopkeeper: Person) -> None:
    order = make_order("ready", ann())
    account.forget(ann())
    payments.refund_seen(str(Payment.get(Payment.order == order).charge_id), actor="telegram")
    name = limits.held()[0].name
    for path in ("/admin", f"/admin/orders?q={OWNER}"):
        page = text(shopkeeper.get(path))
        assert name in page and "Has deleted their data" in page
    assert "had 1 charge taken back" in text(shopkeeper.get(f"/admin/orders?q={OWNER}"))
    for other in (STRANGER, "9" * 30, "Ann", "-1"):
        assert name not in text(shopkeeper.get(f"/admin/orders?q={other}"))
    limits.release(limits.held()[0])
    assert "had 1 charge taken back" in text(shopkeeper.get(f"/admin/orders?q={OWNER}"))


# --- how long


def test_each_row_ends_when_it_was_said_to(config: Config, advance: Advance) -> None:
    assert buys(config) is None
    account.propose(ann(), ADDRESS)
    order = Order.get()
    account.forget(ann())
    payments.refund_seen(str(Payment.get(Payment.order == order).charge_id), actor="telegram")
    seen = []
    for days in (25 / 24, 364, 1, 3 * 365 - 365):
        retention.purge()
        seen.append(sorted({row.purpose for row in AbuseCounter.select()}))
        advance(days * 86_400)
    retention.purge()
    everything = ["chargeback", "code", "forgotten", "hold", "order"]
    assert seen == [everything, ["chargeback", "forgotten", "hold"], ["chargeback"], ["chargeback"]]
    assert AbuseCounter.select().count() == 0


def test_a_hold_that_nobody_clears_ends_after_a_year(config: Config, advance: Advance) -> None:
    limits.hold(ann(), "burst")
    advance(365 * 86_400 - 60)
    assert is_held(config)
    advance(120)
    assert (is_held(config), limits.held(), limits.is_held(ann())) == (False, [], False)
    retention.purge()
    assert incidents.open_ones() == []
    limits.hold(ann(), "burst")
    assert is_held(config), "and may begin again"


def test_the_digests_stay_when_the_keys_are_rotated(config: Config, database: Config) -> None:
    limits.hold(ann(), "burst")
    before = db.rows("SELECT secret FROM abuse_key")
    other = sealing.derived_key("another")
    db.bind(database.database_url, [other, *database.data_keys])
    data_keys.rotate()
    db.bind(database.database_url, [other])
    assert db.rows("SELECT secret FROM abuse_key") != before
    assert is_held(config)


# --- codes by e-mail


def test_codes_are_counted_whoever_deletes_the_address(advance: Advance) -> None:
    told = []
    for _ in range(CODES_A_DAY + 1):
        told.append(account.propose(ann(), ADDRESS))
        account.remove(ann())
    assert told == [None] * CODES_A_DAY + ["too many"]
    advance(86_400)
    assert account.propose(ann(), ADDRESS) is None


@pytest.mark.parametrize("spelled", [ADDRESS, "ANN@Example.com", "ann+travel@example.com"])
def test_many_accounts_write_to_one_mailbox_no_more_than_one_does(spelled: str) -> None:
    told = [account.propose(make_customer(7000 + n), spelled) for n in range(CODES_A_DAY)]
    assert told == [None] * CODES_A_DAY
    assert account.propose(ann(), ADDRESS) == "too many"
    assert EmailAddress.get_or_none(EmailAddress.customer == ann()) is None, "nothing is kept of it"
    others = [account.propose(ann(), f"{n}@example.com") for n in range(CODES_A_DAY)]
    assert others == [None] * CODES_A_DAY, "nor counted"


def at_once(times: int, work: Callable[[int], T]) -> list[T]:
    """Each in a thread with a connection of its own; all begin together."""
    start = threading.Barrier(times)

    def one(number: int) -> T:
        try:
            start.wait()
            return work(number)
        finally:
            db.database.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_tries_at_the_same_moment_all_count() -> None:
    for number in range(5):
        customer = make_customer(7000 + number)
        account.propose(customer, f"{number}@example.com")
        at_once(TRIES, lambda _, who=customer: account.confirm(who, "no"))
        row = EmailAddress.get(EmailAddress.customer == customer)
        assert (row.tries, row.code) == (TRIES, "")


def test_codes_asked_for_at_the_same_moment_are_no_more_than_a_days() -> None:
    people = [make_customer(7000 + number) for number in range(2 * CODES_A_DAY)]
    told = at_once(len(people), lambda number: account.propose(people[number], ADDRESS))
    assert told.count(None) == CODES_A_DAY
    told = at_once(2 * CODES_A_DAY, lambda number: account.propose(ann(), f"{number}@example.com"))
    assert told.count(None) == CODES_A_DAY


def test_two_holds_at_the_same_moment_are_one() -> None:
    customer = ann()
    at_once(4, lambda _: limits.hold(customer, "burst"))
    assert (len(limits.held()), len(incidents.open_ones())) == (1, 1)


def test_a_request_that_began_before_their_data_was_deleted_orders_nothing() -> None:
    """It still has the number that is gone: its order would count for no limit, and keep the number."""
    before = ann()
    assert account.forget(ann())
    with pytest.raises(orders.NotPlaced) as refused:
        orders.place(before, Plan.get())
    assert (refused.value.code, Order.select().count()) == ("data_deleted", 0)
    assert orders.place(ann(), Plan.get()).stage == "awaiting_payment"


def test_an_order_whose_customer_has_deleted_their_data_is_not_paid_for(config: Config) -> None:
    order = make_order(customer=ann())
    Customer.update(telegram_user_id=-1).where(Customer.id == order.customer).execute()
    refusal = payments.pre_checkout(stars.question(checkout(order)), config)
    assert "belongs to somebody else, or is gone" in str(refusal)
