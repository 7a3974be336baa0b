"""Purchases whose answer was lost: found at the provider by count, or proved absent; never bought twice."""

from datetime import datetime, timedelta

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    after,
    intent_of,
    lead,
    make_esim,
    make_order,
    make_unknown,
    near,
    placed,
    window,
)
from tests.shop.standins import Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import (
    AccessDenied,
    EsimGoError,
    Gone,
    NotThere,
    Refused,
    TryLater,
    Unavailable,
)
from webapp.clients.esimgo.payloads import InstallData, OrderWindow, ProviderOrder
from webapp.models import Esim, Order, OrderEvent, Refund, Submission
from webapp.orders import reconciling

pytestmark = pytest.mark.usefixtures("still")


def stages(*found: Order) -> list[str]:
    return [order.fresh().stage for order in found]


def test_without_anything_unclear_the_provider_is_not_asked(provider: Provider, config: Config) -> None:
    make_order("accepted")
    assert reconciling.reconcile(provider, config) == 0
    assert provider.spans == []


def test_a_lost_answer_is_found_and_delivered(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = window(placed("ref-1", created_at=after(-59)))
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "ref-1")
    assert intent_of(order).outcome == "bought"
    assert OrderEvent.get(OrderEvent.to_stage == "ready").actor == "reconcile"
    assert reconciling.reconcile(provider, config) == 0
    assert Esim.select().count() == 1


def test_a_purchase_that_is_still_worked_on_there_is_accepted(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = window(placed("ref-1", esims=0))
    assert reconciling.reconcile(provider, config) == 1
    assert stages(order) == ["accepted"]


def test_the_window_is_wide_enough_for_clocks_that_differ(provider: Provider, config: Config) -> None:
    make_unknown(600, plan_id="first")
    make_unknown(60, plan_id="second")
    reconciling.reconcile(provider, config)
    ((since, until),) = provider.spans
    assert near(since, after(-600 - 3600))
    assert near(until, after(3600))


def test_of_two_unclear_and_one_found_the_first_is_adopted(provider: Provider, config: Config) -> None:
    first, second = make_unknown(90, plan_id="first"), make_unknown(60, plan_id="second")
    provider.window = window(placed("ref-1", created_at=after(-50)))
    assert reconciling.reconcile(provider, config) == 1
    assert stages(first, second) == ["ready", "unknown"]


@pytest.mark.parametrize("outcome", [None, "absent"])
def test_the_first_is_the_one_that_was_sent_first(
    provider: Provider, config: Config, outcome: str | None
) -> None:
    later, first = make_unknown(60, plan_id="later"), make_unknown(90, plan_id="first")
    Submission.update(outcome=outcome).execute()
    provider.window = window(placed("ref-1", created_at=after(-50)))
    assert reconciling.reconcile(provider, config) == 1
    assert [intent_of(order).esimgo_order_id for order in (first, later)] == ["ref-1", None]


def test_two_unclear_and_two_found_are_matched_the_oldest_first(provider: Provider, config: Config) -> None:
    first, second = make_unknown(90, plan_id="first"), make_unknown(60, plan_id="second")
    late, early = placed("late", created_at=after(-55)), placed("early", created_at=after(-85))
    provider.window = window(late, early)
    assert reconciling.reconcile(provider, config) == 2
    assert stages(first, second) == ["ready", "ready"]
    assert [intent_of(order).esimgo_order_id for order in (first, second)] == ["early", "late"]


def test_what_another_order_has_does_not_hide_what_is_ours(provider: Provider, config: Config) -> None:
    other, order = make_order("ready", plan_id="other"), make_unknown(90)
    theirs = placed(str(other.esimgo_order_id), created_at=after(-80))
    provider.window = window(theirs, placed("ours", created_at=after(-70)))
    assert reconciling.reconcile(provider, config) == 1
    assert intent_of(order).esimgo_order_id == "ours"


def test_what_another_order_has_is_not_taken(provider: Provider, config: Config) -> None:
    other, order = make_order("ready", plan_id="other"), make_unknown()
    provider.window = window(placed(str(other.esimgo_order_id)))
    assert reconciling.reconcile(provider, config) == 0
    assert stages(other, order) == ["ready", "unknown"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"item": "esim_3GB_30D_FR_V2"},
        {"item": "ESIM_3GB_30D_TR_V2"},
        {"kind": "topup"},
    ],
)
def test_what_is_no_new_esim_of_the_same_bundle_is_ignored(
    provider: Provider, config: Config, foreign: dict[str, str]
) -> None:
    order = make_unknown()
    provider.window = window(placed("ref-1", **foreign))  # type: ignore[arg-type] # two of its texts
    assert reconciling.reconcile(provider, config) == 0
    assert stages(order) == ["unknown"]


