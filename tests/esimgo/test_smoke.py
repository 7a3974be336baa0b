"""`make smoke-live`: what a person sees of a key that works, of one that does not, and of odd shapes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import smoke
from tests.sandbox import esimgo as stand_in
from webapp.base.config import Config
from webapp.clients.http import Answer


@pytest.fixture
def provider() -> Iterator[stand_in.Provider]:
    with stand_in.running() as running:
        yield running


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
    assert "- GET /catalogue: an object with bundles, counts in pageCount" in told
    assert provider.state()["orders"] == []
    assert stand_in.KEY not in told


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
