"""How often eSIM Go is asked for the balance, and what opens and closes the sales."""

import pytest

from jobs import runner, schedule
from jobs.context import Context
from tests.shop.conftest import Advance
from tests.shop.factories import lead, make_plan
from tests.shop.standins import Bot, Provider
from webapp.base.config import Config
from webapp.clients.esimgo.payloads import OrderQuote, Organisation
from webapp.models import ProviderBalance
from webapp.state import outages
from webapp.state import provider as provider_state


@pytest.fixture
def context(database: Config, provider: Provider, bot: Bot) -> Context:
    return Context(database, provider, bot, lead(), schedule.NAMES)


def organisation(balance: int) -> Organisation:
    return Organisation.model_validate({"name": "Invented", "balance": balance})


def test_a_change_of_the_balance_during_a_look_is_looked_at_again(
    context: Context, provider: Provider, advance: Advance
) -> None:
    """A callback tells of a top-up while the answer of before is on its way."""

    def look() -> Organisation:
        advance(1)
        provider_state.ask_for_balance()
        return organisation(5)

    provider.organisation = look  # type: ignore[method-assign] # it lasts a second
    assert runner.run(schedule.NAMES["check_provider"], context)
    assert provider_state.needs_a_look()


def test_the_balance_is_asked_for_rarely_and_often_while_something_is_wrong(
    context: Context, provider: Provider
) -> None:
    asked: list[int] = []
    balance = [5]

    def look() -> Organisation:
        asked.append(1)
        return organisation(balance[0])

    def runs(times: int) -> int:
        before = len(asked)
        assert [runner.run(check, context) for _ in range(times)] == [True] * times
        return len(asked) - before

    check = schedule.NAMES["check_provider"]
    make_plan()
    provider.organisation = look  # type: ignore[method-assign] # counts
    provider.quote = OrderQuote.model_validate({"valid": True, "total": 4.2})
    assert (runs(3), ProviderBalance.get().amount) == (1, 5000)
    provider_state.out_of_funds(6000)
    assert runs(3) == 3
    assert outages.now().out_of_funds
    balance[0] = 6
    assert runs(3) == 1
    assert not outages.now().out_of_funds


def test_sales_that_were_closed_open_again_when_the_provider_would_sell(
    context: Context, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = schedule.NAMES["check_provider"]
    monkeypatch.setattr(Provider, "organisation", lambda self: organisation(9), raising=False)
    make_plan()
    provider_state.purchase_failed()
    provider.quote = OrderQuote.model_validate({"valid": False})
    runner.run(check, context)
    assert provider_state.is_buying_in_doubt()
    provider.quote = OrderQuote.model_validate({"valid": True, "total": 4.2})
    runner.run(check, context)
    assert not provider_state.is_buying_in_doubt()


def test_an_account_in_another_currency_closes_the_sales_until_it_is_ours(
    context: Context, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    def account(currency: str) -> None:
        told = Organisation.model_validate({"balance": 5, "currency": currency})
        provider.organisation = lambda: told  # type: ignore[method-assign] # changes its mind
        provider_state.ask_for_balance()
        assert runner.run(schedule.NAMES["check_provider"], context)

    for currency, closed in (("USD", False), ("GBP", True), ("GBP", True), ("", True), ("usd", False)):
        account(currency)
        state = outages.now()
        assert (state.other_currency, state.sales_paused) == (closed, closed)
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["eSIM Go's prices are in GBP and the shop's in USD: sales are closed"]
