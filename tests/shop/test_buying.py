"""Buying at eSIM Go: intent, call, outcome. What each answer means for the order, and who may buy at all."""

import contextlib
from collections.abc import Iterator

import pytest
from peewee import OperationalError

from jobs import submit_paid_orders
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import (
    after,
    events,
    intent_of,
    lead,
    make_bundle,
    make_order,
    make_plan,
    near,
    placed,
    quoted,
    window,
)
from tests.shop.moments import Moments
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base import clock, crash_points
from webapp.base.config import Config
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.errors import EsimGoError
from webapp.clients.esimgo.payloads import OrderQuote, ProviderOrder
from webapp.models import Assignment, Esim, Notification, Order, Payment, Plan, Refund, Submission
from webapp.orders import buying, reconciling
from webapp.state import leases, outages, restoration
from webapp.state import provider as provider_state
from webapp.state.leases import Leadership

pytestmark = pytest.mark.usefixtures("still")

Outcome = tuple[str, str | None, float | None]

OUTCOMES: list[tuple[EsimGoError, Outcome]] = [
    (errors.NotSent("refused"), ("paid", "not_sent", 5)),
    (errors.TryLater(9), ("paid", "not_bought", 9)),
    (errors.RateLimited(17), ("paid", "not_bought", 17)),
    (errors.OutOfFunds(400, "funds"), ("paid", "not_bought", 30)),
    (errors.AccessDenied(401, "key"), ("paid", "not_bought", 30)),
    (errors.Refused(400, "bundle"), ("paid", "refused", 0)),
    (errors.Unclear("lost"), ("unknown", None, None)),
    (errors.NotThere("?"), ("unknown", None, None)),
    (errors.Gone("?"), ("unknown", None, None)),
    (errors.Unavailable("?"), ("unknown", None, None)),
    (errors.Unusable("?"), ("unknown", None, None)),
]


@pytest.fixture
def leader() -> Leadership:
    return lead()


@pytest.fixture
def line() -> Iterator[list[str]]:
    """The crash points that a purchase passes."""
    passed: list[str] = []
    with crash_points.watched(passed.append):
        yield passed


