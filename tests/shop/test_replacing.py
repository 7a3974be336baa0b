"""While an order waits, eSIM Go renames its bundle, replaces it or takes it away: it is bought as one that is
equal or better, or its money goes back.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    BUNDLE,
    after,
    country,
    events,
    intent_of,
    lead,
    make_order,
    make_top_up,
    on_sale,
    placed,
    window,
)
from tests.shop.offers import EUROPE, FRANCE, TR_1GB, TURKEY, stock
from tests.shop.standins import Provider
from webapp import catalogue, orders
from webapp.base import crash_points
from webapp.base.config import Config
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.payloads import CatalogueBundle, OrderQuote, ProviderOrder
from webapp.models import Assignment, Bundle, Esim, Order, Refund, Submission
from webapp.orders import reconciling
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("still")

V3 = "esim_3GB_30D_TR_V3"
GREECE, CYPRUS = country("GR", "Greece"), country("CY", "Cyprus")
TR_3GB = on_sale(BUNDLE, [TURKEY])

Settles = Callable[[Order], Order]


def renamed(name: str = V3, speeds: tuple[str, ...] = ("4G", "5G"), **values: Any) -> CatalogueBundle:
    """What was BUNDLE, but for this."""
    places = values.pop("base", [TURKEY])
    return on_sale(name, places, **values).model_copy(update={"speeds": speeds})


def unlimited(name: str, word: str, **values: Any) -> CatalogueBundle:
    return renamed(name, gigabytes=None, group=f"Standard Unlimited {word}", **values)


class Shelf(Provider):
    """eSIM Go, which sells what is on this shelf, each for its price."""

    def __init__(self, *bundles: CatalogueBundle) -> None:
        super().__init__()
        self.sells(*bundles)

    def sells(self, *bundles: CatalogueBundle) -> None:
        self.listed = list(bundles)
        self.shelf = {bundle.name: bundle for bundle in bundles}
        self.answers = []

    def create_order(self, bundle: str, **more: Any) -> ProviderOrder:
        """With what was asked for, unless a test says otherwise."""
        self.answers = self.answers or [placed(f"ref-{len(self.bought)}", item=bundle)]
        return super().create_order(bundle, **more)

    def validate_order(self, bundle: str, iccid: str | None = None) -> OrderQuote:
        self.asked_about.append(bundle)
        if isinstance(self.quote, Exception):
            raise self.quote
        if bundle not in self.shelf:
            raise errors.Refused(400, "bundle not available")
        return OrderQuote.model_validate({"valid": True, "total": self.shelf[bundle].wholesale / 1000})


@pytest.fixture
def shelf(config: Config) -> Shelf:
    """As it is when the order is paid."""
    shelf = Shelf(TR_3GB, TR_1GB)
    stock(config, *shelf.listed)
    provider_state.balance_seen(1_000_000)
    return shelf


@pytest.fixture
def goes_on(shelf: Shelf, config: Config, advance: Advance) -> Settles:
    """The order waits until its quote is old, and the jobs work until it is bought or has failed."""
    leadership = lead()

    def go_on(order: Order) -> Order:
        advance(config.quote_s + 1)
        for _ in range(10):
            if order.fresh().stage != "paid":
                break
            orders.submit_next(shelf, leadership, config)
            if catalogue.is_due(config):
                stock(config, *shelf.listed)
            advance(3)
        return order.fresh()

    return go_on


def is_refunded(order: Order) -> bool:
    return order.stage == "failed" and Refund.select().count() == 1


# --- a new name


def test_an_order_is_bought_by_the_new_name_of_its_bundle(shelf: Shelf, goes_on: Settles) -> None:
    order = make_order("paid")
    shelf.sells(renamed(price=4.4), TR_1GB)
    order = goes_on(order)
    assert (order.stage, shelf.bought) == ("ready", [V3])
    assert (order.esimgo_product_id, order.wholesale) == (V3, 4400)
    assert (order.sold_bundle, order.sold_wholesale) == (BUNDLE, 4200)
    assert (order.stars, order.retail, order.data_mb, order.days) == (453, 5880, 3000, 30), (
        "as it was paid for"
    )
    assert Assignment.get().bundle == V3
    note = next(event.note for event in events(order) if event.to_stage == "submitting")
    assert note == f"{V3} at 4.40 instead of {BUNDLE} at 4.20"


def test_a_name_that_the_shop_has_learnt_before_is_asked_about_at_once(shelf: Shelf, config: Config) -> None:
    order = make_order("paid")
    shelf.sells(renamed(), TR_1GB)
    stock(config, *shelf.listed)
    assert Bundle.get(Bundle.name == BUNDLE).check_verdict == "", (
        "what was said before it was gone counts no more"
    )
    orders.submit_next(shelf, lead(), config)
    assert (order.fresh().stage, shelf.asked_about, shelf.bought) == ("ready", [BUNDLE, V3], [V3])


def test_what_is_bought_is_written_before_the_call(shelf: Shelf, goes_on: Settles) -> None:
    order, seen = make_order("paid"), []
    shelf.sells(renamed(price=4.4), TR_1GB)

    def look(crash_point: str) -> None:
        if crash_point == "order.intent.committed":
            row, intent = order.fresh(), intent_of(order)
            seen.append((row.stage, row.esimgo_product_id, row.wholesale, intent.bundle, intent.cost))

    with crash_points.watched(look):
        goes_on(order)
    assert seen == [("submitting", V3, 4400, V3, 4400)]


def test_who_cannot_claim_the_order_leaves_it_as_it_was(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    order, former = make_order("paid"), lead(ttl_s=30)
    shelf.sells(renamed(), TR_1GB)
    stock(config, *shelf.listed)
    advance(31)
    lead()
    assert orders.submit_next(shelf, former, config) is None
    row = order.fresh()
    assert (row.stage, row.esimgo_product_id, row.sold_bundle) == ("paid", BUNDLE, "")
    assert Submission.select().count() == 0


def test_an_answer_that_was_lost_is_looked_up_by_the_new_name(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    shelf.sells(renamed(), TR_1GB)
    shelf.answers = [errors.Unclear("lost")]
    assert goes_on(order).stage == "unknown"
    shelf.window = window(placed("found", item=V3))
    assert reconciling.reconcile(shelf, config) == 1
    assert (order.fresh().stage, Assignment.get().bundle) == ("ready", V3)


# --- what is equal or better

BETTER = [
    renamed(gigabytes=5),
    renamed(days=60),
    renamed(roaming=[GREECE]),
    renamed(speeds=("3G", "5G")),
    renamed(price=4.41),
    renamed(base=[EUROPE], roaming=[TURKEY, FRANCE]),
]
WORSE = [
    renamed(gigabytes=2),
    renamed(days=15),
    renamed(price=4.42),
    renamed(speeds=("3G", "4G")),
    renamed(speeds=()),
    renamed(base=[GREECE]),
    renamed(base=[EUROPE], roaming=[FRANCE]),
    unlimited(V3, "Lite"),
]


@pytest.mark.parametrize("instead", BETTER, ids=repr)
def test_it_is_bought_as_what_is_equal_or_better(
    shelf: Shelf, goes_on: Settles, instead: CatalogueBundle
) -> None:
    order = make_order("paid")
    shelf.sells(instead, TR_1GB)
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])


@pytest.mark.parametrize("instead", WORSE, ids=repr)
def test_what_is_worse_in_anything_is_not_bought_and_the_money_goes_back(
    shelf: Shelf, goes_on: Settles, instead: CatalogueBundle
) -> None:
    order = make_order("paid")
    shelf.sells(instead, TR_1GB)
    order = goes_on(order)
    assert (is_refunded(order), order.failure, shelf.bought) == (True, "refused", [])
    assert (order.esimgo_product_id, order.sold_bundle) == (BUNDLE, "")
    assert V3 not in shelf.asked_about
    assert events(order)[-1].note == "asked again before buying"


@pytest.mark.parametrize(
    ("sold", "offered", "bought"),
    [
        ("lite", ["Essential"], ["Essential"]),
        ("essential", ["Lite"], []),
        ("essential", ["Lite", "Plus"], ["Plus"]),
        ("plus", ["Lite", "Essential"], []),
        ("lite", ["Turbo"], []),
    ],
)
def test_a_tier_is_replaced_by_the_same_or_a_better_one(
    shelf: Shelf, goes_on: Settles, config: Config, sold: str, offered: list[str], bought: list[str]
) -> None:
    stock(config, unlimited(BUNDLE, sold.capitalize()), TR_1GB)
    order = make_order("paid", plan_type="unlimited", data_mb=None, tier=sold)
    shelf.sells(*(unlimited(word, word) for word in offered), renamed(gigabytes=100), TR_1GB)
    assert goes_on(order).stage == ("ready" if bought else "failed")
    assert shelf.bought == bought


def test_a_region_is_replaced_by_what_works_in_all_its_countries(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    """Whatever it is called: the label of a region is no country."""
    asia, narrow = country("Asia", "Asia"), country("Small", "Small")
    stock(config, on_sale(BUNDLE, [EUROPE], roaming=[FRANCE, GREECE]), TR_1GB)
    order = make_order("paid", country_code="europe")
    less = on_sale("less", [EUROPE], roaming=[FRANCE], price=4)
    other = on_sale("other", [narrow], roaming=[FRANCE, CYPRUS], price=4)
    more = on_sale("more", [asia], roaming=[FRANCE, GREECE, CYPRUS])
    shelf.sells(less, other, more, TR_1GB)
    assert (goes_on(order).stage, shelf.bought) == ("ready", ["more"])


def test_a_bundle_of_the_same_country_comes_first_and_then_the_cheapest(
    shelf: Shelf, goes_on: Settles
) -> None:
    order = make_order("paid")
    wide = renamed("wide", base=[EUROPE], roaming=[TURKEY], price=1)
    shelf.sells(wide, renamed("dear", price=4.3), renamed("cheap", gigabytes=5), TR_1GB)
    goes_on(order)
    assert shelf.bought == ["cheap"]


def test_what_has_more_is_told_as_what_was_paid_for(shelf: Shelf, goes_on: Settles) -> None:
    """The eSIM's own page shows what is on it, from eSIM Go's figures."""
    order = make_order("paid")
    shelf.sells(renamed(gigabytes=5, days=60), TR_1GB)
    assert catalogue.title(goes_on(order)) == "Türkiye, 3 GB, 30 days"


# --- what eSIM Go has to say


def test_a_bundle_that_is_listed_and_refused_is_replaced_too(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    shelf.sells(renamed(), TR_1GB)
    shelf.listed = [TR_3GB, *shelf.shelf.values()]
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])
    assert Bundle.get(Bundle.name == BUNDLE).gone_at is None


def test_one_that_is_refused_is_not_bought_but_the_next_is(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    stock(config, renamed("listed", price=4), renamed(), TR_1GB)
    shelf.sells(renamed(), TR_1GB)
    Bundle.update(gone_at=after(0)).where(Bundle.name == BUNDLE).execute()
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])
    assert shelf.asked_about == [BUNDLE, "listed", V3]


def test_one_that_costs_more_than_its_list_says_is_not_bought(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    stock(config, renamed(price=4.2), TR_1GB)
    shelf.sells(renamed(price=4.5), TR_1GB)
    assert (is_refunded(goes_on(order)), shelf.bought) == (True, [])


def test_an_order_whose_bundle_has_become_dearer_is_bought_as_an_equal_one(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    stock(config, TR_3GB, renamed(price=4.3), TR_1GB)
    shelf.sells(on_sale(BUNDLE, [TURKEY], price=5), renamed(price=4.3), TR_1GB)
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])


def test_a_bundle_that_has_become_less_under_its_name_is_replaced(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    shelf.sells(on_sale(BUNDLE, [TURKEY], gigabytes=2), renamed(), TR_1GB)
    stock(config, *shelf.listed)
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])


def test_a_bundle_that_does_not_work_there_any_more_is_not_bought(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    shelf.sells(on_sale(BUNDLE, [GREECE]), TR_1GB)
    stock(config, *shelf.listed)
    assert (is_refunded(goes_on(order)), shelf.bought) == (True, [])


def test_while_nobody_can_say_whether_the_other_is_sold_the_order_waits(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    order, leadership = make_order("paid"), lead()
    stock(config, renamed(), TR_1GB)
    Bundle.update(check_verdict="refused", checked_at=after(0)).where(Bundle.name == BUNDLE).execute()
    shelf.quote = errors.Unavailable("no answer")
    orders.submit_next(shelf, leadership, config)
    assert (order.fresh().stage, order.fresh().next_try_at) == ("paid", after(30))
    advance(30)
    shelf.quote = errors.OutOfFunds(400, "funds")
    orders.submit_next(shelf, leadership, config)
    assert (order.fresh().stage, order.fresh().next_try_at, shelf.bought) == ("paid", after(30), [])


# --- the list is read before an order is given up


def test_a_refused_order_waits_for_the_list_to_be_read_and_lets_others_pass(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    order, leadership = make_order("paid"), lead()
    advance(config.quote_s + 1)
    shelf.sells(TR_1GB)
    for _ in range(3):
        orders.submit_next(shelf, leadership, config)
        assert (order.fresh().stage, order.fresh().next_try_at) == ("paid", after(3))
        assert catalogue.is_due(config)
        advance(3)
    stock(config, TR_1GB)
    orders.submit_next(shelf, leadership, config)
    assert is_refunded(order.fresh())
    assert not catalogue.is_due(config)


def test_a_list_whose_reading_began_before_the_refusal_is_not_enough(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    order, leadership = make_order("paid"), lead()
    advance(config.quote_s + 1)
    shelf.sells(renamed(), TR_1GB)
    refused: list[Order | None] = []

    def while_it_is_read(crash_point: str) -> None:
        if crash_point == "catalogue.read" and not refused:
            advance(1)
            refused.append(orders.submit_next(shelf, leadership, config))
            advance(3)

    with crash_points.watched(while_it_is_read):
        stock(config, TR_3GB, TR_1GB)
    orders.submit_next(shelf, leadership, config)
    assert order.fresh().stage == "paid"
    stock(config, *shelf.listed)
    advance(3)
    orders.submit_next(shelf, leadership, config)
    assert order.fresh().stage == "ready"


def test_a_list_that_could_not_be_read_is_not_asked_for_at_every_tick(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    def breaks_off() -> Any:
        yield from ()
        raise errors.Unavailable("no answer")

    make_order("paid")
    leadership, asked = lead(), 0
    advance(config.quote_s + 1)
    shelf.sells(TR_1GB)
    for _ in range(40):
        orders.submit_next(shelf, leadership, config)
        if catalogue.is_due(config):
            asked += 1
            with pytest.raises(errors.Unavailable):
                catalogue.sync(breaks_off(), config)
        advance(3)
    assert asked == 2, "in two minutes"


def test_a_bundle_that_is_renamed_just_before_it_is_bought_is_bought_by_its_new_name(
    shelf: Shelf, config: Config, advance: Advance
) -> None:
    """Its quote was still good."""
    order, leadership = make_order("paid"), lead()
    shelf.sells(renamed(), TR_1GB)
    shelf.answers = [errors.Refused(400, "bundle not available"), placed("ref", item=V3)]
    for _ in range(3):
        orders.submit_next(shelf, leadership, config)
        advance(3)
        stock(config, *shelf.listed)
    assert (order.fresh().stage, shelf.bought) == ("ready", [BUNDLE, V3])


# --- again and again


@pytest.mark.parametrize(("listed", "asked"), [(4.6, 4.4), (4.4, 4.6)])
def test_the_tolerance_counts_from_the_first_price(
    shelf: Shelf, goes_on: Settles, listed: float, asked: float
) -> None:
    """In the list, and in what eSIM Go then asks."""
    order = make_order("paid")
    shelf.sells(renamed(price=4.4), TR_1GB)
    shelf.answers = [errors.NotSent("no connection")] * 20
    assert goes_on(order).esimgo_product_id == V3
    shelf.sells(renamed("V4", price=asked), TR_1GB)
    shelf.listed = [renamed("V4", price=listed), TR_1GB]
    order = goes_on(order)
    assert (is_refunded(order), order.failure) == (True, "refused")
    assert "V4" not in shelf.bought


def test_a_bundle_that_comes_back_is_bought_as_it_was_sold(
    shelf: Shelf, goes_on: Settles, config: Config
) -> None:
    order = make_order("paid")
    shelf.sells(renamed(price=4.4), TR_1GB)
    shelf.answers = [errors.NotSent("no connection")] * 20
    goes_on(order)
    shelf.sells(TR_3GB, TR_1GB)
    order = goes_on(order)
    assert (order.stage, order.esimgo_product_id, order.wholesale) == ("ready", BUNDLE, 4200)
    assert shelf.bought[-1] == BUNDLE


# --- an eSIM that is topped up


@pytest.mark.parametrize("does_fit", [True, False])
def test_a_top_up_is_replaced_by_what_fits_its_esim(
    shelf: Shelf, goes_on: Settles, config: Config, does_fit: bool
) -> None:
    order = make_top_up()
    shelf.sells(renamed("misfit", price=4), renamed(), TR_1GB)
    shelf.fitting = {V3} if does_fit else set()
    iccid = Esim.get().iccid
    shelf.answers = [placed("top-up", item=V3, iccid=iccid)]
    order = goes_on(order)
    assert (order.stage, shelf.bought) == (("ready", [V3]) if does_fit else ("failed", []))
    assert shelf.topped_up == ([iccid] if does_fit else [])


def test_an_esim_that_is_useless_by_now_gets_nothing_else(shelf: Shelf, goes_on: Settles) -> None:
    order = make_top_up()
    Esim.update(state="suspended").execute()
    shelf.sells(renamed(), TR_1GB)
    shelf.fitting = {V3}
    assert (is_refunded(goes_on(order)), shelf.bought) == (True, [])


def test_one_that_nobody_answers_for_hides_none_behind_it(
    shelf: Shelf, goes_on: Settles, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order("paid")
    shelf.sells(renamed("silent", price=4), renamed(price=4.2), TR_1GB)
    real = shelf.validate_order

    def asked(bundle: str, iccid: str | None = None) -> OrderQuote:
        if bundle == "silent":
            raise errors.Unavailable("no answer")
        return real(bundle, iccid)

    monkeypatch.setattr(shelf, "validate_order", asked)
    assert (goes_on(order).stage, shelf.bought) == ("ready", [V3])
