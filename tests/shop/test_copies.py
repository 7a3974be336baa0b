"""However the shop came back as a copy of itself: nothing is bought twice, nobody delivered is refunded."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs import find_copies, submit_paid_orders
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import (
    BUNDLE,
    after,
    begin_to_lead,
    events,
    intent_of,
    make_bundle,
    make_customer,
    make_esim,
    make_order,
    make_payment,
    make_plan,
    make_submission,
    make_top_up,
    placed,
    quoted,
    window,
)
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Refused, Unavailable
from webapp.clients.esimgo.payloads import EsimDetails, EsimPage, OrderWindow, ProviderOrder
from webapp.models import (
    Customer,
    Esim,
    Incident,
    Lease,
    Notification,
    Order,
    OrderEvent,
    Payment,
    Plan,
    Setting,
    Submission,
)
from webapp.operations import conditions
from webapp.orders import copies, limits, payments, reconciling
from webapp.orders.payments import Charge
from webapp.state import incidents, leases, restoration, shop_time
from webapp.state.leases import Leadership

pytestmark = pytest.mark.usefixtures("still")

HOURS = 6 * 3600


def paid(ago_s: float = HOURS, **values: Any) -> Order:
    """Paid for so long ago, and not bought as far as these rows tell."""
    rows: dict[str, Any] = {"paid_at": after(-ago_s), "deadline_at": after(900 - ago_s)}
    order = make_order("paid", **rows | values)
    OrderEvent.create(
        order=order, at=after(-ago_s), from_stage="awaiting_payment", to_stage="paid", actor="payment"
    )
    return order


def came_back(led_ago_s: float = HOURS) -> Leadership:
    """A new leader; nobody has led for so long, as far as these rows tell."""
    leases.release(begin_to_lead())
    Lease.update(expires_at=after(-led_ago_s)).execute()
    quoted()
    return begin_to_lead()


def bearing(provider: Provider, found: ProviderOrder, label: str) -> ProviderOrder:
    provider.labelled[found.iccids[0]] = label
    return found


def buys(provider: Provider, leadership: Leadership, config: Config) -> None:
    context = Context(changed(config, esimgo_order_interval_s=0), provider, Bot(), leadership, {})
    submit_paid_orders.run(context)


def looks(provider: Provider, leadership: Leadership, config: Config) -> None:
    """The clock is known to be right."""
    shop_time.follow()
    shop_time.confirm()
    find_copies.run(Context(config, provider, Bot(), leadership, {}))


# --- an ordinary restart


def test_without_a_waiting_order_nobody_is_asked(provider: Provider, config: Config) -> None:
    make_order("ready", paid_at=after(-HOURS))
    make_order("awaiting_payment", plan_id="open")
    assert not copies.compare(provider, came_back(), config)
    assert provider.spans == []


def test_an_ordinary_restart_asks_once_and_buys(provider: Provider, config: Config) -> None:
    order, leadership = paid(30), came_back(5)
    provider.answers = [placed("ref-1")]
    buys(provider, leadership, config)
    assert (order.fresh().stage, provider.bought) == ("paid", []), "not before it was compared"
    looks(provider, leadership, config)
    looks(provider, leadership, config)
    buys(provider, leadership, config)
    assert (order.fresh().stage, len(provider.spans), len(provider.bought)) == ("ready", 1, 1)
    ((since, until),) = provider.spans
    assert (since, until) == (after(-5) - reconciling.WIDE, clock.now() + reconciling.WIDE)


def test_the_next_leader_asks_again(provider: Provider, config: Config, advance: Advance) -> None:
    paid(30)
    first = came_back(5)
    looks(provider, first, config)
    leases.release(first)
    advance(1)
    looks(provider, came_back(0), config)
    assert len(provider.spans) == 2


def test_what_was_paid_for_since_the_start_does_not_wait(
    provider: Provider, config: Config, advance: Advance
) -> None:
    """eSIM Go's list is away, and its orders are not."""
    old, leadership = paid(), came_back()
    advance(1)
    new = make_order("paid", plan_id="new", paid_at=after(0))
    quoted()
    provider.window, provider.answers = Unavailable("no answer"), [placed("ref-1")]
    with pytest.raises(Unavailable):
        looks(provider, leadership, config)
    buys(provider, leadership, config)
    assert (old.fresh().stage, new.fresh().stage) == ("paid", "ready")