def test_what_is_older_than_the_intent_is_ignored(provider: Provider, config: Config) -> None:
    order = make_unknown(60)
    provider.window = window(placed("ref-1", created_at=after(-125)))
    assert reconciling.reconcile(provider, config) == 0
    assert stages(order) == ["unknown"]


def test_a_clock_that_is_a_little_behind_hides_nothing(provider: Provider, config: Config) -> None:
    order = make_unknown(60)
    provider.window = window(placed("ref-1", created_at=after(-110)))
    assert reconciling.reconcile(provider, config) == 1
    assert stages(order) == ["ready"]


@pytest.mark.parametrize("shift_s", [-1800, 1800])
def test_times_are_compared_on_the_providers_clock(provider: Provider, config: Config, shift_s: int) -> None:
    order = make_unknown(60)
    before, later = (
        placed("before", created_at=after(shift_s - 300)),
        placed("later", created_at=after(shift_s)),
    )
    provider.window = OrderWindow((before, later), after(shift_s), True)
    assert reconciling.reconcile(provider, config) == 1
    assert intent_of(order).esimgo_order_id == "later"


@pytest.mark.parametrize(("ago_s", "found"), [(120, 1), (120.1, 0)])
def test_what_was_placed_a_minute_before_the_intent_may_be_its_own(
    provider: Provider, config: Config, ago_s: float, found: int
) -> None:
    make_unknown(60)
    provider.window = window(placed("ref-1", created_at=after(-ago_s)))
    assert reconciling.reconcile(provider, config) == found


def test_another_number_of_esims_is_another_order(provider: Provider, config: Config) -> None:
    order, two = make_unknown(), placed("ref-1")
    items = [item.model_copy(update={"quantity": 2}) for item in two.items]
    provider.window = window(two.model_copy(update={"items": items}))
    assert reconciling.reconcile(provider, config) == 0
    Submission.update(quantity=2).where(Submission.id == order.submission_id).execute()
    assert reconciling.reconcile(provider, config) == 1


