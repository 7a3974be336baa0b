"""More data for an eSIM that is there: only what fits is offered, and it never becomes another eSIM."""

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    BUNDLE,
    PLAN,
    after,
    charge,
    checkout,
    intent_of,
    lead,
    make_area,
    make_bundle,
    make_esim,
    make_order,
    make_plan,
    make_top_up,
    placed,
    quoted,
    told,
    window,
)
from tests.shop.offers import stock
from tests.shop.standins import Provider
from webapp import orders
from webapp.base.config import Config
from webapp.clients.esimgo.errors import AccessDenied, NotThere, OutOfFunds, Refused, Unavailable, Unclear
from webapp.customers import notifications
from webapp.models import Assignment, Bundle, Compatibility, Esim, Notification, Order, Refund, Submission
from webapp.orders import payments, reconciling, topups
from webapp.orders.buying import UNANSWERED_S
from webapp.orders.payments import stars
from webapp.state import provider as provider_state
from webapp.state.leases import Leadership

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def esim() -> Esim:
    lead()
    make_plan()
    return make_esim(make_order("active"))


def offered(esim: Esim) -> list[str]:
    return [plan.plan_id for plan in topups.offers(esim).plans]


def second_plan() -> None:
    bundle = make_bundle("esim_5GB_30D_TR_V2", data_mb=5000)
    make_plan("tr-5gb-30d", bundle=bundle, area=make_area(), data_mb=5000)


# --- what fits


def test_nothing_is_offered_before_esim_go_has_said_that_it_fits(esim: Esim, provider: Provider) -> None:
    provider.fitting = {BUNDLE}
    assert topups.offers(esim) == ([], 1)
    assert topups.answer(provider) == 1
    assert offered(esim) == [PLAN]
    assert topups.offers(esim).asking == 0


def test_what_does_not_fit_is_never_offered(esim: Esim, provider: Provider) -> None:
    second_plan()
    provider.fitting = {"esim_5GB_30D_TR_V2"}
    topups.offers(esim)
    assert topups.answer(provider) == 2
    assert offered(esim) == ["tr-5gb-30d"]


@pytest.mark.parametrize("error", [NotThere("no such eSIM"), Refused(400, "no such bundle")])
def test_a_question_that_is_refused_means_that_it_does_not_fit(
    esim: Esim, provider: Provider, error: Exception
) -> None:
    provider.fitting = error
    topups.offers(esim)
    topups.answer(provider)
    assert topups.offers(esim) == ([], 0)


def test_while_esim_go_is_away_the_question_stays_open(esim: Esim, provider: Provider) -> None:
    topups.offers(esim)
    provider.fitting = Unavailable("no answer")
    with pytest.raises(Unavailable):
        topups.answer(provider)
    assert topups.offers(esim) == ([], 1)
    provider.fitting = {BUNDLE}
    topups.answer(provider)
    assert offered(esim) == [PLAN]


def test_a_question_without_an_answer_does_not_hold_up_the_others(esim: Esim, provider: Provider) -> None:
    second_plan()
    topups.offers(esim)

    def compatible(iccid: str, bundle: str) -> bool:
        if bundle == BUNDLE:
            raise Unavailable("status 500")
        return True

    provider.compatible = compatible  # type: ignore[method-assign] # two questions, two answers
    for _ in range(2):
        with pytest.raises(Unavailable):
            topups.answer(provider)
    assert offered(esim) == ["tr-5gb-30d"]
    assert topups.offers(esim).asking == 1


def test_a_page_that_is_polled_asks_once(esim: Esim, provider: Provider) -> None:
    for _ in range(5):
        topups.offers(esim)
    assert Compatibility.select().count() == 1
    topups.answer(provider)
    assert topups.answer(provider) == 0
    assert provider.asked_about == [BUNDLE]


def test_nobody_asks_for_a_page_that_was_closed_long_ago(
    esim: Esim, provider: Provider, advance: Advance
) -> None:
    topups.offers(esim)
    advance(61)
    assert topups.answer(provider) == 0
    topups.offers(esim)
    assert topups.answer(provider) == 1


def test_an_answer_counts_for_a_day(esim: Esim, provider: Provider, advance: Advance) -> None:
    provider.fitting = {BUNDLE}
    topups.offers(esim)
    topups.answer(provider)
    advance(23 * 3600)
    assert topups.fits(esim, BUNDLE)
    advance(2 * 3600)
    assert not topups.fits(esim, BUNDLE)
    assert topups.offers(esim) == ([], 1)


