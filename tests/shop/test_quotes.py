"""Asked before the money: would eSIM Go sell it now, at this price, and can it be bought in time?"""

from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import BUNDLE, after, make_bundle, make_customer, make_order, quoted
from tests.shop.moments import Moments
from tests.shop.standins import Provider, said
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.errors import EsimGoError
from webapp.clients.esimgo.payloads import OrderQuote
from webapp.models import Bundle, Order, Plan, PriceRule
from webapp.orders import quotes
from webapp.orders.places import Places
from webapp.state import outages
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("shelves")


def quote(total: float = 4.2, *, valid: bool = True) -> OrderQuote:
    return OrderQuote.model_validate({"valid": valid, "total": total, "currency": "USD"})


def opened(ago_s: float = 0, **values: Any) -> Order:
    """An order whose payment sheet is open."""
    return make_order(invoiced_at=after(-ago_s), **values)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (quote(), "ok"),
        (quote(4.41), "ok"),
        (quote(4.42), "dearer"),
        (quote(valid=False), "refused"),
        (errors.Refused(400, "no such bundle"), "refused"),
    ],
)
def test_each_answer_is_a_verdict(
    provider: Provider, config: Config, answer: OrderQuote | EsimGoError, verdict: str
) -> None:
    order = opened()
    provider.quote = answer
    assert quotes.check_due(provider, config) == 1
    assert quotes.verdict(order, config) == verdict


def test_a_dearer_bundle_is_sold_at_its_new_price_from_now_on(provider: Provider, config: Config) -> None:
    opened()
    provider.quote = quote(5)
    quotes.check_due(provider, config)
    assert (Bundle.get().wholesale, Plan.get().retail, Plan.get().stars) == (5000, 7000, 539)


@pytest.mark.parametrize(("stars", "sold_for"), [(340, 340), (339, 476)])
def test_what_would_be_sold_below_its_cost_has_a_new_price_though_it_rose_by_little(
    provider: Provider, config: Config, stars: int, sold_for: int
) -> None:
    """5 % are tolerated, and 340 Stars bring in 4.42 at what Telegram pays."""
    opened()
    Plan.update(stars=stars).execute()
    provider.quote = quote(4.41)
    quotes.check_due(provider, config)
    assert Plan.get().stars == sold_for


@pytest.mark.parametrize("statement", ['UPDATE .* SET "wholesale"', 'UPDATE .* SET "checked_at"'])
def test_whoever_hears_of_a_new_price_finds_it(
    provider: Provider, config: Config, moments: Moments, statement: str
) -> None:
    order = opened()
    provider.quote = quote(5)
    moments.fail(statement, OSError("we die here"))
    with pytest.raises(OSError, match="we die here"):
        quotes.check_due(provider, config)
    assert (quotes.verdict(order, config), Plan.get().stars) == ("missing", order.stars)
    quotes.check_due(provider, config)
    assert (quotes.verdict(order, config), Plan.get().stars) == ("dearer", 539)


def test_a_rule_that_nobody_can_read_stops_one_bundle_and_no_other(
    provider: Provider, config: Config
) -> None:
    first, other = two_sheets()
    PriceRule.create(scope="moon")
    answers_by_bundle(provider, odd=quote(9))
    assert quotes.check_due(provider, config) == 2
    assert (quotes.verdict(first, config), quotes.verdict(other, config)) == ("refused", "ok")


def test_no_funds_close_the_sales(provider: Provider, config: Config) -> None:
    opened()
    provider.quote = errors.OutOfFunds(400, "funds")
    quotes.check_due(provider, config)
    assert outages.now().sales_paused


@pytest.mark.parametrize(
    "error",
    [errors.RateLimited(5), errors.NotSent("no"), errors.AccessDenied(401, "key")],
)
def test_an_outage_is_told_and_the_last_verdict_grows_old_by_itself(
    provider: Provider, config: Config, advance: Advance, error: EsimGoError
) -> None:
    order = opened()
    provider.quote = quote()
    quotes.check_due(provider, config)
    advance(70)
    provider.quote = error
    with pytest.raises(type(error)):
        quotes.check_due(provider, config)
    assert quotes.verdict(order, config) == "ok"
    advance(config.quote_s)
    assert quotes.verdict(order, config) == "missing"