def leaves(error: type[EsimGoError]) -> Iterator[type[EsimGoError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from leaves(kind)


def test_an_answer_with_install_data_is_delivered(
    provider: Provider, leader: Leadership, config: Config, line: list[str]
) -> None:
    order, answer = make_order("paid"), placed("ref-1")
    provider.answers = [answer]
    assert orders.submit_next(provider, leader, config) == order
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "ref-1")
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == ("bought", "ref-1")
    esim = Esim.get(Esim.order == order)
    assert (esim.iccid, esim.activation_code) == (answer.esims[0].iccid, "LPA:1$rsp.example.com$M-ref-1")
    assert (esim.customer, near(esim.next_refresh_at, after(0))) == (order.customer, True)
    assert Assignment.get(Assignment.esim == esim).remaining_bytes == 3_000_000_000
    assert [row.kind for row in Notification.select()] == ["ready"]
    assert line == [
        "order.intent.committed",
        "order.begun",
        "order.post.sent",
        "order.post.answered",
        "delivery.written",
        "delivery.committed",
        "order.recorded",
    ]


def test_an_unlimited_plan_has_no_number_of_bytes(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_bundle(data_mb=None, unlimited=True)
    make_order("paid", plan_type="unlimited", data_mb=None)
    provider.answers = [placed()]
    orders.submit_next(provider, leader, config)
    assignment = Assignment.get()
    assert (assignment.unlimited, assignment.initial_bytes, assignment.remaining_bytes) == (True, None, None)


@pytest.mark.parametrize(("error", "outcome"), OUTCOMES, ids=lambda value: type(value).__name__)
def test_each_error_puts_the_order_where_it_belongs(
    provider: Provider, leader: Leadership, config: Config, error: EsimGoError, outcome: Outcome
) -> None:
    order = make_order("paid")
    provider.answers = [error]
    orders.submit_next(provider, leader, config)
    stage, ending, wait_s = outcome
    kept = order.fresh()
    assert (kept.stage, intent_of(kept).outcome) == (stage, ending)
    assert kept.next_try_at == (None if wait_s is None else after(wait_s))
    assert Refund.select().count() == (1 if stage == "failed" else 0)
    assert (events(kept)[-1].actor, events(kept)[-1].note) == (
        "provider" if stage == "failed" else "job",
        str(error),
    )
    in_doubt = stage == "unknown" or isinstance(error, errors.AccessDenied | errors.OutOfFunds)
    assert provider_state.is_buying_in_doubt() is in_doubt
    assert outages.now().out_of_funds is isinstance(error, errors.OutOfFunds)
    assert provider.bought == [order.esimgo_product_id], "never twice"


def test_every_error_of_the_client_is_in_the_table() -> None:
    assert {type(error) for error, _ in OUTCOMES} == set(leaves(EsimGoError))


def test_an_error_of_our_own_leaves_the_order_to_be_looked_up(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_order("paid")
    provider.answers = [ZeroDivisionError("ours")]
    with pytest.raises(ZeroDivisionError):
        orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, intent_of(order).outcome) == ("unknown", None)
    assert events(order)[-1].note == "an error of ours after the request may have left"
    assert events(order)[-1].actor == "job"


def test_an_intent_says_what_is_bought_by_whom_and_when(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    order = make_order("paid")
    advance(10)
    provider.answers = [placed()]
    with crash_points.watched(lambda name: advance(1) if name == "order.intent.committed" else None):
        orders.submit_next(provider, leader, config)
    intent = intent_of(order)
    assert (intent.order, intent.epoch, intent.bundle, intent.iccid, intent.quantity, intent.cost) == (
        order,
        leader.epoch,
        order.esimgo_product_id,
        None,
        1,
        4200,
    )
    assert (intent.claimed_at, intent.sent_at) == (after(-1), clock.now())
    assert (intent.balance_before, intent.balance_at) == provider_state.balance()


def test_a_request_that_has_not_begun_after_five_seconds_is_not_sent(
    provider: Provider, leader: Leadership, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is told by when."""
    told = list[float | None]()

    def create(_bundle: str, *, begin_by: float | None = None, **_more: object) -> ProviderOrder:
        told.append(begin_by)
        return placed()

    make_order("paid")
    monkeypatch.setattr(provider, "create_order", create)
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    orders.submit_next(provider, leader, config)
    assert told == [105.0]


def test_a_purchase_that_worked_ends_the_doubt(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_order("paid")
    provider_state.purchase_failed()
    provider.answers = [placed()]
    orders.submit_next(provider, leader, config)
    assert not provider_state.is_buying_in_doubt()


def test_an_order_that_is_refused_again_is_refunded_and_its_buyer_told(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    """What eSIM Go has said before it refused is asked anew, once."""
    order = make_order("paid")
    provider.answers = [errors.Refused(400, "no such bundle")] * 2
    for _ in range(2):
        orders.submit_next(provider, leader, config)
        advance(3)
    assert provider.asked_about == [order.esimgo_product_id]
    assert order.fresh().failure == "refused"
    assert Refund.get().payment == Payment.get()
    assert [row.kind for row in Notification.select()] == ["failed"]


def test_out_of_funds_closes_sales_until_the_balance_covers_it(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_order("paid")
    provider.answers = [errors.OutOfFunds(400, "funds")]
    orders.submit_next(provider, leader, config)
    assert outages.now().sales_paused
    provider_state.funds_seen(4199)
    assert outages.now().sales_paused
    provider_state.funds_seen(4200)
    assert not outages.now().sales_paused


# --- who may buy, and when


def test_only_the_leader_makes_an_intent(provider: Provider, config: Config, advance: Advance) -> None:
    order, former = make_order("paid"), lead(15)
    advance(16)
    lead()
    assert orders.submit_next(provider, former, config) is None
    assert (order.fresh().stage, Submission.select().count(), provider.bought) == ("paid", 0, [])


def test_who_loses_the_race_for_an_order_leaves_no_intent(
    provider: Provider, leader: Leadership, config: Config, moments: Moments
) -> None:
    order = make_order("paid")
    moments.after('FROM "orders" .*"paid_at"', lambda: order.fresh().move("failed", actor="deadline"))
    assert orders.submit_next(provider, leader, config) is None
    assert (order.fresh().stage, Submission.select().count(), provider.bought) == ("failed", 0, [])


def test_an_order_that_has_grown_late_since_it_was_picked_is_not_bought(
    provider: Provider,
    leader: Leadership,
    config: Config,
    advance: Advance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the two eSIM Go is asked for its price again; it is slow, or the clock is moved."""

    def slow(_bundle: str) -> OrderQuote:
        advance(config.deadline_s - 60)
        return OrderQuote.model_validate({"valid": True, "total": 4.2})

    order = make_order("paid")
    quoted(ago_s=config.quote_s + 1)
    monkeypatch.setattr(provider, "validate_order", slow)
    assert orders.submit_next(provider, leader, config) is None
    assert (order.fresh().stage, Submission.select().count(), provider.bought) == ("paid", 0, [])
    assert orders.enforce_deadlines() == 1


@pytest.mark.parametrize(
    "then", ['FROM "lease"', 'FROM "provider_balance"', 'INSERT INTO "submission"', "UPDATE"]
)
def test_a_clock_that_is_moved_while_an_order_is_claimed_buys_nothing_late(
    provider: Provider, leader: Leadership, config: Config, advance: Advance, moments: Moments, then: str
) -> None:
    """It is claimed after the look at what its bundle costs."""
    order = make_order("paid")
    jump = moments.meanwhile
    jump('FROM "esimgo_products"', lambda: jump(then, lambda: advance(config.deadline_s)))
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, provider.bought) == ("paid", [])
    assert orders.submit_next(provider, leader, config) is None
    assert orders.enforce_deadlines() == 1


def test_a_claim_that_has_gone_stale_is_given_back_and_nothing_is_sent(
    provider: Provider,
    leader: Leadership,
    config: Config,
    advance: Advance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = make_order("paid")
    with crash_points.watched(lambda _name: advance(3)):
        assert orders.submit_next(provider, leader, config) == order
    assert provider.bought == []
    assert (order.fresh().stage, intent_of(order).outcome, intent_of(order).sent_at) == (
        "paid",
        "not_sent",
        None,
    )


def test_a_claim_that_was_taken_over_is_not_sent(
    provider: Provider, leader: Leadership, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def successor(_crash_point: str) -> None:
        leases.release(leader)
        assert orders.take_over(lead()) == 1

    order = make_order("paid")
    with crash_points.watched(successor):
        orders.submit_next(provider, leader, config)
    assert (provider.bought, order.fresh().stage) == ([], "paid")


def test_the_longest_waiting_order_goes_first(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    late = make_order("paid", plan_id="late", paid_at=after(-10))
    early = make_order("paid", plan_id="early", paid_at=after(-20))
    provider.answers = [placed("ref-1"), placed("ref-2")]
    assert orders.submit_next(provider, leader, config) == early
    advance(3)
    assert orders.submit_next(provider, leader, config) == late


def test_orders_keep_the_pace_that_the_provider_asks_for(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    for number in range(2):
        make_order("paid", plan_id=f"plan-{number}")
    provider.answers = [placed("ref-1"), placed("ref-2")]
    assert orders.submit_next(provider, leader, config)
    assert orders.submit_next(provider, leader, config) is None
    advance(config.esimgo_order_interval_s)
    assert orders.submit_next(provider, leader, config)


def test_the_next_order_is_prepared_shortly_before_its_turn(
    provider: Provider, leader: Leadership, config: Config, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves when that comes: what there is to write is written before."""
    waited: list[float] = []
    monkeypatch.setattr(clock, "sleep", waited.append)
    for number in range(2):
        make_order("paid", plan_id=f"plan-{number}", paid_at=after(number - 60))
    provider.answers = [placed("ref-1"), placed("ref-2")]
    assert orders.due_in(config) == 0
    assert orders.submit_next(provider, leader, config)
    assert orders.due_in(config) == pytest.approx(2.53)
    advance(2.52)
    assert orders.submit_next(provider, leader, config) is None
    advance(0.01)
    assert orders.due_in(config) == pytest.approx(0)
    assert orders.submit_next(provider, leader, config)
    assert waited == pytest.approx([0, 0.5])
    assert orders.due_in(config) is None


def test_one_run_of_the_job_buys_for_everybody_in_line(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    quick = changed(config, esimgo_order_interval_s=0)
    for number in range(3):
        make_order("paid", plan_id=f"plan-{number}")
    make_order("paid", plan_id="later", next_try_at=after(60))
    provider.answers = [placed(f"ref-{number}") for number in range(3)]
    submit_paid_orders.run(Context(quick, provider, Bot(), leader, {}))
    assert len(provider.bought) == 3
    assert Order.select().where(Order.stage == "paid").count() == 1


def test_a_run_of_the_job_ends_with_the_lease(provider: Provider, leader: Leadership, config: Config) -> None:
    """Though somebody is in line."""
    make_order("paid")
    leases.release(leader)
    lead()
    submit_paid_orders.run(Context(config, provider, Bot(), leader, {}))
    assert (provider.bought, Submission.select().count()) == ([], 0)


def test_an_order_that_was_told_to_wait_lets_others_pass(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_order("paid", plan_id="waits", paid_at=after(-60), next_try_at=after(30))
    ready = make_order("paid", plan_id="goes")
    provider.answers = [placed()]
    assert orders.submit_next(provider, leader, config) == ready
    assert provider.bought == [ready.esimgo_product_id]


@pytest.mark.parametrize(("wait_s", "goes"), [(0, True), (0.1, False)])
def test_an_order_waits_to_the_moment_that_it_was_told(
    provider: Provider, leader: Leadership, config: Config, wait_s: float, goes: bool
) -> None:
    make_order("paid", next_try_at=after(wait_s))
    provider.answers = [placed()]
    assert (orders.submit_next(provider, leader, config) is not None) is goes


@pytest.mark.parametrize(("waited_s", "sent"), [(1.9, True), (2, False)])
def test_a_claim_goes_stale_after_two_seconds(
    provider: Provider, leader: Leadership, config: Config, advance: Advance, waited_s: float, sent: bool
) -> None:
    order = make_order("paid")
    provider.answers = [placed()]
    with crash_points.watched(lambda name: advance(waited_s) if name == "order.intent.committed" else None):
        orders.submit_next(provider, leader, config)
    assert provider.bought == ([order.esimgo_product_id] if sent else [])
    if not sent:
        assert (events(order)[-1].note, events(order)[-1].actor) == ("the claim had gone stale", "job")
        assert order.fresh().next_try_at == clock.now()


def test_an_order_whose_quote_is_old_fails_when_it_has_become_dearer(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    """Whatever else there is to buy: of "another" nobody knows where it works."""
    make_bundle("another")
    make_plan()
    order = make_order("paid")
    quoted(ago_s=config.quote_s + 1)
    provider.quote = OrderQuote.model_validate({"valid": True, "total": 5.0})
    assert orders.submit_next(provider, leader, config) == order
    assert (order.fresh().stage, order.fresh().failure, provider.bought) == ("failed", "dearer", [])
    assert provider.asked_about == [order.esimgo_product_id]
    assert Plan.get().stars == 539, "for the next one"
    assert (events(order)[-1].actor, events(order)[-1].note) == ("provider", "asked again before buying")


@pytest.mark.parametrize(
    ("answer", "wait_s"), [(errors.Unavailable("no answer"), 20), (errors.OutOfFunds(400, "funds"), 30)]
)
def test_an_order_whose_quote_is_old_waits_while_nobody_can_say_whether_it_is_sold(
    provider: Provider, leader: Leadership, config: Config, answer: EsimGoError, wait_s: float
) -> None:
    order, other = make_order("paid"), make_order("paid", plan_id="other", paid_at=after(1))
    quoted(ago_s=config.quote_s + 1)
    provider.quote = answer
    with contextlib.suppress(errors.Unavailable):
        orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, order.fresh().next_try_at) == ("paid", after(wait_s))
    assert (other.fresh().next_try_at, provider.bought) == (None, [])


def test_a_bundle_that_nobody_answers_for_holds_up_nobody_behind_it(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    """However often it is asked about: the others are bought meanwhile, and no job rests for it."""
    silent = make_order("paid", esimgo_product_id=make_bundle("silent").name, plan_id="silent")
    others = [make_order("paid", plan_id=f"plan-{number}", paid_at=after(number)) for number in range(1, 9)]
    provider.quote = errors.Unavailable("no answer")
    provider.answers = [placed(f"ref-{number}") for number in range(8)]
    for _ in range(10):
        submit_paid_orders.run(
            Context(changed(config, esimgo_order_interval_s=0), provider, Bot(), leader, {})
        )
        quoted()
        advance(30)
    assert {order.fresh().stage for order in others} == {"ready"}
    assert silent.fresh().stage == "paid"
    assert len(provider.asked_about) == 10


# --- in a shop that was brought back from a copy


def test_what_was_paid_for_before_a_restoration_is_looked_up_before_it_is_bought(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    order = make_order("paid", paid_at=after(-60))
    restoration.note(after(-30), config.deadline_s)
    advance(1)
    assert orders.submit_next(provider, leader, config) == order
    intent = intent_of(order)
    assert (order.fresh().stage, provider.bought) == ("unknown", [])
    assert (intent.epoch, intent.claimed_at, intent.sent_at) == (leader.epoch, clock.now(), after(-31))
    assert [(event.to_stage, event.actor, event.note) for event in events(order)] == [
        ("submitting", "job", ""),
        ("unknown", "job", "it may have been bought after the copy was made"),
    ]


def test_only_the_leader_doubts_what_was_paid_for_before_a_restoration(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_order("paid", paid_at=after(-60))
    restoration.note(after(-30), config.deadline_s)
    leases.release(leader)
    lead()
    assert orders.submit_next(provider, leader, config) is None
    assert (order.fresh().stage, Submission.select().count(), provider.bought) == ("paid", 0, [])


# --- the last two minutes


def test_nothing_is_begun_in_the_last_two_minutes(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_order("paid", deadline_at=after(120))
    assert orders.submit_next(provider, leader, config) is None
    assert provider.bought == []
    make_order("paid", plan_id="in-time", deadline_at=after(120.1))
    provider.answers = [placed()]
    assert orders.submit_next(provider, leader, config)


def test_what_is_not_paid_for_is_not_bought(provider: Provider, leader: Leadership, config: Config) -> None:
    for stage in ("awaiting_payment", "expired", "failed", "unknown", "accepted", "ready"):
        make_order(stage, plan_id=stage)
    Submission.update(sent_at=after(-60)).execute()
    assert orders.submit_next(provider, leader, config) is None


# --- a leader that ends in the middle


def test_what_was_never_sent_goes_back_in_line() -> None:
    order = make_order("submitting")
    Submission.update(sent_at=None).execute()
    assert orders.take_over(Leadership("new", 2)) == 1
    assert (order.fresh().stage, intent_of(order).outcome) == ("paid", "not_sent")
    assert (events(order)[-1].actor, events(order)[-1].note) == ("job", "the process ended before sending")


def test_what_was_sent_is_looked_up_before_ordering_again() -> None:
    order = make_order("submitting")
    assert orders.take_over(Leadership("new", 2)) == 1
    assert (order.fresh().stage, intent_of(order).outcome) == ("unknown", None)
    note = "the process ended before the answer was recorded"
    assert (events(order)[-1].actor, events(order)[-1].note) == ("job", note)


def test_what_is_over_or_waits_is_not_taken_over() -> None:
    for stage in ("paid", "unknown", "accepted", "ready"):
        make_order(stage, plan_id=stage)
    assert orders.take_over(Leadership("new", 2)) == 0


def test_a_leader_does_not_take_over_what_it_is_doing_itself(advance: Advance) -> None:
    order = make_order("submitting")
    assert orders.take_over(Leadership("same", 1)) == 0
    assert order.fresh().stage == "submitting"
    advance(orders.CALL_CAN_TAKE.total_seconds())
    assert orders.take_over(Leadership("same", 1)) == 0
    advance(0.1)
    assert orders.take_over(Leadership("same", 1)) == 1
    assert order.fresh().stage == "unknown", "no call takes so long: it has been forgotten"


def test_an_answer_that_could_not_be_written_down_is_looked_up(
    provider: Provider,
    leader: Leadership,
    config: Config,
    advance: Advance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def locked(*_values: object, **_more: object) -> bool:
        raise OperationalError("database is locked")

    order, answer = make_order("paid"), placed("ref-1")
    provider.answers, provider.window = [answer], window(answer)
    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr(buying, "record", locked)
        orders.submit_next(provider, leader, config)
    advance(60)
    orders.take_over(leader)
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, provider.bought) == ("ready", [order.esimgo_product_id])


def test_the_late_outcome_of_a_former_leader_is_still_recorded(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    def successor() -> None:
        leases.release(leader)
        orders.take_over(lead())
        assert order.fresh().stage == "unknown"

    order = make_order("paid")
    provider.answers, provider.meanwhile = [placed("ref-late")], successor
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, intent_of(order).outcome) == ("ready", "bought")
    assert intent_of(order).esimgo_order_id == "ref-late"


@pytest.mark.parametrize(("error", "outcome"), OUTCOMES[:5], ids=lambda value: type(value).__name__)
def test_a_late_answer_that_nothing_was_bought_is_used_too(
    provider: Provider, leader: Leadership, config: Config, error: EsimGoError, outcome: Outcome
) -> None:
    def successor() -> None:
        leases.release(leader)
        orders.take_over(lead())

    order = make_order("paid")
    provider.answers, provider.meanwhile = [error], successor
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, intent_of(order).outcome) == outcome[:2]


def test_a_late_answer_after_its_order_was_found_changes_nothing(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    def successor() -> None:
        leases.release(leader)
        orders.take_over(lead())
        provider.window = window(answer)
        assert reconciling.reconcile(provider, config) == 1

    order, answer = make_order("paid"), placed("ref-1")
    provider.answers, provider.meanwhile = [answer], successor
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, intent_of(order).outcome) == ("ready", "bought")
