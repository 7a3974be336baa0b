"""`make smoke-live`: what a person sees of a key that works, of one that does not, and of odd shapes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import smoke
from sandbox import clock as sandbox_clock
from tests.sandbox import esimgo as stand_in
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.http import Answer


@pytest.fixture
def provider() -> Iterator[stand_in.Provider]:
    with stand_in.running() as running:
        yield running


@pytest.fixture
def both_clocks(tmp_path: Path) -> Iterator[None]:
    """The stand-in's and ours are moved together."""
    for each in (clock, sandbox_clock):
        each.use_offset_file(tmp_path / "clock")
    yield
    for each in (clock, sandbox_clock):
        each.use_offset_file(None)


def config_for(provider: stand_in.Provider, key: str, folder: Path) -> Config:
    return Config(
        esimgo_api_key=key,
        esimgo_api_url=f"http://127.0.0.1:{provider.port}/v2.5",
        telegram_bot_token="1:T",
        telegram_api_url="http://127.0.0.1:9",
        telegram_webhook_secret="hook",
        database_url=f"sqlite:///{folder}/none.db",
    )


def test_a_good_key_is_told_of_and_buys_nothing(
    provider: stand_in.Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke.run(config_for(provider, stand_in.KEY, tmp_path)) == 0
    told = capsys.readouterr().out
    assert "The key belongs to" in told
    assert "50 bundles on the first page of the catalogue, 0 not understood." in told
    assert "Nothing was bought." in told
    assert "0 orders in the last day; the filter by time is heeded." in told
    assert "- GET /orders: a bare array" in told
    assert "- GET /catalogue: an object with bundles, counts in pageCount" in told
    assert provider.state()["orders"] == []
    assert stand_in.KEY not in told


@pytest.mark.parametrize(("fault", "told"), [("filter_refused", "refused"), ("filter_ignored", "ignored")])
def test_what_becomes_of_the_filter_by_time_is_told(
    provider: stand_in.Provider,
    both_clocks: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    told: str,
) -> None:
    provider.buy()
    sandbox_clock.advance(2 * 86_400)
    provider.buy()
    provider.fault(fault, match="GET /orders")
    assert smoke.run(config_for(provider, stand_in.KEY, tmp_path)) == 0
    assert f"; the filter by time is {told}." in capsys.readouterr().out


def test_a_bad_key_is_said_to_be_one(
    provider: stand_in.Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert smoke.run(config_for(provider, "another-key", tmp_path)) == 1
    assert capsys.readouterr().out.startswith("eSIM Go: ")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([{"price": "4.20", "group": "x"}], ["a bare array", "price as text", "spelt group"]),
        ({"bundles": [], "rows": 0}, ["an object with bundles", "counts in rows"]),
        ({"total": 1.5}, ["a single object", "counts in total", "total as a number"]),
        ([], ["a bare array"]),
    ],
)
def test_shapes_are_named(body: object, told: list[str]) -> None:
    assert smoke.shapes(Answer(200, {}, json.dumps(body).encode())) == told