def test_a_key_that_may_not_buy_puts_buying_in_doubt_until_it_may(provider: Provider, config: Config) -> None:
    opened()
    provider.quote = errors.AccessDenied(401, "key")
    with pytest.raises(errors.AccessDenied):
        quotes.check_due(provider, config)
    assert provider_state.is_buying_in_doubt()
    provider.quote = quote()
    quotes.check_due(provider, config)
    assert not provider_state.is_buying_in_doubt()


def test_without_funds_a_bundle_is_not_asked_about_at_every_tick(
    provider: Provider, config: Config, advance: Advance
) -> None:
    opened()
    provider.quote = errors.OutOfFunds(400, "funds")
    for _ in range(5):
        quotes.check_due(provider, config)
    assert len(provider.asked_about) == 1
    advance(4)
    quotes.check_due(provider, config)
    assert len(provider.asked_about) == 2


NOT_OURS = errors.AccessDenied(403, "no access: Bundle is not accessible to you", ("no_access",))


def answers_by_bundle(provider: Provider, **told: OrderQuote | EsimGoError) -> None:
    """What is not named is sold as ever."""

    def validate(bundle: str, iccid: str | None = None) -> OrderQuote:
        provider.asked_about.append(bundle)
        return said(told.get(bundle, quote()))

    provider.validate_order = validate  # type: ignore[method-assign] # an answer for each bundle


def two_sheets() -> tuple[Order, Order]:
    """One for a bundle that is asked about first and gets another answer than the other."""
    odd, other = make_bundle("odd", checked_at=after(-200)), opened()
    first = opened(plan_id="odd", esimgo_product_id=odd.name)
    quoted(ago_s=150)
    return first, other


@pytest.mark.parametrize("silence", [errors.Unavailable("status 500"), errors.TryLater(20, "Processing")])
def test_a_bundle_that_gets_no_answer_does_not_hold_up_the_others(
    provider: Provider, config: Config, silence: EsimGoError
) -> None:
    _, other = two_sheets()
    answers_by_bundle(provider, odd=silence)
    quotes.check_due(provider, config)
    assert quotes.verdict(other, config) == "ok"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("silence", [errors.Unavailable("status 500"), errors.TryLater(20, "Processing")])
@pytest.mark.parametrize("stage", ["awaiting_payment", "paid"])
def test_a_bundle_that_gets_no_answer_is_asked_about_again_in_three_seconds(
    provider: Provider, config: Config, advance: Advance, stage: str, silence: EsimGoError
) -> None:
    """Its last word grows old by itself."""
    order = make_order(stage, invoiced_at=after(0))
    quoted("ok", ago_s=90)
    provider.quote = silence
    for wait_s, asked in ((2.9, 1), (0.1, 1), (0, 2)):
        quotes.check_due(provider, config)
        assert (len(provider.asked_about), wait_s) == (asked, wait_s)
        advance(wait_s)
    assert quotes.verdict(order, config) == "ok"


@pytest.mark.parametrize("asked", [True, False])
def test_when_nobody_may_be_asked_the_others_are_not_tried(
    provider: Provider, config: Config, asked: bool
) -> None:
    two_sheets()
    limit = errors.RateLimited(1) if asked else errors.TryLater(1, "our own request budget is used up")
    limit.asked = asked
    answers_by_bundle(provider, odd=limit)
    with pytest.raises(errors.TryLater):
        quotes.check_due(provider, config)
    assert provider.asked_about == ["odd"]


def test_a_bundle_that_is_not_ours_to_have_is_refused_and_holds_up_nobody(
    provider: Provider, config: Config
) -> None:
    first, other = two_sheets()
    answers_by_bundle(provider, odd=NOT_OURS)
    assert quotes.check_due(provider, config) == 2
    assert (quotes.verdict(first, config), quotes.verdict(other, config)) == ("refused", "ok")
    assert not provider_state.is_buying_in_doubt(), "others are sold"


def test_when_nothing_is_ours_to_have_the_sales_close_and_open_again(
    provider: Provider, config: Config
) -> None:
    opened()
    for name in ("b", "c", "d"):
        make_bundle(name)
    provider.quote = NOT_OURS
    quotes.check_due(provider, config)
    assert provider_state.is_buying_in_doubt()
    with pytest.raises(errors.AccessDenied):
        quotes.probe(provider)
    assert len(set(provider.asked_about)) == len(provider.asked_about[1:]) == quotes.PROBES
    answers_by_bundle(provider, **{provider.asked_about[1]: NOT_OURS})
    assert quotes.probe(provider), "the cheapest may be closed to us while the next one is sold"