def test_the_owner_hears_when_nobody_says_what_was_bought(
    provider: Provider, config: Config, advance: Advance
) -> None:
    def told() -> list[str]:
        conditions.evaluate(config, Bot())
        return [one.detail for one in incidents.open_ones() if one.kind == "copy_unchecked"]

    paid()
    leadership = came_back()
    advance(59)
    assert told() == []
    advance(1)
    assert told() == [f"1 orders wait since {after(-60):%H:%M} UTC"]
    looks(provider, leadership, config)
    assert told() == []


def test_it_is_told_for_a_day_that_this_is_a_copy(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order, leadership = paid(), came_back()
    provider.window = window(bearing(provider, placed("mine", created_at=after(-60)), order.reference))
    looks(provider, leadership, config)
    for seconds, kinds in ((86_399, ["copy_found"]), (1, [])):
        advance(seconds)
        conditions.evaluate(config, Bot())
        assert [one.kind for one in incidents.open_ones() if one.kind.startswith("copy")] == kinds


def test_a_list_that_is_not_whole_proves_nothing(provider: Provider, config: Config) -> None:
    order, leadership = paid(), came_back()
    provider.window = OrderWindow((), clock.now(), complete=False)
    with pytest.raises(Unavailable):
        looks(provider, leadership, config)
    buys(provider, leadership, config)
    assert (order.fresh().stage, provider.bought) == ("paid", [])


def test_who_leads_no_more_settles_nothing(provider: Provider, config: Config) -> None:
    paid()
    old = came_back()
    provider.window = window(bearing(provider, placed("elsewhere"), "A" * 16))
    leases.release(old)
    begin_to_lead()
    looks(provider, old, config)
    assert not restoration.past().is_settled
    assert Incident.select().count() == 0


def test_nothing_is_compared_by_a_clock_of_which_nobody_knows_that_it_is_right(
    provider: Provider, config: Config
) -> None:
    """Behind by a quarter of an hour, what was bought since the copy would seem older than its order."""
    order, leadership = paid(890), came_back(300)
    provider.window = window(bearing(provider, placed("mine", created_at=after(-800)), ""))
    context = Context(config, provider, Bot(), leadership, {})
    find_copies.run(context)
    assert (provider.spans, restoration.past().is_settled) == ([], False)
    buys(provider, leadership, config)
    assert order.fresh().stage == "paid"
    looks(provider, leadership, config)
    assert order.fresh().stage == "unknown"


# --- a leader that ended before it knew


def ends(leadership: Leadership) -> Leadership:
    """It is started again at once."""
    leases.release(leadership)
    return begin_to_lead()


def test_a_leader_that_ended_before_it_had_compared_has_led_nobody_out_of_doubt(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order, leadership = paid(), came_back()
    provider.window = Unavailable("no answer")
    with pytest.raises(Unavailable):
        looks(provider, leadership, config)
    advance(30)
    leadership = ends(leadership)
    assert orders.enforce_deadlines() == 0, "it was delivered hours ago"
    provider.window = window(bearing(provider, placed("mine", created_at=after(60 - HOURS)), order.reference))
    looks(provider, leadership, config)
    assert provider.spans[-1][0] == after(-HOURS - 30) - reconciling.WIDE
    buys(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, provider.bought) == ("ready", [])


def test_who_has_waited_too_long_is_refunded_though_leaders_come_and_go(
    provider: Provider, config: Config, advance: Advance
) -> None:
    """Each is there at once and eSIM Go answers none of them: in a copy nobody has led for long."""
    paid(0)
    leadership = came_back(10)
    provider.window = Unavailable("no answer")
    for _ in range(4):
        advance(30)
        leadership = ends(leadership)
        with pytest.raises(Unavailable):
            looks(provider, leadership, config)
    advance(config.deadline_s)
    assert orders.enforce_deadlines() == 1


def test_so_has_one_that_ended_before_telegram_had_told_what_was_paid(
    provider: Provider, config: Config, advance: Advance
) -> None:
    leadership = came_back()
    looks(provider, leadership, config)
    assert restoration.past().is_settled, "nobody waits"
    led_until = restoration.past().led_until
    advance(30)
    leadership = ends(leadership)
    assert restoration.past().led_until == led_until
    looks(provider, leadership, config)
    restoration.statement_read(clock.now())
    advance(30)
    ends(leadership)
    assert restoration.past().led_until == clock.now()


def test_what_was_about_to_be_bought_when_the_copy_was_made_waits_too(
    provider: Provider, config: Config
) -> None:
    """It is called off as it was never sent, and was sent by the shop of which this is a copy."""
    order, leadership = paid(890), came_back(300)
    submission = make_submission(order, sent_at=None, claimed_at=after(-880), epoch=0)
    Order.update(stage="submitting", submission_id=submission.id).where(Order.id == order.id).execute()
    provider.window = window(bearing(provider, placed("mine", created_at=after(-800)), ""))
    looks(provider, leadership, config)
    orders.take_over(leadership)
    buys(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, provider.bought) == ("ready", [])


def test_who_is_heard_of_while_the_list_is_read_is_compared_too(
    provider: Provider, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(30)
    leadership, listed = came_back(5), provider.list_orders

    def list_orders(since: datetime, until: datetime) -> OrderWindow:
        paid(20, plan_id="late")
        restoration.heard_late(after(-20))
        monkeypatch.undo()
        return listed(since, until)

    monkeypatch.setattr(provider, "list_orders", list_orders)
    looks(provider, leadership, config)
    assert not restoration.past().is_settled
    looks(provider, leadership, config)
    assert (restoration.past().is_settled, len(provider.spans)) == (True, 2)


# --- a copy


def test_an_esim_that_bears_our_reference_shows_that_this_is_a_copy(
    provider: Provider, config: Config
) -> None:
    """And whoever waits is given the one that bears theirs, however many equal ones were sold since."""
    first, second = paid(HOURS), paid(HOURS - 10, plan_id="second")
    leadership = came_back()
    found = [
        bearing(provider, placed("nobody's", created_at=after(5 - HOURS)), "B" * 16),
        bearing(provider, placed("second's", created_at=after(20 - HOURS)), second.reference),
        bearing(provider, placed("first's", created_at=after(30 - HOURS)), first.reference),
    ]
    provider.window = window(*found)
    looks(provider, leadership, config)
    assert (restoration.past().restored_at, first.fresh().deadline_at) == (clock.now(), after(900))
    assert Incident.get().kind == "copy_found"
    buys(provider, leadership, config)
    assert {first.fresh().stage, second.fresh().stage} == {"unknown"}
    assert reconciling.reconcile(provider, config) == 2
    assert [order.fresh().esimgo_order_id for order in (first, second)] == ["first's", "second's"]
    assert provider.bought == []
    assert {esim.order_id: esim.iccid for esim in Esim.select()} == {  # type: ignore[attr-defined]
        first.id: found[2].iccids[0],
        second.id: found[1].iccids[0],
    }


@pytest.mark.parametrize("pages", ["refused", "endless"])
def test_a_list_of_esims_that_takes_no_filter_hides_no_label(
    pages: str, provider: Provider, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, leadership = paid(), came_back()
    mine = placed("mine", created_at=after(60 - HOURS))
    provider.window = window(mine)
    read: list[int] = []

    def esim_pages(**_options: Any) -> Iterator[EsimPage]:
        if pages == "refused":
            raise Refused(400, "filterBy is not known")
        for number in range(1000):
            read.append(number)
            yield EsimPage((), 1000, 100_000, 0)

    monkeypatch.setattr(provider, "esim_pages", esim_pages)
    monkeypatch.setattr(
        provider,
        "esim",
        lambda iccid: EsimDetails.model_validate({"iccid": iccid, "customerRef": order.reference}),
    )
    looks(provider, leadership, config)
    assert Incident.get().kind == "copy_found"
    assert len(read) <= 1, "no more than there are eSIMs to ask for"


def test_nobody_is_refunded_before_it_was_compared(provider: Provider, config: Config) -> None:
    for stage in ("paid", "unknown", "accepted"):
        make_order(stage, plan_id=stage, paid_at=after(-HOURS), deadline_at=after(900 - HOURS))
    leadership = came_back()
    assert orders.enforce_deadlines() == 0
    looks(provider, leadership, config)
    assert orders.enforce_deadlines() == 3, "no copy: they are as late as they seem"


@pytest.mark.parametrize(("led_ago_s", "refunded"), [(60, 1), (60.1, 0)])
def test_a_late_order_does_not_wait_where_somebody_led_until_a_moment_ago(
    led_ago_s: float, refunded: int
) -> None:
    paid(900)
    came_back(led_ago_s)
    assert orders.enforce_deadlines() == refunded


def test_what_bears_nothing_may_be_what_was_bought(provider: Provider, config: Config) -> None:
    """Set back before its reference was written there: no proof of a copy, but reason to look."""
    order, leadership = paid(890), came_back(300)
    mine = placed("mine", created_at=after(-800))
    provider.window = window(bearing(provider, mine, ""))
    looks(provider, leadership, config)
    assert (order.fresh().stage, restoration.past().restored_at) == ("unknown", None)
    assert (intent_of(order).sent_at, intent_of(order).claimed_at) == (after(-890), clock.now())
    assert orders.enforce_deadlines() == 0, "it is looked for first"
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, provider.bought) == ("ready", [])
    assert [event.to_stage for event in events(order)] == ["paid", "submitting", "unknown", "ready"]


@pytest.mark.parametrize(
    "other",
    [
        {"created_at": after(-HOURS - 61)},
        {"item": "esim_1GB_7D_FR_V2"},
        {"kind": "autotopup"},
    ],
    ids=["older", "another bundle", "no purchase"],
)
def test_what_cannot_be_for_it_holds_up_nothing(
    other: dict[str, object], provider: Provider, config: Config
) -> None:
    order, leadership = paid(), came_back(30)
    if "created_at" in other:
        other = other | {"created_at": order.paid_at - timedelta(seconds=61)}
    found = placed("other", **{"created_at": after(-20), **other})  # type: ignore[arg-type]
    provider.window = window(bearing(provider, found, ""))
    looks(provider, leadership, config)
    assert order.fresh().stage == "paid"


def test_a_reference_of_another_shop_is_no_copy_of_ours(provider: Provider, config: Config) -> None:
    """Two shops with one account: theirs come while ours is started again, and bear their references."""
    order, leadership = paid(30), came_back(20)
    provider.window = window(bearing(provider, placed("theirs", created_at=after(-10)), "T" * 16))
    looks(provider, leadership, config)
    assert (restoration.past().restored_at, order.fresh().stage) == (None, "paid")


def test_a_top_up_is_known_by_its_esim(provider: Provider, config: Config) -> None:
    esim = make_esim(make_order("active", paid_at=after(-2 * HOURS)))
    order = make_top_up("paid", esim, paid_at=after(-HOURS), deadline_at=after(900 - HOURS))
    leadership = came_back()
    done = placed("topped-up", iccid=esim.iccid, kind="topup", created_at=after(10 - HOURS))
    provider.window = window(bearing(provider, done, esim.order.reference))
    looks(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "topped-up")


def test_it_may_have_been_bought_as_another_bundle(provider: Provider, config: Config) -> None:
    order, leadership = paid(), came_back()
    make_bundle("esim_4GB_30D_TR_V2")
    found = placed("renamed", item="esim_4GB_30D_TR_V2", created_at=after(60 - HOURS))
    provider.window = window(bearing(provider, found, order.reference))
    looks(provider, leadership, config)
    buys(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    again = order.fresh()
    assert (again.stage, again.esimgo_product_id, again.sold_bundle) == (
        "ready",
        "esim_4GB_30D_TR_V2",
        BUNDLE,
    )
    assert (intent_of(order).bundle, provider.bought) == ("esim_4GB_30D_TR_V2", [])


def test_what_bears_anothers_name_is_given_to_nobody(provider: Provider, config: Config) -> None:
    """It was delivered to somebody of whom our rows do not tell; the one who waits is bought for."""
    order, leadership = paid(), came_back()
    provider.window = window(bearing(provider, placed("theirs", created_at=after(60 - HOURS)), "C" * 16))
    looks(provider, leadership, config)
    buys(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 0
    Submission.update(first_absent_at=after(-600), looks=2, claimed_at=after(-30), balance_at=None).where(
        Submission.order == order
    ).execute()
    assert reconciling.reconcile(provider, config) == 0
    assert order.fresh().stage == "paid"


# --- what was sold since


BUYER, LOST = 7007, "L" * 16


def lost_charge(payload: str = LOST, ago_s: float = 3600, **values: Any) -> Payment:
    """A charge that names an order which is not there, as the statement has just told."""
    row = {"payload": payload, "confirmed_at": after(-ago_s), "telegram_user_id": BUYER, "state": "unplaced"}
    return make_payment(None, **row | values)


def bought(provider: Provider, *labelled: str, ago_s: float = 3590, **values: Any) -> list[ProviderOrder]:
    """At eSIM Go, an order for each of these labels."""
    made = [
        bearing(provider, placed(f"ref-{number}", created_at=after(-ago_s), **values), label)
        for number, label in enumerate(labelled)
    ]
    provider.window = window(*made)
    return made


def test_the_buyer_of_a_lost_order_finds_it_again(provider: Provider, config: Config) -> None:
    plan = make_plan()
    charge, leadership = lost_charge(), came_back()
    _, mine = bought(provider, "S" * 16, LOST)
    looks(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    order = Order.get()
    assert (order.reference, order.stage, order.esimgo_order_id) == (LOST, "ready", mine.reference)
    assert (order.customer.telegram_user_id, order.plan_id, order.stars) == (BUYER, plan.plan_id, 453)
    assert (order.paid_at, order.wholesale, order.created_at) == (after(-3600), 4200, after(-3600))
    assert (Esim.get().iccid, Esim.get().customer) == (mine.iccids[0], order.customer)
    again = Payment.get_by_id(charge.id)
    assert (again.state, again.order, provider.bought) == ("confirmed", order, [])
    assert restoration.past().restored_at == clock.now(), "the charge shows that this is a copy"
    assert {(row.kind, row.state) for row in Notification.select()} == {("paid", "sent"), ("ready", "sent")}


def test_a_buyer_who_is_known_keeps_their_row(provider: Provider, config: Config) -> None:
    make_plan()
    lost_charge()
    known, leadership = make_customer(BUYER, "ru", first_name="Anna", language_chosen=True), came_back()
    opened = make_order("awaiting_payment", known)
    bought(provider, LOST)
    looks(provider, leadership, config)
    assert Order.get(Order.reference == LOST).customer == known
    assert (Customer.get_by_id(known.id).language, opened.fresh().stage) == ("ru", "expired")


def test_an_order_that_was_open_for_payment_in_the_copy_is_paid_for(
    provider: Provider, config: Config
) -> None:
    """Also when its charge is so old that the statement leaves it to a person."""
    make_plan()
    order = make_order(created_at=after(-90_000), customer=make_customer(BUYER))
    charge, leadership = lost_charge(order.reference, 89_000), came_back(100_000)
    bought(provider, order.reference, ago_s=88_990)
    looks(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, Payment.get_by_id(charge.id).state) == ("ready", "confirmed")


def test_a_top_up_is_its_payers(provider: Provider, config: Config) -> None:
    make_plan()
    esim = make_esim(make_order("active", make_customer(BUYER), paid_at=after(-2 * HOURS)))
    others = make_esim(make_order("active", make_customer(8008), paid_at=after(-2 * HOURS)))
    lost_charge()
    leadership = came_back()
    (first,) = bought(provider, esim.order.reference, iccid=esim.iccid, kind="topup")
    theirs = placed("others", iccid=others.iccid, kind="topup", created_at=after(-3590))
    provider.window = window(first, bearing(provider, theirs, others.order.reference))
    looks(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    order = Order.get(Order.reference == LOST)
    assert (order.stage, order.esim_id, order.esimgo_order_id) == ("ready", esim.id, first.reference)


def test_what_bears_no_name_yet_is_given_to_the_only_one_it_can_be_for(
    provider: Provider, config: Config
) -> None:
    make_plan()
    lost_charge()
    leadership = came_back()
    (mine,) = bought(provider, "")
    looks(provider, leadership, config)
    assert reconciling.reconcile(provider, config) == 1
    assert Order.get().esimgo_order_id == mine.reference


@pytest.mark.parametrize("why", ["two charges", "two purchases", "another price", "too late", "no plan"])
def test_what_nobody_can_tell_waits_for_the_owner(why: str, provider: Provider, config: Config) -> None:
    make_plan()
    charge, leadership = lost_charge(), came_back()
    bought(provider, "", ago_s=2600 if why == "too late" else 3590)
    if why == "two charges":
        lost_charge("M" * 16)
    if why == "two purchases":
        bought(provider, "", "")
    if why == "another price":
        Plan.update(stars=454).execute()
    if why == "no plan":
        bought(provider, LOST, item="esim_unheard_of")
    looks(provider, leadership, config)
    assert (Order.select().count(), Payment.get_by_id(charge.id).state) == (0, "unplaced")
    assert restoration.past().restored_at is not None


def test_it_is_tried_once_a_minute_for_two_hours(
    provider: Provider, config: Config, advance: Advance
) -> None:
    make_plan()
    lost_charge()
    leadership = came_back()
    for seconds, asked in ((0, 1), (59, 1), (1, 2), (7139, 3), (60, 3)):
        advance(seconds)
        looks(provider, leadership, config)
        assert len(provider.spans) == asked


def test_a_list_that_takes_long_is_asked_for_less_often(config: Config, advance: Advance) -> None:
    class Slow(Provider):
        def list_orders(self, since: datetime, until: datetime) -> OrderWindow:
            advance(30)
            return super().list_orders(since, until)

    provider = Slow()
    make_plan()
    lost_charge()
    leadership = came_back()
    for seconds, asked in ((0, 1), (600, 1), (60, 2)):
        advance(seconds)
        looks(provider, leadership, config)
        assert len(provider.spans) == asked


def test_a_charge_from_after_the_start_tells_of_a_second_shop(
    provider: Provider, config: Config, advance: Advance
) -> None:
    leadership = came_back()
    advance(60)
    lost_charge(ago_s=30)
    looks(provider, leadership, config)
    assert (Incident.get().kind, Incident.get().subject) == ("copy_found", "beside this one")
    assert restoration.past().restored_at is None


def test_a_payment_that_is_heard_of_late_is_compared_too(
    provider: Provider, config: Config, advance: Advance
) -> None:
    """The copy knew its order, unpaid; a moment after the comparison the statement tells of its charge."""
    make_plan()
    paid(20, plan_id="waits")
    order, leadership = make_order(created_at=after(-40)), came_back(15)
    looks(provider, leadership, config)
    assert restoration.past().is_settled
    late = Charge("stars", order.reference, order.telegram_user_id, "XTR", order.stars, "c-1", after(-10))
    assert payments.confirm(late, config)
    bought(provider, order.reference, ago_s=5)
    provider.answers = [placed("for the other one")]
    buys(provider, leadership, config)
    assert provider.bought == []
    looks(provider, leadership, config)
    buys(provider, leadership, config)
    reconciling.reconcile(provider, config)
    assert order.fresh().esimgo_order_id == "ref-0"


def test_what_was_paid_for_before_is_looked_up_though_its_plan_is_gone(config: Config) -> None:
    """Late and gone would be refunded at once; but it may be delivered."""
    order = make_order("expired", created_at=after(-HOURS))
    came_back()
    paid_ago = Charge("stars", order.reference, order.telegram_user_id, "XTR", 453, "c-1", after(-HOURS + 60))
    assert payments.confirm(paid_ago, config)
    assert order.fresh().stage == "paid"


# --- what went back since


def test_what_we_have_refunded_since_is_not_bought(provider: Provider, bot: Bot, config: Config) -> None:
    order, leadership = paid(), came_back()
    charge = Payment.get(Payment.order == order)
    restoration.note(after(-HOURS), config.deadline_s)
    went_back = {"id": charge.charge_id, "amount": 453, "date": int(after(-60).timestamp())}
    partner = {"type": "user", "user": {"id": order.telegram_user_id}, "invoice_payload": order.reference}
    bot.transactions = [went_back | {"source": partner}, went_back | {"receiver": partner}]
    Setting.write_time("statement.read_at", after(-20))
    make_submission(order, outcome="absent", claimed_at=after(0))
    buys(provider, leadership, config)
    assert (order.fresh().stage, order.fresh().next_try_at, provider.bought) == ("paid", after(5), [])
    assert payments.reconcile(bot, config) > 0
    restoration.note(after(-HOURS), config.deadline_s)  # whichever is noticed first
    assert orders.enforce_deadlines() == 1
    assert (order.fresh().stage, Payment.get().state) == ("failed", "refunded")


@pytest.mark.parametrize(("is_copy", "held"), [(True, 0), (False, 1)])
def test_a_return_of_which_the_copy_does_not_know_holds_nobody(
    is_copy: bool, held: int, bot: Bot, config: Config
) -> None:
    order = make_order("active", paid_at=after(-2 * HOURS))
    charge = Payment.get(Payment.order == order)
    if is_copy:
        restoration.note(after(-HOURS), config.deadline_s)
    partner = {"type": "user", "user": {"id": order.telegram_user_id}, "invoice_payload": order.reference}
    bot.transactions = [{"id": charge.charge_id, "amount": 453, "date": 1, "receiver": partner}]
    payments.reconcile(bot, config)
    assert (Payment.get().state, len(limits.held())) == ("refunded", held)
    assert restoration.knows_refunds()
