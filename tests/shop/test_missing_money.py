"""While money is missing from eSIM Go's balance, no purchase counts as never made."""

from datetime import timedelta

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import after, intent_of, lead, make_order, make_unknown, placed, quoted, window
from tests.shop.standins import Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import EsimGoError, Unavailable
from webapp.clients.esimgo.payloads import OrderWindow, Organisation, ProviderOrder
from webapp.models import Order, Submission
from webapp.orders import reconciling
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("database")

BEFORE = 100_000
PRICE = 4200


def doubted(balance_before: int | None = BEFORE) -> Order:
    """Looked for in vain often and long enough; the balance was read a minute before it was sent."""
    order = make_unknown(120)
    told_at = None if balance_before is None else after(-180)
    Submission.update(
        looks=5, first_absent_at=after(-600), balance_before=balance_before, balance_at=told_at
    ).where(Submission.id == order.submission_id).execute()
    return order


def stage_after(provider: Provider, config: Config, order: Order, balance: float) -> str:
    provider.account = Organisation.model_validate({"balance": balance / 1000})
    reconciling.reconcile(provider, config)
    return order.fresh().stage


def another(reference: str, ago_s: float, kind: str = "bundle") -> ProviderOrder:
    """Somebody's order of another bundle at the same price."""
    return placed(reference, item="esim_1GB_7D_TH_V2", kind=kind, created_at=after(-ago_s))


def test_absent_with_all_the_money_there_is_absent(provider: Provider, config: Config) -> None:
    order = doubted()
    provider.window = window(another("listed", 90))
    assert stage_after(provider, config, order, BEFORE - PRICE) == "paid"


def test_money_that_no_listed_order_explains_may_be_this_one(
    provider: Provider, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    order = doubted()
    provider.window = window(another("listed", 90))
    assert stage_after(provider, config, order, BEFORE - 2 * PRICE) == "unknown"
    assert f"fallen by {PRICE} more" in caplog.text
    assert stage_after(provider, config, order, BEFORE - PRICE) == "paid", "it has come back"


@pytest.mark.parametrize(("missing", "stage"), [(PRICE // 2, "unknown"), (PRICE // 2 - 1, "paid")])
def test_half_the_price_of_an_order_is_missing_money(
    provider: Provider, config: Config, missing: int, stage: str
) -> None:
    """Prices in the list are rounded and currencies converted: less than that may be no purchase."""
    order = doubted()
    provider.window = window()
    assert stage_after(provider, config, order, BEFORE - missing) == stage


@pytest.mark.parametrize(("told_s", "stage"), [(59 * 60, "unknown"), (59 * 60 + 1, "paid")])
@pytest.mark.usefixtures("still")
def test_a_balance_from_before_the_list_begins_tells_nothing(
    provider: Provider, config: Config, told_s: int, stage: str
) -> None:
    order = doubted()
    sent_at = intent_of(order).sent_at
    Submission.update(balance_at=sent_at - timedelta(seconds=told_s)).execute()
    provider.window = window()
    assert stage_after(provider, config, order, BEFORE - PRICE) == stage


def test_money_that_came_in_is_no_purchase(provider: Provider, config: Config) -> None:
    order = doubted()
    provider.window = window(another("top-up-of-the-balance", 90, kind="autoTopup"))
    assert stage_after(provider, config, order, BEFORE - PRICE) == "unknown"


def test_orders_before_the_balance_was_read_explain_nothing(provider: Provider, config: Config) -> None:
    order = doubted()
    provider.window = window(another("earlier", 1800))
    assert stage_after(provider, config, order, BEFORE - PRICE) == "unknown"


@pytest.mark.parametrize(("ago_s", "stage"), [(240, "paid"), (240.1, "unknown")])
@pytest.mark.usefixtures("still")
def test_an_order_up_to_a_minute_before_the_balance_was_read_explains_its_price(
    provider: Provider, config: Config, ago_s: float, stage: str
) -> None:
    order = doubted()
    provider.window = window(another("edge", ago_s))
    assert stage_after(provider, config, order, BEFORE - PRICE) == stage


@pytest.mark.usefixtures("still")
def test_the_edge_is_measured_on_the_providers_clock(provider: Provider, config: Config) -> None:
    order = doubted()
    early = another("edge", 240 + 600)
    provider.window = OrderWindow((early,), after(-600), True)
    assert stage_after(provider, config, order, BEFORE - PRICE) == "paid"


@pytest.mark.parametrize("kind", ["bundle", "topup", "apitopup"])
def test_whatever_was_bought_explains_its_price(provider: Provider, config: Config, kind: str) -> None:
    order = doubted()
    provider.window = window(another("listed", 90, kind))
    assert stage_after(provider, config, order, BEFORE - PRICE) == "paid"


def test_without_a_balance_from_before_the_list_alone_decides(provider: Provider, config: Config) -> None:
    order = doubted(None)
    provider.window = window()
    assert stage_after(provider, config, order, 0) == "paid"


def test_what_was_found_is_delivered_though_the_balance_is_not_told(
    provider: Provider, config: Config
) -> None:
    order, other = doubted(), make_unknown(30, plan_id="another")
    Submission.update(bundle="another-bundle").where(Submission.id == other.submission_id).execute()
    provider.window = window(placed("found", item="another-bundle", created_at=after(-25)))
    provider.account = Unavailable("no answer")
    with pytest.raises(EsimGoError):
        reconciling.reconcile(provider, config)
    assert (order.fresh().stage, other.fresh().stage) == ("unknown", "ready")


def test_an_intent_remembers_the_balance_before_it(
    provider: Provider, config: Config, advance: Advance
) -> None:
    order = make_order("paid")
    quoted()
    provider_state.balance_seen(BEFORE)
    seen_at = clock.now()
    advance(30)
    provider.answers = [placed()]
    orders.submit_next(provider, lead(), config)
    assert intent_of(order).balance_before == BEFORE
    assert abs((intent_of(order).balance_at + provider_state.BALANCE_LAGS - seen_at).total_seconds()) < 30