def test_a_refusal_of_the_cheapest_bundle_alone_does_not_keep_the_shop_closed(provider: Provider) -> None:
    provider.quote = errors.Refused(400, "no such bundle")
    assert quotes.probe(provider)
    provider.quote = errors.OutOfFunds(400, "funds")
    with pytest.raises(errors.OutOfFunds):
        quotes.probe(provider)


@pytest.mark.parametrize("valid", [True, False])
def test_a_probe_asks_about_the_cheapest_bundle(provider: Provider, valid: bool) -> None:
    make_bundle("esim_cheap", wholesale=100)
    provider.quote = quote(valid=valid)
    assert quotes.probe(provider) is valid
    assert provider.asked_about == ["esim_cheap"]


def test_a_verdict_is_renewed_every_minute_while_the_sheet_is_open(
    provider: Provider, config: Config, advance: Advance
) -> None:
    opened()
    provider.quote = quote()
    for _ in range(20):
        quotes.check_due(provider, config)
        advance(30)
    assert len(provider.asked_about) == 10
    for _ in range(4):
        quotes.check_due(provider, config)
        advance(61)
    assert len(provider.asked_about) == 10, "ten minutes are enough"


def test_many_buyers_of_one_bundle_are_one_question(provider: Provider, config: Config) -> None:
    for number in range(5):
        opened(customer=make_customer(number + 1))
    provider.quote = quote()
    assert quotes.check_due(provider, config) == 1
    assert len(provider.asked_about) == 1


@pytest.mark.parametrize("stage", ["expired", "submitting", "ready", "failed"])
def test_only_open_sheets_are_asked_about(provider: Provider, config: Config, stage: str) -> None:
    make_order(stage, invoiced_at=after(0))
    make_order(plan_id="never-opened")
    assert quotes.check_due(provider, config) == 0


def test_a_verdict_counts_for_its_time_only(config: Config) -> None:
    order = opened()
    quoted("ok", ago_s=config.quote_s - 5)
    assert quotes.verdict(order, config) == "ok"
    quoted("ok", ago_s=config.quote_s + 1)
    assert quotes.verdict(order, config) == "missing"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("older_s", "verdict"), [(0, "ok"), (0.1, "missing")])
def test_a_verdict_counts_to_the_second(config: Config, older_s: float, verdict: str) -> None:
    order = opened()
    quoted("ok", ago_s=config.quote_s + older_s)
    assert quotes.verdict(order, config) == verdict


