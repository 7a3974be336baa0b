"""What can befall an eSIM: any state at a test's word, travels, deletion; and its papers in every form."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from sandbox import clock
from tests.sandbox.esimgo import TURKEY, TURKEY_SMALL, Provider, running, until
from tests.sandbox.receiver import listening

DAY = 86_400
STATES = ["processing", "queued", "active", "depleted", "expired", "revoked", "lapsed"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def iccid(provider: Provider) -> str:
    return provider.buy_esim(TURKEY)


def decree(provider: Provider, iccid: str, **wish: str) -> Any:
    return provider.control("POST", f"esims/{iccid}/state", wish)


@pytest.mark.parametrize("before", STATES)
def test_a_bundle_goes_from_any_state_to_any_other(provider: Provider, iccid: str, before: str) -> None:
    for after in STATES:
        decree(provider, iccid, bundleState=before)
        shown = decree(provider, iccid, bundleState=after)["bundles"][0]
        assert shown["bundleState"] == after
        if after != "revoked":
            assert ("startTime" in shown) == (after in ("active", "depleted", "expired"))
        assert provider.bundle_states(iccid) == [after]


def test_a_decreed_state_goes_on_by_the_clock(provider: Provider, iccid: str) -> None:
    decree(provider, iccid, bundleState="active", profileStatus="Installed")
    provider.use(iccid, 3000)
    assert provider.bundle_states(iccid) == ["depleted"]
    clock.advance(31 * DAY)
    assert provider.bundle_states(iccid) == ["expired"]


def test_an_unheard_of_state_sticks_until_another_is_set(provider: Provider, iccid: str) -> None:
    decree(provider, iccid, bundleState="paused")
    assert provider.bundle_states(iccid) == ["paused"]
    decree(provider, iccid, bundleState="queued")
    assert provider.bundle_states(iccid) == ["queued"]


def test_one_bundle_of_several_is_meant_by_name_or_number(provider: Provider, iccid: str) -> None:
    provider.buy(TURKEY_SMALL, iccids=[iccid])
    decree(provider, iccid, bundleState="active", bundle=TURKEY)
    assert provider.bundle_states(iccid) == ["active", "queued"]
    number = provider.get(f"/esims/{iccid}/bundles/{TURKEY_SMALL}")["assignments"][0]["id"]
    decree(provider, iccid, bundleState="lapsed", bundle=number)
    assert provider.bundle_states(iccid) == ["active", "lapsed"]


@pytest.mark.parametrize("status", ["Deleted", "Disabled", "Enabled", "Confirmed", "Error", "Unavailable"])
def test_every_profile_status_can_be_had(provider: Provider, iccid: str, status: str) -> None:
    decree(provider, iccid, profileStatus=status)
    details = provider.get(f"/esims/{iccid}")
    assert details["profileStatus"] == status
    assert ("firstInstalledDateTime" in details) == (status in ("Enabled", "Disabled"))


def test_a_profile_removed_from_the_phone_keeps_its_first_install(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    decree(provider, iccid, profileStatus="Released")
    details = provider.get(f"/esims/{iccid}")
    assert (details["profileStatus"], "firstInstalledDateTime" in details) == ("Released", True)
    provider.control("POST", f"esims/{iccid}/use", {"mb": 1}, expect=400)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"colour": "red"},
        {"state": "asleep"},
        {"bundleState": 5},
        {"profileStatus": ""},
        {"bundleState": "active", "bundle": "esim_1GB_7D_FR_V2"},
    ],
)
def test_a_fate_that_makes_no_sense_changes_nothing(
    provider: Provider, iccid: str, wish: dict[str, Any]
) -> None:
    before = provider.state()["esims"]
    assert provider.control("POST", f"esims/{iccid}/state", wish, expect=400)["error"]
    assert provider.state()["esims"] == before


def test_a_new_country_is_told_once() -> None:
    with listening() as shop, running(callback_url=shop.url) as provider:
        iccid = provider.buy_esim()
        for iso in ("NO", "NO", "GR"):
            provider.control("POST", f"esims/{iccid}/country", {"iso": iso})
        until(lambda: len(shop.received) == 2)
        assert provider.get(f"/esims/{iccid}/location")["country"] == "GR"
        assert provider.control("POST", f"esims/{iccid}/country", {"iso": 7}, expect=400)["error"]
    assert [event["country"] for event in shop.events()] == [
        {"code": "NO", "name": "Norway"},
        {"code": "GR", "name": "Greece"},
    ]


def papers(provider: Provider, reference: str, accept: str) -> Any:
    path = f"/esims/assignments?reference={reference}"
    return provider.call("GET", path, headers={"Accept": accept})


def test_install_data_comes_as_a_zip_of_qr_codes(provider: Provider) -> None:
    order = provider.buy(quantity=2)
    for answer in (
        papers(provider, order["orderReference"], "application/zip"),
        provider.call("GET", f"/esims/qr/{order['orderReference']}"),
    ):
        assert answer.headers["Content-Type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert len(archive.namelist()) == 3
        rows = list(csv.reader(io.StringIO(archive.read("assignments.csv").decode())))
        assert [row[0] for row in rows[1:]] == order["order"][0]["iccids"]
        for esim in order["order"][0]["esims"]:
            picture = Image.open(io.BytesIO(archive.read(f"{esim['iccid']}.png"))).convert("L")
            code = zxingcpp.read_barcodes(picture)[0].text
            assert code == f"LPA:1${esim['smdpAddress']}${esim['matchingId']}"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "text/csv"),
        ("text/html", "text/csv"),
        ("text/csv", "text/csv"),
        ("application/json", "application/json"),
        ("application/zip, */*;q=0.1", "application/zip"),
    ],
)
def test_the_form_of_the_papers_follows_the_accept_header(provider: Provider, accept: str, form: str) -> None:
    answer = papers(provider, provider.buy()["orderReference"], accept)
    assert answer.headers["Content-Type"].split(";")[0] == form


def test_several_references_are_one_answer(provider: Provider) -> None:
    first, second = provider.buy(), provider.buy()
    path = f"/esims/assignments?reference={first['orderReference']}&reference={second['orderReference']}"
    rows = provider.get(path, headers={"Accept": "application/json"})
    assert [row["iccid"] for row in rows] == [one["order"][0]["iccids"][0] for one in (first, second)]


def test_a_deleted_esim_is_gone_for_good(provider: Provider) -> None:
    order = provider.buy()
    reference, iccid = order["orderReference"], order["order"][0]["iccids"][0]
    balance = provider.get("/organisation")["balance"]
    assert provider.call("DELETE", f"/esims/{iccid}").json() == {"status": "success"}
    for form in ("application/json", "text/csv", "application/zip"):
        assert papers(provider, reference, form).status_code == 410
    assert provider.call("GET", f"/esims/qr/{reference}").status_code == 410
    assert provider.call("GET", f"/esims/{iccid}").status_code == 403
    assert provider.call("DELETE", f"/esims/{iccid}").status_code == 403
    assert provider.order(TURKEY_SMALL, iccids=[iccid]).status_code == 403
    assert provider.get("/esims")["esims"] == []
    assert provider.get("/inventory") == {"bundles": []}
    assert provider.get("/organisation")["balance"] == balance
    provider.control("POST", f"esims/{iccid}/install", expect=400)


def test_a_deletion_is_told() -> None:
    with listening() as shop, running(callback_url=shop.url) as provider:
        iccid = provider.buy_esim()
        provider.call("DELETE", f"/esims/{iccid}")
        until(lambda: bool(shop.received))
    assert [(event["event"], event["iccid"]) for event in shop.events()] == [("esim.deleted", iccid)]


def test_a_deactivated_esim_is_still_shown_but_dead(provider: Provider) -> None:
    order = provider.buy()
    iccid = order["order"][0]["iccids"][0]
    decree(provider, iccid, state="deactivated", profileStatus="Deactivated")
    assert papers(provider, order["orderReference"], "application/json").status_code == 410
    assert provider.get(f"/esims/{iccid}")["state"] == "deactivated"
    provider.control("POST", f"esims/{iccid}/install", expect=400)
    answer = provider.call("POST", f"/esims/{iccid}/suspend", json={"suspend": False})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [{}, [], {"message": ""}, {"message": "x" * 161}, {"message": 5}, {"message": "x", "from": "Bank"}],
)
def test_an_sms_against_the_rules_is_refused(provider: Provider, iccid: str, body: Any) -> None:
    assert provider.call("POST", f"/esims/{iccid}/sms", json=body).status_code == 400


def test_the_deprecated_forms_still_work(provider: Provider, iccid: str) -> None:
    provider.buy(TURKEY, body={"assign": False})
    applied = provider.call("POST", f"/esims/{iccid}/bundles", json={"name": TURKEY, "startTime": ""}).json()
    assert applied["esims"][0]["iccid"] == iccid
    text = provider.call("GET", f"/esims/csv/{applied['applyReference']}").text
    assert text.splitlines()[1].startswith(f'"{iccid}"')
    number = provider.get(f"/esims/{iccid}/bundles/{TURKEY}")["assignments"][0]["id"]
    path = f"/esims/{iccid}/bundles/{TURKEY}/applications/{number}"
    assert provider.call("DELETE", path).status_code == 200
    assert provider.bundle_states(iccid) == ["queued", "revoked"]
    assert provider.call("POST", f"/esims/{iccid}/bundles", json=[]).status_code == 400


def test_consumption_prices_are_for_other_partners(provider: Provider) -> None:
    answer = provider.call("GET", "/catalogue/prices")
    assert (answer.status_code, list(answer.json())) == (403, ["message"])


def test_the_list_of_esims_takes_operators(provider: Provider) -> None:
    first = provider.buy_esim()
    clock.advance(3600)
    second = provider.buy_esim()
    provider.call("PUT", "/esims", json={"iccid": first, "customerRef": "SHOP-1"})
    since = clock.now().strftime("gte:%Y-%m-%dT%H:00:00Z")
    queries = {
        "filterBy=customerRef&filter=like:shop": [first],
        "filterBy=customerRef&filter=eq:SHOP-1": [first],
        "filterBy=lastAction&filter=Bundle Applied": [first, second],
        f"filterBy=iccid&filter={second}": [second],
        f"filterBy=assignedDate&filter={since}": [second],
        "filterBy=assignedDate&filter=lt:2020-01-01T00:00:00Z": [],
    }
    for query, wanted in queries.items():
        rows = provider.get(f"/esims?perPage=100&{query}")["esims"]
        assert [row["iccid"] for row in rows] == wanted, query


@pytest.mark.parametrize("reassign", ["true", 1, None])
def test_allow_reassign_is_true_or_false(provider: Provider, reassign: object) -> None:
    answer = provider.order(allowReassign=reassign)
    assert (answer.status_code, answer.text) == (400, "allowReassign must be true or false")
    assert provider.state()["orders"] == []


def test_a_call_without_any_key_is_forbidden(provider: Provider) -> None:
    answer = provider.call("GET", "/organisation", headers={"X-API-Key": None})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
