"""Do callbacks arrive? What is counted, and what the owner reads."""

from pathlib import Path

import pytest
from flask import Flask

from jobs import check_provider
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import after, lead, near
from tests.shop.standins import Bot, Provider
from tests.shop.test_callbacks import signed
from tests.shop.troubles import moved
from webapp.base.config import Config
from webapp.clients.esimgo.payloads import Organisation
from webapp.esims import callbacks
from webapp.models import FunnelDay, db
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("noon")


def refused(header: str | None, config: Config) -> None:
    """And written down."""
    counts = Funnel()
    assert not callbacks.receive(b"{}", header, config, counts)
    counts.write_down()


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
        refused(header, config)
    check = callbacks.self_check(config)
    assert (check.refused_unsigned, check.refused_forged) == (2, 3)
    advance(3 * 86400)
    refused(None, config)
    assert callbacks.self_check(config).refused_unsigned == 3
    advance(5 * 86400)
    assert callbacks.self_check(config).refused_unsigned == 1


def test_a_flood_of_refusals_writes_nothing_and_is_counted_later(config: Config) -> None:
    counts = Funnel()
    for _ in range(1000):
        callbacks.receive(b"{}", None, config, counts)
    assert FunnelDay.select().count() == 0
    counts.write_down()
    counts.write_down()
    assert FunnelDay.get().count == 1000


def test_what_cannot_be_counted_while_the_database_is_away_is_counted_afterwards(
    config: Config,
) -> None:
    counts = Funnel()
    with moved(Path(config.database_url.removeprefix("sqlite:///"))):
        db.keep_connection()
        assert not callbacks.receive(b"{}", None, config, counts)
        counts.write_down()
    counts.write_down()
    assert FunnelDay.get().count == 1


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
    refused(None, config)
    refused("junk", config)
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