def test_a_missing_verdict_is_waited_for_a_moment(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    order = opened()
    before = clock.monotonic()
    quotes.wait_for_verdict(order.reference, config, Places(1))
    assert clock.monotonic() - before >= quotes.PATIENCE_S
    quoted()
    slept = list[float]()
    monkeypatch.setattr(clock, "sleep", slept.append)
    quotes.wait_for_verdict(order.reference, config, Places(1))
    quotes.wait_for_verdict("no-such-order", config, Places(1))
    assert slept == []


def test_waiting_ends_when_the_verdict_comes_and_leaves_its_place_to_the_next(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, places = list[float](), Places(1)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        quoted()

    monkeypatch.setattr(clock, "sleep", sleep)
    quotes.wait_for_verdict(opened().reference, config, places)
    assert slept == [0.05]
    with places.of(2) as free:
        assert free


def test_it_is_the_verdict_on_this_order_that_is_waited_for(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    quoted()
    make_bundle("unasked")
    order = opened(plan_id="unasked", esimgo_product_id="unasked")
    slept = list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        Bundle.update(check_verdict="ok", checked_at=clock.now()).execute()

    monkeypatch.setattr(clock, "sleep", sleep)
    quotes.wait_for_verdict(order.reference, config, Places(1))
    assert slept == [0.05]


@pytest.mark.parametrize(("at_once", "waits_already"), [(1, 2), (4, 1)], ids=["all_taken", "the_same_person"])
def test_who_finds_no_place_to_wait_is_not_kept(
    config: Config, monkeypatch: pytest.MonkeyPatch, at_once: int, waits_already: int
) -> None:
    order, slept, places = opened(customer=make_customer(1)), list[float](), Places(at_once)
    monkeypatch.setattr(clock, "sleep", slept.append)
    with places.of(waits_already):
        quotes.wait_for_verdict(order.reference, config, places)
    assert slept == []


# --- when it is asked for again


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("verdict", "ago_s", "asked"),
    [("ok", 59.9, 0), ("ok", 60, 1), ("refused", 2.9, 0), ("refused", 3, 1), ("", 2.9, 0), ("", 3, 1)],
)
def test_a_verdict_is_asked_for_again_after_a_minute_and_a_doubtful_one_after_three_seconds(
    provider: Provider, config: Config, verdict: str, ago_s: float, asked: int
) -> None:
    opened()
    quoted(verdict, ago_s=ago_s)
    assert quotes.check_due(provider, config) == asked


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("ago_s", "asked"), [(599.9, 1), (600, 0)])
def test_a_sheet_that_was_opened_ten_minutes_ago_is_not_asked_about(
    provider: Provider, config: Config, ago_s: float, asked: int
) -> None:
    opened(ago_s)
    assert quotes.check_due(provider, config) == asked


@pytest.mark.parametrize("answer", [quote(4.41), quote(9, valid=False)])
def test_a_price_that_is_not_to_be_paid_changes_none_of_ours(
    provider: Provider, config: Config, answer: OrderQuote
) -> None:
    opened()
    provider.quote = answer
    quotes.check_due(provider, config)
    assert (Bundle.get().wholesale, Plan.get().stars) == (4200, 453)
    assert Bundle.get().check_total == answer.total


def test_an_answer_about_one_bundle_says_nothing_of_another(provider: Provider, config: Config) -> None:
    other = make_bundle("other")
    opened()
    quotes.check_due(provider, config)
    assert Bundle.get_by_id(other.id).checked_at is None


def test_a_bundle_that_is_gone_is_not_asked_about(provider: Provider) -> None:
    make_bundle("gone", wholesale=1, gone_at=after(-60))
    assert quotes.probe(provider)
    assert provider.asked_about == [BUNDLE]


def test_with_nothing_on_sale_nothing_is_sold(provider: Provider) -> None:
    Bundle.update(gone_at=after(-60)).execute()
    assert not quotes.probe(provider)
    assert provider.asked_about == []


# --- bought next


def test_what_is_bought_next_is_asked_about_before_its_turn_and_before_any_sheet(
    provider: Provider, config: Config, advance: Advance
) -> None:
    """So that it leaves when its turn comes, and not after a question."""
    make_bundle("bought")
    opened()
    line = [make_order("paid", esimgo_product_id="bought", plan_id=f"plan-{number}") for number in range(12)]
    Order.update(paid_at=after(-60)).execute()
    last = make_order("paid", esimgo_product_id=make_bundle("far behind").name, plan_id="last")
    Bundle.update(checked_at=None).execute()
    assert quotes.check_due(provider, config) == 2
    assert provider.asked_about == ["bought", BUNDLE]
    assert (quotes.verdict(line[0], config), quotes.verdict(last, config)) == ("ok", "missing")
    advance(60)
    quotes.check_due(provider, config)
    assert provider.asked_about[2:] == ["bought", BUNDLE]


def test_what_waits_for_reasons_of_its_own_is_not_asked_about(provider: Provider, config: Config) -> None:
    make_order("paid", next_try_at=after(60))
    Bundle.update(checked_at=None).execute()
    assert quotes.check_due(provider, config) == 0


def test_how_long_the_answer_took_is_noted(
    provider: Provider, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    moments = iter((100.0, 107.5))
    monkeypatch.setattr(clock, "monotonic", lambda: next(moments))
    quotes.check_due(provider, config)
    assert Bundle.get().check_ms == 7500


def test_of_several_sheets_the_newest_of_each_customer_is_in_a_hurry(
    provider: Provider, config: Config
) -> None:
    """They look at that one. All that eSIM Go refuses, asked about every three seconds, would use up their
    share of questions.
    """
    refused = {"check_verdict": "refused", "checked_at": after(-3)}
    for number, payer in enumerate((1, 1, 1, 2)):
        name = make_bundle(f"b{number}", **refused).name
        opened(10 * number, plan_id=name, esimgo_product_id=name, customer=make_customer(payer))
    provider.quote = quote(valid=False)
    quotes.check_due(provider, config)
    assert sorted(provider.asked_about) == ["b0", "b3"]
