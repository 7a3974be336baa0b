"""A catalogue that changes under the shop, and one of the size of the real one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.esimgo import offers
from tests.sandbox.esimgo import TURKEY, TURKEY_SMALL, Provider, running

RENAMED = "esim_3GB_30D_TR_V3"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def names(provider: Provider) -> list[str]:
    found: list[str] = []
    for page in (1, 2):
        rows = provider.get(f"/catalogue?perPage=1000&page={page}")["bundles"]
        found += [row["name"] for row in rows]
    return found


def edit(provider: Provider, **wish: Any) -> int:
    return int(provider.control("POST", "catalogue", wish)["bundles"])


def test_a_renamed_bundle_stands_where_the_old_one_stood(provider: Provider) -> None:
    before = names(provider)
    assert edit(provider, rename={"from": TURKEY, "to": RENAMED}) == len(before)
    assert names(provider) == [RENAMED if name == TURKEY else name for name in before]
    assert provider.order(TURKEY).text == "bundle not available"
    assert provider.order(RENAMED).ok


def test_a_renamed_bundle_may_have_become_another_one(provider: Provider) -> None:
    edit(provider, renamed_bundle={"from": TURKEY, "to": RENAMED, "dataAmount": 5000, "price": 6})
    row = provider.get(f"/catalogue/bundle/{RENAMED}")
    assert (row["dataAmount"], row["price"], row["duration"]) == (5000, 6, 30)
    assert [one["amount"] for one in row["allowances"]] == [5000]
    assert provider.order(TURKEY).text == "bundle not available"
    assert provider.buy(RENAMED)["total"] == 6


def test_a_bundle_is_renamed_by_a_control_of_that_name_too(provider: Provider) -> None:
    before = names(provider)
    provider.control("POST", "renamed_bundle", {"from": TURKEY, "to": RENAMED})
    assert names(provider) == [RENAMED if name == TURKEY else name for name in before]
    assert provider.control("POST", "renamed_bundle", {"from": TURKEY, "to": "x"}, expect=400)["error"]


def test_an_esim_keeps_what_was_bought_under_the_old_name(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY)
    provider.buy(TURKEY, body={"assign": False})
    edit(provider, rename=[{"from": TURKEY, "to": RENAMED}])
    row = provider.get(f"/esims/{iccid}/bundles")["bundles"][0]
    assert (row["name"], row["description"]) == (TURKEY, "eSIM, 3GB, 30 Days, Turkey, V2")
    assert provider.get("/inventory")["bundles"][0]["name"] == TURKEY
    assert provider.call("POST", "/esims/apply", json={"name": TURKEY}).ok


def test_an_order_in_processing_is_served_although_its_bundle_has_gone(provider: Provider) -> None:
    reference = provider.buy(TURKEY, quantity=6)["orderReference"]
    edit(provider, remove=[TURKEY])
    provider.control("POST", "clock", {"advance_s": 6})
    assert len(provider.get(f"/orders/{reference}")["order"][0]["iccids"]) == 6


def test_a_removed_bundle_is_not_sold_until_it_returns(provider: Provider) -> None:
    before = names(provider)
    edit(provider, remove=[TURKEY], price={TURKEY_SMALL: 9.995})
    assert TURKEY not in names(provider)
    assert provider.call("GET", f"/catalogue/bundle/{TURKEY}").status_code == 400
    edit(provider, restore=[TURKEY])
    assert sorted(names(provider)) == sorted(before)
    assert provider.get(f"/catalogue/bundle/{TURKEY_SMALL}")["price"] == 9.995
    edit(provider, restore=True)
    assert names(provider) == before
    assert provider.get(f"/catalogue/bundle/{TURKEY_SMALL}")["price"] < 9


def test_a_new_price_is_what_an_order_costs(provider: Provider) -> None:
    edit(provider, price={TURKEY: 7.25})
    assert provider.buy(TURKEY)["total"] == 7.25


def test_the_catalogue_can_shrink_and_a_reset_brings_all_back(provider: Provider) -> None:
    before = names(provider)
    assert edit(provider, keep_only=100) == 100
    assert names(provider) == before[:100]
    provider.control("POST", "reset")
    assert names(provider) == before


def test_a_new_bundle_is_a_changed_copy(provider: Provider) -> None:
    edit(provider, add=[{"name": "esim_4GB_30D_TR_V2", "like": TURKEY, "dataAmount": 4000, "price": 6}])
    row = provider.get("/catalogue/bundle/esim_4GB_30D_TR_V2")
    assert (row["dataAmount"], row["price"], row["duration"]) == (4000, 6, 30)
    assert provider.control("GET", "catalogue")["bundles"] == len(names(provider))


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"sell": 1},
        {"rename": {"from": "esim_1GB_7D_XX_V2", "to": "x"}},
        {"rename": {"from": TURKEY, "to": TURKEY_SMALL}},
        {"rename": {"from": TURKEY}},
        {"rename": {"from": TURKEY, "to": "x", "colour": "red"}},
        {"rename": {"from": TURKEY, "to": "x", "price": "7"}},
        {"rename": "x"},
        {"remove": TURKEY},
        {"remove": [TURKEY, "esim_1GB_7D_XX_V2"]},
        {"price": {TURKEY: "7"}},
        {"price": {TURKEY: -1}},
        {"price": [TURKEY]},
        {"price": {TURKEY: 1}, "keep_only": -1},
        {"add": [{"name": "x", "like": TURKEY, "colour": "red"}]},
        {"restore": ["esim_1GB_7D_XX_V2"]},
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(provider: Provider, wish: dict[str, Any]) -> None:
    before = provider.get("/catalogue?perPage=1000")
    assert provider.control("POST", "catalogue", wish, expect=400)["error"]
    assert provider.get("/catalogue?perPage=1000") == before


def test_changes_are_kept_over_a_restart(tmp_path: Path) -> None:
    with running(state=tmp_path / "state.json") as provider:
        edit(provider, rename={"from": TURKEY, "to": RENAMED})
    with running(state=tmp_path / "state.json") as provider:
        assert RENAMED in names(provider)
        assert TURKEY not in names(provider)


def test_six_thousand_bundles_over_190_countries_are_the_same_every_time() -> None:
    first, second = offers.sized(6000, 190), offers.sized(6000, 190)
    assert first.bundles == second.bundles
    assert len({bundle["name"] for bundle in first.bundles}) == 6000
    bases = {bundle["countries"][0]["iso"] for bundle in first.bundles}
    assert len([iso for iso in bases if iso in first.areas]) == 190
    assert bases >= {"IC", "CYP", "US-HI", "AN", "TR", "Europe Lite", "Asia", "Global", "Global - Max"}
    groups = {group: 0 for bundle in first.bundles for group in bundle["groups"]}
    assert len(groups) == 5


def test_a_large_catalogue_is_read_page_by_page() -> None:
    with running(offers=offers.sized(6000, 190)) as provider:
        first = provider.get("/catalogue?perPage=500")
        assert (first["rows"], first["pageCount"]) == (6000, 12)
        found = {row["name"] for row in first["bundles"]}
        for page in range(2, 13):
            found |= {row["name"] for row in provider.get(f"/catalogue?perPage=500&page={page}")["bundles"]}
    assert len(found) == 6000


@pytest.mark.parametrize(("bundles", "countries"), [(6000, 0), (6000, 1000), (10, 190), (60_000, 190)])
def test_a_size_that_cannot_be_made_is_refused_in_words(bundles: int, countries: int) -> None:
    with pytest.raises(ValueError, match="countries"):
        offers.sized(bundles, countries)
