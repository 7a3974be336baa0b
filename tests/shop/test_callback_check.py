"""Do callbacks arrive? What is counted, and what the owner reads."""

import pytest
from flask import Flask

from jobs import check_provider
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import after, lead, near
from tests.shop.standins import Bot, Provider
from tests.shop.test_callbacks import signed
from webapp.base.config import Config
from webapp.clients.esimgo.payloads import Organisation
from webapp.esims import callbacks
from webapp.models import FunnelDay
from webapp.state import funnel
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture(autouse=True)
def counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(funnel, "WRITE_EVERY_S", 0.0)


def test_what_came_last_and_how_it_was_signed(config: Config) -> None:
    assert callbacks.self_check(config).encoding is None
    raw = b'{"alertType": "FirstUse", "iccid": "8944000000000000001"}'
    callbacks.receive(raw, signed(raw), config, Funnel())
    callbacks.receive(b"{}", None, changed(config, esimgo_unsigned_hints="on"), Funnel())
    check = callbacks.self_check(config)
    assert (check.encoding, check.last_kind, near(check.last_at, after(0))) == ("base64", "first_use", True)
    assert near(check.unsigned_at, after(0))


def test_refusals_are_counted_by_day_and_forgotten_after_a_week(config: Config, advance: Advance) -> None:
    for header in (None, "", "junk", "more junk", signed(b"", "another-key")):
        callbacks.receive(b"{}", header, config, Funnel())
    check = callbacks.self_check(config)
    assert (check.refused_unsigned, check.refused_forged) == (2, 3)
    advance(3 * 86400)
    callbacks.receive(b"{}", None, config, Funnel())
    assert callbacks.self_check(config).refused_unsigned == 3
    advance(5 * 86400)
    assert callbacks.self_check(config).refused_unsigned == 1


def test_a_flood_of_refusals_is_written_down_seldom(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, now = Funnel(), [1000.0]
    monkeypatch.setattr(funnel, "WRITE_EVERY_S", 5.0)
    monkeypatch.setattr("webapp.base.clock.monotonic", lambda: now[0])
    for _ in range(1000):
        callbacks.receive(b"{}", None, config, counts)
    assert FunnelDay.get().count == 1
    now[0] += 5
    callbacks.receive(b"{}", None, config, counts)
    assert FunnelDay.get().count == 1001


def test_a_refusal_stays_one_while_the_database_is_away(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    FunnelDay.drop_table()
    assert not callbacks.receive(b"{}", None, config, Funnel())


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://shop.example.com/api/esimgo/webhook", True),
        ("https://Shop.example.com/api/esimgo/webhook/ ", True),
        ("https://shop.example.com/webhook", False),
        ("", False),
    ],
)
def test_the_portals_address_is_read_with_the_balance(
    config: Config, provider: Provider, bot: Bot, monkeypatch: pytest.MonkeyPatch, address: str, fits: bool
) -> None:
    told = Organisation.model_validate({"balance": 10, "callbackUrl": address})
    monkeypatch.setattr(provider, "organisation", lambda: told)
    check_provider.run(Context(config, provider, bot, lead(), {}))
    check = callbacks.self_check(changed(config, public_url="https://shop.example.com"))
    assert (check.address, check.address_fits) == (address.strip(), fits)


def said(app: Flask) -> str:
    answer = app.test_cli_runner().invoke(args=["callbacks"])
    assert answer.exit_code == 0
    return answer.output


def test_the_owner_reads_that_nothing_has_come(app: Flask) -> None:
    told = said(app)
    assert "No signed callback has come" in told
    assert "it has to be http://127.0.0.1:8000/api/esimgo/webhook" in told


def test_the_owner_reads_what_is_wrong_and_what_to_do(app: Flask, config: Config) -> None:
    callbacks.address_seen("https://old.example.com/hook")
    callbacks.receive(b"{}", None, config, Funnel())
    callbacks.receive(b"{}", "junk", config, Funnel())
    told = said(app)
    assert "callback URL is https://old.example.com/hook; it has to be http" in told
    assert "Refused in the last seven days for having no signature: 1." in told
    assert "V3" in told
    assert "ESIMGO_API_KEY_PREVIOUS" in told


def test_the_owner_reads_that_all_is_well(app: Flask, config: Config) -> None:
    callbacks.address_seen(config.public_url + "/api/esimgo/webhook")
    callbacks.receive(b"{}", signed(b"{}"), config, Funnel())
    told = said(app)
    assert "this account signs in base64" in told
    assert "callback URL is right" in told
    assert "Refused" not in told