@pytest.mark.parametrize("status", ["deleted", "deactivated", "unavailable"])
def test_a_dead_profile_is_offered_nothing(esim: Esim, provider: Provider, status: str) -> None:
    provider.fitting = {BUNDLE}
    topups.offers(esim)
    topups.answer(provider)
    esim.profile_status = status
    assert topups.offers(esim) == ([], 0)
    assert not topups.fits(esim, BUNDLE)


@pytest.mark.parametrize("state", ["suspended", "deactivated"])
def test_nobody_pays_for_an_esim_that_the_supplier_has_closed(
    esim: Esim, provider: Provider, config: Config, state: str
) -> None:
    fitting(esim, provider)
    order = orders.place(esim.customer, make_plan(), esim)
    quoted()
    Esim.update(state=state).where(Esim.id == esim.id).execute()
    assert "cannot be added" in str(payments.pre_checkout(stars.question(checkout(order)), config))


# --- placing it


def fitting(esim: Esim, provider: Provider) -> None:
    provider.fitting = {BUNDLE}
    topups.offers(esim)
    topups.answer(provider)


def test_the_page_asks_then_offers_then_sells(owner: Person, provider: Provider) -> None:
    lead()
    make_plan()
    esim = make_esim(make_order("active"))
    page = f"/esims/{esim.reference}/topup"
    assert "Asking which plans fit" in text(owner.get(page))
    provider.fitting = {BUNDLE}
    topups.answer(provider)
    html = text(owner.get(page))
    assert "Asking" not in html
    assert 'hx-trigger="every' not in html
    assert "3 GB" in html
    answer = owner.post("/orders", plan_id=PLAN, esim=esim.reference)
    assert answer.status_code == 200
    order = Order.get(Order.stage == "awaiting_payment")
    assert (order.esim_id, order.plan_id) == (esim.id, PLAN)
    assert "data-invoice-url" in text(answer)


def test_a_plan_that_does_not_fit_is_not_sold(owner: Person) -> None:
    lead()
    make_plan()
    esim = make_esim(make_order("active"))
    answer = owner.post("/orders", plan_id=PLAN, esim=esim.reference)
    assert answer.status_code == 422
    assert "cannot be added to this eSIM" in text(answer)
    assert Order.select().where(Order.stage == "awaiting_payment").count() == 0


def test_nobody_tops_up_another_ones_esim(stranger: Person, provider: Provider) -> None:
    lead()
    make_plan()
    esim = make_esim(make_order("active"))
    fitting(esim, provider)
    assert stranger.post("/orders", plan_id=PLAN, esim=esim.reference).status_code == 404
    assert Order.select().where(Order.stage == "awaiting_payment").count() == 0


@pytest.mark.parametrize(("name", "status"), [("", 404), ("no-such-esim", 404), ("a\0b", 400)])
def test_an_esim_that_does_not_exist_is_not_topped_up(owner: Person, name: str, status: int) -> None:
    lead()
    make_plan()
    assert owner.post("/orders", plan_id=PLAN, esim=name).status_code == status
    assert Order.select().count() == 0


def test_a_top_up_and_a_new_esim_of_one_plan_are_two_orders(esim: Esim) -> None:
    plan = make_plan()
    for_it = orders.place(esim.customer, plan, esim)
    assert orders.place(esim.customer, plan, esim) == for_it
    assert orders.place(esim.customer, plan) != for_it


def test_what_fits_no_more_is_not_charged(
    esim: Esim, provider: Provider, config: Config, advance: Advance
) -> None:
    fitting(esim, provider)
    order = orders.place(esim.customer, make_plan(), esim)
    quoted()
    assert payments.pre_checkout(stars.question(checkout(order)), config) is None
    Esim.update(profile_status="deleted").where(Esim.id == esim.id).execute()
    assert "cannot be added" in str(payments.pre_checkout(stars.question(checkout(order)), config))


# --- buying it


@pytest.fixture
def leader() -> Leadership:
    return lead()


def test_it_is_bought_for_the_esim_that_is_there(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_top_up()
    esim = Esim.get()
    provider.answers = [placed("ref-1", iccid=esim.iccid)]
    orders.submit_next(provider, leader, config)
    assert provider.topped_up == [esim.iccid]
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "ref-1")
    assert Esim.select().count() == 1
    mine = Assignment.get(Assignment.order == order)
    assert (mine.esim, mine.initial_bytes) == (esim, 3_000_000_000)
    assert Notification.get(Notification.order == order).kind == "topped_up"


