"""The stand-in's catalogue, account and admission."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import clock
from tests.sandbox.esimgo import Provider, running


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def all_bundles(provider: Provider) -> list[dict[str, Any]]:
    return list(provider.get("/catalogue?perPage=1000")["bundles"]) + list(
        provider.get("/catalogue?perPage=1000&page=2")["bundles"]
    )


def test_the_pages_of_the_catalogue_hold_every_bundle_once(provider: Provider) -> None:
    first = provider.get("/catalogue?perPage=100")
    names = [bundle["name"] for bundle in first["bundles"]]
    for page in range(2, first["pageCount"] + 1):
        names += [row["name"] for row in provider.get(f"/catalogue?perPage=100&page={page}")["bundles"]]
    assert len(names) == len(set(names)) == first["rows"]
    assert first["pageSize"] == 100


def test_sixty_areas_and_more_are_sold(provider: Provider) -> None:
    areas = {bundle["countries"][0]["iso"] for bundle in all_bundles(provider)}
    assert len(areas) >= 60
    assert areas >= {"TR", "GB", "IC", "CYP", "US-HI", "AN", "Europe Lite", "Asia", "Global"}


def test_turkey_is_sold_in_the_common_sizes_and_unlimited(provider: Provider) -> None:
    rows = provider.get("/catalogue?countries=TR&perPage=100")["bundles"]
    names = {row["name"] for row in rows}
    assert {f"esim_{size}_30D_TR_V2" for size in ("3GB", "5GB", "10GB", "20GB")} <= names
    assert "esim_1GB_7D_TR_V2" in names
    assert {row["countries"][0]["name"] for row in rows} == {"Turkey"}
    assert {row["groups"][0] for row in rows if row["unlimited"]} == {
        "Standard Unlimited Lite",
        "Standard Unlimited Essential",
        "Standard Unlimited Plus",
    }


def test_a_bundle_has_the_fields_of_the_real_one(provider: Provider) -> None:
    row = provider.get("/catalogue?countries=TR&perPage=1")["bundles"][0]
    assert list(row) == [
        *("name", "description", "groups", "countries", "dataAmount", "duration", "speed", "autostart"),
        *("unlimited", "roamingEnabled", "imageUrl", "billingType", "profileName", "allowances", "price"),
    ]
    assert row["name"] == "esim_1GB_7D_TR_V2"
    assert row["description"] == "eSIM, 1GB, 7 Days, Turkey, V2"
    assert (row["dataAmount"], row["duration"]) == (1000, 7)
    assert row["price"] > 0


def test_unlimited_bundles_say_so_and_hide_their_amount(provider: Provider) -> None:
    rows = [bundle for bundle in all_bundles(provider) if bundle["unlimited"]]
    assert len(rows) > 100
    assert {(row["dataAmount"], row["allowances"][0]["unlimited"]) for row in rows} == {(-1, True)}


def test_a_region_is_a_pseudo_country_and_its_coverage_is_roaming(provider: Provider) -> None:
    rows = provider.get("/catalogue?description=Europe Lite")["bundles"]
    assert rows
    for row in rows:
        assert row["countries"] == [{"name": "Europe Lite", "region": "Europe Lite", "iso": "Europe Lite"}]
        assert {"FR", "DE", "IT"} <= {country["iso"] for country in row["roamingEnabled"]}


@pytest.mark.parametrize(
    ("query", "group", "region"),
    [("group=Standard Fixed", "Standard Fixed", None), ("region=Oceania", None, "Oceania")],
)
def test_filters_narrow_the_catalogue(
    provider: Provider, query: str, group: str | None, region: str | None
) -> None:
    rows = provider.get(f"/catalogue?perPage=1000&{query}")["bundles"]
    assert rows
    assert all(group in (None, row["groups"][0]) for row in rows)
    assert all(region in (None, row["countries"][0]["region"]) for row in rows)


def test_the_catalogue_can_be_ordered_by_price(provider: Provider) -> None:
    rows = provider.get("/catalogue?orderBy=price&direction=desc&perPage=1000")["bundles"]
    prices = [row["price"] for row in rows]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] > prices[-1]


@pytest.mark.parametrize("query", ["perPage=0", "perPage=1001", "perPage=x", "page=0", "orderBy=colour"])
def test_a_senseless_page_is_refused(provider: Provider, query: str) -> None:
    answer = provider.call("GET", f"/catalogue?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["message"]


def test_one_bundle_calls_its_groups_group(provider: Provider) -> None:
    row = provider.get("/catalogue/bundle/esim_1GB_7D_TR_V2")
    assert row["group"] == ["Standard Fixed"]
    assert "groups" not in row


def test_bundle_names_are_case_sensitive(provider: Provider) -> None:
    assert provider.call("GET", "/catalogue/bundle/ESIM_1GB_7D_TR_V2").status_code == 400


@pytest.mark.parametrize("key", ["", "wrong", "Bearer sandbox-key"])
def test_a_wrong_key_is_forbidden(provider: Provider, key: str) -> None:
    answer = provider.call("GET", "/catalogue", headers={"X-API-Key": key})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_an_unknown_route_answers_in_the_envelope_of_the_api(provider: Provider) -> None:
    answer = provider.call("GET", "/no/such/thing")
    assert answer.status_code == 404
    assert list(answer.json()) == ["message"]


def test_the_organisation_shows_its_balance_and_an_invented_key(provider: Provider) -> None:
    organisation = provider.get("/organisation")
    assert (organisation["balance"], organisation["currency"]) == (1000, "USD")
    assert "sandbox-key" not in str(organisation)


def test_the_groups_and_networks_are_listed(provider: Provider) -> None:
    assert {"name": "Standard Fixed"} in provider.get("/organisation/groups")["groups"]
    networks = provider.get("/networks?isos=GB,TR")["countryNetworks"]
    assert [row["name"] for row in networks] == ["TR", "GB"]
    assert networks[0]["networks"][0]["speed"]


def test_every_answer_carries_the_limit_and_the_date_of_the_clock() -> None:
    with running(rate_limit=10) as provider:
        provider.control("POST", "clock", {"advance_s": 86_400})
        answer = provider.call("GET", "/organisation/groups")
        assert answer.headers["X-Ratelimit-Limit"] == "10"
        assert answer.headers["X-Ratelimit-Remaining"] == "9"
        assert answer.headers["X-Ratelimit-Cost"] == "1"
        assert answer.headers["X-Ratelimit-Reset"].endswith("Z")
        date = parsedate_to_datetime(answer.headers["Date"])
        assert abs(date - clock.now()) < timedelta(seconds=30)


def test_more_than_ten_calls_in_a_second_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=noon.astimezone))
    with running(rate_limit=10) as provider:
        answers = [provider.call("GET", "/organisation/groups") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    refused = answers[-1]
    assert refused.json() == {"message": "Rate limit exceeded"}
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-Ratelimit-Remaining"] == "0"