def test_an_order_that_does_not_say_when_it_was_placed_is_nobodys(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = window(placed("ref-1").model_copy(update={"created_at": None}))
    assert reconciling.reconcile(provider, config) == 0
    assert stages(order) == ["unknown"]


def test_an_order_whose_request_is_under_way_is_left_alone(provider: Provider, config: Config) -> None:
    order = make_order("submitting")
    provider.window = window(placed("ref-1"))
    assert reconciling.reconcile(provider, config) == 0
    assert stages(order) == ["submitting"]


def test_an_outage_changes_nothing_and_is_told(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = Unavailable("no answer")
    with pytest.raises(Unavailable):
        reconciling.reconcile(provider, config)
    assert (stages(order), intent_of(order).looks) == (["unknown"], 0)


# --- absent


def look(provider: Provider, config: Config, times: int, advance: Advance, every_s: float) -> None:
    for _ in range(times):
        if isinstance(provider.window, OrderWindow):
            provider.window = provider.window._replace(provider_now=clock.now())
        reconciling.reconcile(provider, config)
        advance(every_s)


def test_absent_takes_three_looks_over_the_time_to_settle(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_unknown(60)
    look(provider, config, 3, advance, 10)
    assert stages(order) == ["unknown"], "three looks within half a minute prove nothing"
    advance(config.settle_s)
    look(provider, config, 1, advance, 0)
    assert stages(order) == ["paid"]
    assert (intent_of(order).outcome, intent_of(order).looks) == ("absent", 4)
    assert near(order.fresh().next_try_at, after(0))


def test_a_look_in_vain_takes_back_no_answer_that_came_meanwhile(provider: Provider, config: Config) -> None:
    order = make_unknown(60)

    def told(since: datetime, until: datetime) -> OrderWindow:
        assert orders.record(intent_of(order), placed("late"), actor="provider")
        return window()

    provider.list_orders = told  # type: ignore[method-assign] # something happens while it answers
    reconciling.reconcile(provider, config)
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == ("bought", "late")
    assert stages(order) == ["ready"]


def test_two_looks_however_far_apart_are_not_enough(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_unknown(60)
    look(provider, config, 2, advance, config.settle_s + 1)
    assert stages(order) == ["unknown"]
    look(provider, config, 1, advance, 0)
    assert stages(order) == ["paid"]


def test_looks_count_only_once_the_request_can_have_no_answer_any_more(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_unknown(0)
    look(provider, config, 3, advance, 10)
    assert intent_of(order).looks == 0
    advance(orders.CALL_CAN_TAKE.total_seconds() - 30)
    look(provider, config, 1, advance, 0)
    assert intent_of(order).looks == 1


@pytest.mark.parametrize(("seconds", "looks"), [(39.9, 0), (40, 1)])
def test_a_look_counts_from_forty_seconds_after_the_request(
    provider: Provider, config: Config, advance: Advance, seconds: float, looks: int
) -> None:
    order = make_unknown(0)
    advance(seconds)
    look(provider, config, 1, advance, 0)
    assert intent_of(order).looks == looks
    assert intent_of(order).first_absent_at == (clock.now() if looks else None)


@pytest.mark.parametrize(("short_s", "stage"), [(0.1, "unknown"), (0, "paid")])
def test_it_is_absent_once_it_has_been_so_for_the_time_to_settle(
    provider: Provider, config: Config, advance: Advance, short_s: float, stage: str
) -> None:
    order = make_unknown(60)
    look(provider, config, 2, advance, 0)
    advance(config.settle_s - short_s)
    look(provider, config, 1, advance, 0)
    assert stages(order) == [stage]
    if stage == "paid":
        told = OrderEvent.get(OrderEvent.to_stage == "paid")
        assert (told.actor, told.note) == ("job", "not found at the provider")


@pytest.mark.parametrize(("shift_s", "looks"), [(3540, 1), (-3540, 1), (3541, 0), (-3541, 0)])
def test_a_clock_that_is_almost_an_hour_apart_still_proves_something(
    provider: Provider, config: Config, shift_s: int, looks: int
) -> None:
    order = make_unknown(60)
    provider.window = OrderWindow((), after(shift_s), True)
    reconciling.reconcile(provider, config)
    assert intent_of(order).looks == looks


def test_a_purchase_of_an_equal_bundle_without_its_number_could_be_ours(
    provider: Provider, config: Config
) -> None:
    order = make_unknown(60)
    row = {"type": "bundle", "item": order.esimgo_product_id, "quantity": None}
    answer = {"orderReference": "odd", "createdDate": after(0).isoformat(), "order": [row]}
    provider.window = window(ProviderOrder.model_validate(answer))
    reconciling.reconcile(provider, config)
    assert intent_of(order).looks == 0


def test_a_window_with_holes_proves_nothing(provider: Provider, config: Config, advance: Advance) -> None:
    order = make_unknown(60)
    provider.window = window(complete=False)
    look(provider, config, 5, advance, config.settle_s)
    assert (stages(order), intent_of(order).looks) == (["unknown"], 0)


def without(key: str) -> ProviderOrder:
    """Somebody's order that does not tell when it was made, or what it was for."""
    order = placed("odd", item="esim_of_somebody")
    return order.model_copy(update={key: () if key == "items" else None})


@pytest.mark.parametrize(
    ("orders_there", "provider_now"),
    [((without("created_at"),), 0), ((without("items"),), 0), ((), None), ((), 7200), ((), -7200)],
)
def test_what_could_be_ours_or_of_any_time_proves_nothing(
    provider: Provider,
    config: Config,
    advance: Advance,
    orders_there: tuple[ProviderOrder, ...],
    provider_now: float | None,
) -> None:
    order = make_unknown(60)
    for _ in range(5):
        moment = None if provider_now is None else after(provider_now)
        provider.window = OrderWindow(orders_there, moment, True)
        reconciling.reconcile(provider, config)
        advance(config.settle_s)
    assert (stages(order), intent_of(order).looks) == (["unknown"], 0)


@pytest.mark.parametrize(
    ("kind", "item", "quantity"),
    [("bundleAssignment", "ref-0", 0), ("autoTopup", "", 1), ("topup", "", None)],
)
def test_money_and_stock_among_the_orders_hide_no_esim(
    provider: Provider, config: Config, advance: Advance, kind: str, item: str, quantity: int | None
) -> None:
    order = make_unknown(60)
    row = {"type": kind, "item": item, "quantity": quantity}
    answer = {"orderReference": "odd", "createdDate": after(0).isoformat(), "order": [row]}
    provider.window = window(ProviderOrder.model_validate(answer))
    look(provider, config, 3, advance, config.settle_s)
    assert stages(order) == ["paid"]


def test_a_window_with_holes_still_shows_what_it_shows(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = OrderWindow((placed("ref-1"),), None, False)
    assert reconciling.reconcile(provider, config) == 1
    assert stages(order) == ["ready"]


def test_a_lost_answer_is_looked_up_before_ordering_again(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_unknown(60, deadline_at=after(86400))
    leader = lead(86400)
    assert orders.submit_next(provider, leader, config) is None
    look(provider, config, 4, advance, config.settle_s)
    provider.answers = [placed("ref-2")]
    assert orders.submit_next(provider, leader, config) == order
    assert (stages(order), provider.bought) == (["ready"], [order.esimgo_product_id])
    assert [row.outcome for row in Submission.select().order_by(Submission.id)] == ["absent", "bought"]


# --- after the end


def test_a_purchase_found_after_its_refund_is_stock(provider: Provider, config: Config) -> None:
    order = make_unknown(deadline_at=after(-1))
    orders.enforce_deadlines()
    provider.window = window(placed("ref-late"))
    reconciling.reconcile(provider, config)
    assert (stages(order), intent_of(order).outcome) == (["failed"], "stock")
    assert (Esim.select().count(), Refund.select().count()) == (0, 1)


def test_intents_are_looked_up_for_a_day(provider: Provider, config: Config, advance: Advance) -> None:
    order = make_unknown(deadline_at=after(-1))
    orders.enforce_deadlines()
    advance(timedelta(hours=25).total_seconds())
    assert reconciling.reconcile(provider, config) == 0
    assert (provider.spans, intent_of(order).outcome) == ([], None)


@pytest.mark.parametrize(("hours", "asked"), [(24.9, 1), (25, 0)])
def test_an_intent_is_looked_up_for_25_hours_from_its_claim(
    provider: Provider, config: Config, hours: float, asked: int
) -> None:
    """Once its order has ended; until then for as long as that takes."""
    order = make_unknown(60)
    Submission.update(claimed_at=after(-hours * 3600)).where(Submission.id == order.submission_id).execute()
    assert order.move("failed", actor="job")
    reconciling.reconcile(provider, config)
    assert len(provider.spans) == asked


@pytest.mark.parametrize(("hours", "asked"), [(24.9, 1), (25, 0)])
def test_what_was_found_absent_is_looked_back_for_during_25_hours(
    provider: Provider, config: Config, hours: float, asked: int
) -> None:
    order = make_unknown(hours * 3600)
    Submission.update(outcome="absent").where(Submission.id == order.submission_id).execute()
    reconciling.reconcile(provider, config)
    assert len(provider.spans) == asked


@pytest.mark.parametrize(("seconds", "asked"), [(599.9, 1), (600, 2)])
def test_it_is_looked_back_every_ten_minutes(
    provider: Provider, config: Config, advance: Advance, seconds: float, asked: int
) -> None:
    order = make_unknown(60)
    Submission.update(outcome="absent").where(Submission.id == order.submission_id).execute()
    for _ in range(2):
        reconciling.reconcile(provider, config)
        advance(seconds)
    assert len(provider.spans) == asked


def test_an_intent_whose_order_has_ended_is_looked_for_at_ease_once_it_is_absent(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_unknown(deadline_at=after(-1))
    orders.enforce_deadlines()
    look(provider, config, 3, advance, config.settle_s)
    assert (stages(order), intent_of(order).outcome) == (["failed"], "absent")
    asked = len(provider.spans)
    look(provider, config, 60, advance, 10)
    assert len(provider.spans) - asked <= 2
    provider.window = window(placed("ref-late", created_at=after(0)))
    look(provider, config, 1, advance, 0)
    advance(600)
    look(provider, config, 1, advance, 0)
    assert intent_of(order).outcome == "stock"


# --- what was bought, and by whom


@pytest.mark.parametrize("stage", ["unknown", "failed"])
def test_a_purchase_that_an_equal_order_has_leaves_this_one_as_it_is(stage: str) -> None:
    taken, order = make_order("ready", plan_id="taken"), make_unknown()
    if stage == "failed":
        orders.fail(order, "deadline", actor="job")
    reference = str(intent_of(taken).esimgo_order_id)
    assert not orders.record(intent_of(order), placed(reference), actor="reconcile")
    assert (order.fresh().stage, intent_of(order).outcome) == (stage, None)


def test_what_an_intent_was_bound_to_first_stays_its_own() -> None:
    order = make_unknown()
    assert orders.record(intent_of(order), placed("adopted"), actor="reconcile")
    assert not orders.record(intent_of(order), placed("answered-late"), actor="provider")
    assert (intent_of(order).esimgo_order_id, intent_of(order).outcome) == ("adopted", "bought")
    assert (stages(order), Esim.select().count()) == (["ready"], 1)


# --- install data


def test_accepted_orders_are_delivered_when_the_install_data_is_there(provider: Provider) -> None:
    order = make_order("accepted")
    provider.status = placed(str(order.esimgo_order_id), esims=0)
    assert orders.collect(provider) == 0
    provider.installs = list(placed("any").esims)
    assert orders.collect(provider) == 1
    assert (stages(order), Esim.get().iccid) == (["ready"], provider.installs[0].iccid)
    assert order.fresh().esimgo_order_id == order.esimgo_order_id
    assert orders.collect(provider) == 0


def test_install_data_in_the_order_itself_is_enough(provider: Provider) -> None:
    order = make_order("accepted")
    provider.status = placed(str(order.esimgo_order_id))
    provider.installs = Unavailable("not asked for")
    assert orders.collect(provider) == 1
    assert stages(order) == ["ready"]


@pytest.mark.parametrize("error", [Gone("410"), NotThere("404"), Refused(400, "no"), AccessDenied(403, "no")])
def test_an_order_without_an_answer_does_not_hold_up_the_others(
    provider: Provider, error: EsimGoError
) -> None:
    first, second = make_order("accepted", plan_id="first"), make_order("accepted", plan_id="second")

    def status(order_id: str) -> ProviderOrder:
        if order_id == first.esimgo_order_id:
            raise error
        return placed(order_id)

    provider.get_order_status = status  # type: ignore[method-assign] # two orders, two answers
    assert orders.collect(provider) == 1
    assert stages(first, second) == ["accepted", "ready"]


@pytest.mark.parametrize("error", [Unavailable("no"), TryLater(5)])
def test_while_nobody_answers_nobody_else_is_asked_about(provider: Provider, error: EsimGoError) -> None:
    order = make_order("accepted")
    provider.status = error
    with pytest.raises(type(error)):
        orders.collect(provider)
    assert stages(order) == ["accepted"]


def test_one_order_that_never_gets_an_answer_does_not_starve_the_others(
    provider: Provider, advance: Advance
) -> None:
    silent = make_order("accepted", plan_id="silent", paid_at=after(-10))
    other = make_order("accepted", plan_id="other")

    def status(order_id: str) -> ProviderOrder:
        if order_id == silent.esimgo_order_id:
            raise Unavailable("status 500")
        return placed(order_id)

    provider.get_order_status = status  # type: ignore[method-assign] # two orders, two answers
    for _ in range(2):
        advance(1)
        with pytest.raises(Unavailable):
            orders.collect(provider)
    assert stages(silent, other) == ["accepted", "ready"]


def test_a_profile_that_somebody_has_is_never_given_to_another(provider: Provider) -> None:
    have = make_esim(make_order("ready", plan_id="have"))
    order = make_order("accepted")
    row = {"iccid": have.iccid, "matchingid": "x", "smdpaddress": "rsp.example.com"}
    provider.status = placed("any", esims=0)
    provider.installs = [InstallData.model_validate(row)]
    assert orders.collect(provider) == 0
    assert stages(order) == ["accepted"]