def test_another_esim_in_the_answer_is_refunded_and_kept_as_stock(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    """Once it was looked up: the answer alone is not believed."""
    order, answer = make_top_up(), placed("ref-1")
    provider.answers, provider.window = [answer], window(answer)
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, Refund.select().count()) == ("unknown", 0)
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, order.fresh().failure) == ("failed", "mismatch")
    assert Refund.select().count() == 1
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == ("stock", "ref-1")
    assert Esim.select().count() == 1


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (Refused(400, "incompatible"), "paid"),
        (OutOfFunds(400, "balance"), "paid"),
        (Unclear("no answer"), "unknown"),
    ],
)
def test_each_refusal_of_a_top_up_is_named(
    provider: Provider, leader: Leadership, config: Config, error: Exception, stage: str
) -> None:
    order = make_top_up()
    provider.answers = [error]
    orders.submit_next(provider, leader, config)
    assert order.fresh().stage == stage
    assert Refund.select().count() == (stage == "failed")


def test_one_that_is_still_worked_on_is_collected_later(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_top_up()
    provider.answers = [placed("ref-1", esims=0)]
    orders.submit_next(provider, leader, config)
    assert order.fresh().stage == "accepted"
    provider.status = placed("ref-1", esims=0)
    assert orders.collect(provider) == 0
    provider.status = placed("ref-1", iccid=Esim.get().iccid)
    assert orders.collect(provider) == 1
    assert order.fresh().stage == "ready"
    assert Esim.select().count() == 1


@pytest.mark.parametrize("on_it", [True, False])
def test_one_whose_order_names_no_esim_is_known_by_its_assignment(
    provider: Provider, leader: Leadership, config: Config, on_it: bool
) -> None:
    order = make_top_up()
    nameless = placed("ref-1", esims=0).model_copy(update={"status": "completed"})
    provider.answers, provider.status = [nameless], nameless
    orders.submit_next(provider, leader, config)
    assert order.fresh().stage == "accepted"
    provider.installs = list(placed(iccid=Esim.get().iccid if on_it else None).esims)
    assert orders.collect(provider) == on_it
    assert order.fresh().stage == ("ready" if on_it else "accepted")
    assert Esim.select().count() == 1


def test_an_esim_that_may_not_be_topped_up_is_refunded_at_once_and_closes_no_sales(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_top_up()
    provider.answers = [AccessDenied(403, "ICCID not accessible", ("no_access",))]
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, Refund.select().count()) == ("failed", 1)
    assert not provider_state.is_buying_in_doubt()


def test_one_that_turns_out_to_be_another_esim_later_is_refunded(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    order = make_top_up()
    provider.answers, provider.status = [placed("ref-1", esims=0)], placed("ref-1")
    orders.submit_next(provider, leader, config)
    assert orders.collect(provider) == 0
    assert (order.fresh().stage, intent_of(order).outcome) == ("failed", "stock")


# --- a lost answer


@pytest.mark.parametrize("kind", ["bundle", "topup", "apiTopup"])
def test_a_lost_answer_is_found_by_its_iccid(provider: Provider, config: Config, kind: str) -> None:
    order = make_top_up("unknown")
    esim = Esim.get()
    provider.window = window(
        placed("a-new-esim", created_at=after(1)),
        placed("ref-1", created_at=after(2), iccid=esim.iccid, kind=kind),
    )
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "ref-1")


def test_a_new_esim_is_never_taken_for_a_top_up_or_the_other_way_round(
    provider: Provider, config: Config
) -> None:
    top_up = make_top_up("unknown")
    esim = Esim.get()
    new = make_order("unknown", plan_id="new")
    provider.window = window(
        placed("for-the-esim", created_at=after(1), iccid=esim.iccid),
        placed("a-new-esim", created_at=after(2)),
    )
    assert reconciling.reconcile(provider, config) == 2
    assert intent_of(top_up).esimgo_order_id == "for-the-esim"
    assert intent_of(new).esimgo_order_id == "a-new-esim"


def test_a_top_up_alone_does_not_take_what_was_bought_for_a_known_esim(
    provider: Provider, config: Config
) -> None:
    make_top_up("unknown")
    other = make_esim(make_order("active", plan_id="other"))
    provider.window = window(placed("others", created_at=after(1), iccid=other.iccid))
    assert reconciling.reconcile(provider, config) == 0
    assert Submission.select().where(Submission.esimgo_order_id == "others").count() == 0


def test_a_lost_answer_about_another_esim_is_found_and_refunded_not_bought_again(
    provider: Provider, config: Config
) -> None:
    order = make_top_up("unknown")
    provider.window = window(placed("ref-1", created_at=after(1)))
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, intent_of(order).outcome) == ("failed", "stock")
    assert Refund.select().count() == 1


# --- the price after payment


def test_an_order_that_waited_long_is_asked_about_again(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    order = make_order("paid")
    advance(config.quote_s + 1)
    provider.answers = [placed("ref-1")]
    orders.submit_next(provider, leader, config)
    assert (provider.asked_about, provider.bought) == ([BUNDLE], [BUNDLE])
    assert order.fresh().stage == "ready"


def test_a_quote_that_is_fresh_is_not_asked_about_again(
    provider: Provider, leader: Leadership, config: Config
) -> None:
    make_order("paid")
    provider.answers = [placed("ref-1")]
    orders.submit_next(provider, leader, config)
    assert provider.asked_about == []


@pytest.mark.parametrize(("price", "stage"), [("4.41", "ready"), ("4.42", "failed")])
def test_a_dearer_price_is_honoured_within_the_tolerance_and_else_refunded(
    provider: Provider, leader: Leadership, config: Config, advance: Advance, price: str, stage: str
) -> None:
    order = make_order("paid")
    make_plan()
    advance(config.quote_s + 1)
    provider.quote = provider.quote.model_copy(update={"total": int(float(price) * 1000)})  # type: ignore[union-attr]
    provider.answers = [placed("ref-1")]
    orders.submit_next(provider, leader, config)
    assert order.fresh().stage == stage
    assert (order.fresh().failure, Refund.select().count()) == (
        ("dearer", 1) if stage == "failed" else ("", 0)
    )
    assert len(provider.bought) == (stage == "ready")


def test_a_plan_that_is_not_sold_any_more_is_refunded_without_trying(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    order = make_order("paid")
    advance(config.quote_s + 1)
    provider.quote = Refused(400, "no such bundle")
    orders.submit_next(provider, leader, config)
    advance(3)
    stock(config)  # a list in which there is nothing else
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, order.fresh().failure, provider.bought) == ("failed", "refused", [])


def test_while_nobody_can_be_asked_the_order_waits(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    order = make_order("paid")
    advance(config.quote_s + 1)
    provider.quote = Unavailable("no answer")
    orders.submit_next(provider, leader, config)
    assert (order.fresh().stage, provider.bought) == ("paid", [])
    advance(UNANSWERED_S)
    provider.quote = OutOfFunds(400, "balance")
    orders.submit_next(provider, leader, config)
    assert order.fresh().next_try_at is not None
    assert orders.submit_next(provider, leader, config) is None


def test_one_bundle_without_an_answer_does_not_hold_up_who_is_behind_it(
    provider: Provider, leader: Leadership, config: Config, advance: Advance
) -> None:
    first = make_order("paid", paid_at=after(-10))
    advance(config.quote_s + 1)
    make_bundle("esim_other", check_verdict="ok", check_total=4200, checked_at=after(0))
    second = make_order("paid", plan_id="other", esimgo_product_id="esim_other")
    Bundle.update(checked_at=after(-config.quote_s - 1)).where(Bundle.name == BUNDLE).execute()
    provider.quote, provider.answers = Unavailable("status 500"), [placed("ref-1", item="esim_other")]
    for _ in range(2):
        orders.submit_next(provider, leader, config)
    assert (first.fresh().stage, second.fresh().stage) == ("paid", "ready")


def test_a_second_charge_on_a_top_up_goes_back(config: Config) -> None:
    order = make_top_up("paid")
    payments.confirm(stars.charge(order.telegram_user_id, charge(order, "second")), config)
    assert Refund.select().count() == 1


def test_the_chat_of_a_top_up_speaks_of_no_installation(browser: FlaskClient, config: Config) -> None:
    order = make_top_up("ready")
    message = notifications.compose(told(order, "topped_up"), config)
    assert "nothing to install" in message.text
    assert Esim.get().reference in str(message.keyboard)
