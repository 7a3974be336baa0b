"""The life of an eSIM in the stand-in: install data, states by the clock, revoking, suspending."""

import csv
import io
from collections.abc import Iterator

import pytest

from tests.sandbox.esimgo import TURKEY, TURKEY_SMALL, Provider, running

DAY = 86_400


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def iccid(provider: Provider) -> str:
    return provider.buy_esim(TURKEY)


def advance(provider: Provider, seconds: float) -> None:
    provider.control("POST", "clock", {"advance_s": seconds})


def test_an_esim_is_released_until_a_phone_installs_it(provider: Provider, iccid: str) -> None:
    before = provider.get(f"/esims/{iccid}?additionalFields=installUrl")
    assert (before["profileStatus"], before["state"]) == ("Released", "active")
    assert "firstInstalledDateTime" not in before
    code = f"LPA:1${before['smdpAddress']}${before['matchingId']}"
    apple, android = before["appleInstallUrl"], before["androidInstallUrl"]
    assert apple == f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={code}"
    assert android == f"https://esimsetup.android.com/esim_qrcode_provisioning?carddata={code}"
    provider.install(iccid)
    after = provider.get(f"/esims/{iccid}")
    assert after["profileStatus"] == "Installed"
    assert isinstance(after["firstInstalledDateTime"], int)
    assert "appleInstallUrl" not in after


def test_installing_twice_keeps_the_first_moment(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    first = provider.get(f"/esims/{iccid}")["firstInstalledDateTime"]
    advance(provider, 60)
    provider.install(iccid)
    assert provider.get(f"/esims/{iccid}")["firstInstalledDateTime"] == first


def test_the_days_begin_with_the_first_use_and_end_by_the_clock(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    advance(provider, 40 * DAY)
    queued = provider.get(f"/esims/{iccid}/bundles/{TURKEY}")["assignments"][0]
    assert queued["bundleState"] == "queued"
    assert "startTime" not in queued
    provider.use(iccid, 500)
    active = provider.get(f"/esims/{iccid}/bundles/{TURKEY}")["assignments"][0]
    assert active["bundleState"] == "active"
    assert (active["initialQuantity"], active["remainingQuantity"]) == (3_000_000_000, 2_500_000_000)
    assert active["endTime"] > active["startTime"]
    advance(provider, 30 * DAY - 5)
    assert provider.bundle_states(iccid) == ["active"]
    advance(provider, 6)
    assert provider.bundle_states(iccid) == ["expired"]


def test_a_bundle_without_data_is_depleted_and_then_expired(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    assert provider.use(iccid, 4000)["used_mb"] == 3000
    assert provider.bundle_states(iccid) == ["depleted"]
    provider.control("POST", f"esims/{iccid}/use", {"mb": 1}, expect=400)
    advance(provider, 31 * DAY)
    assert provider.bundle_states(iccid) == ["expired"]


def test_an_unused_bundle_lapses_after_a_year(provider: Provider, iccid: str) -> None:
    advance(provider, 364 * DAY)
    assert provider.bundle_states(iccid) == ["queued"]
    advance(provider, 2 * DAY)
    assert provider.bundle_states(iccid) == ["lapsed"]


def test_the_next_bundle_starts_when_the_first_is_empty(provider: Provider, iccid: str) -> None:
    provider.buy(TURKEY_SMALL, iccids=[iccid])
    provider.install(iccid)
    assert provider.use(iccid, 3500)["used_mb"] == 3500
    assert provider.bundle_states(iccid) == ["depleted", "active"]


def test_unlimited_data_never_runs_out(provider: Provider) -> None:
    iccid = provider.buy_esim("esim_UL_7D_TR_V2")
    provider.install(iccid)
    assert provider.use(iccid, 900_000)["used_mb"] == 900_000
    assert provider.bundle_states(iccid) == ["active"]
    advance(provider, 7 * DAY + 1)
    assert provider.bundle_states(iccid) == ["expired"]


@pytest.mark.parametrize("megabytes", [0, -1, "5", None, 1e12, True])
def test_a_senseless_use_is_refused(provider: Provider, iccid: str, megabytes: object) -> None:
    provider.install(iccid)
    assert provider.control("POST", f"esims/{iccid}/use", {"mb": megabytes}, expect=400)["error"]


def test_an_esim_that_is_not_installed_carries_no_data(provider: Provider, iccid: str) -> None:
    answer = provider.control("POST", f"esims/{iccid}/use", {"mb": 1}, expect=400)
    assert "not installed" in answer["error"]


def test_used_bundles_are_listed_only_when_asked_for(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    provider.use(iccid, 3000)
    assert provider.get(f"/esims/{iccid}/bundles") == {"bundles": []}
    bundle = provider.get(f"/esims/{iccid}/bundles?includeUsed=true")["bundles"][0]
    assert (bundle["name"], bundle["description"]) == (TURKEY, "eSIM, 3GB, 30 Days, Turkey, V2")
    assert provider.call("GET", f"/esims/{iccid}/bundles?limit=201").status_code == 400


def test_install_data_is_csv_unless_json_is_asked_for(provider: Provider) -> None:
    order = provider.buy()
    path = f"/esims/assignments?reference={order['orderReference']}"
    answer = provider.call("GET", path)
    assert answer.headers["Content-Type"].startswith("text/csv")
    header, row = csv.reader(io.StringIO(answer.text))
    assert header == ["ICCID", "Matching ID", "RSP URL", "Bundle", "Reference"]
    esim = order["order"][0]["esims"][0]
    assert row[:4] == [esim["iccid"], esim["matchingId"], esim["smdpAddress"], TURKEY]
    provider.install(esim["iccid"])
    found = provider.get(path, headers={"Accept": "application/json"})
    assert found["profileStatus"] == "Installed"
    assert found["firstInstalledDateTime"].endswith("Z")


def test_install_data_of_several_esims_is_a_list(provider: Provider) -> None:
    order = provider.buy(quantity=3)
    path = f"/esims/assignments?reference={order['orderReference']}"
    found = provider.get(path, headers={"Accept": "application/json"})
    assert [row["iccid"] for row in found] == order["order"][0]["iccids"]


def test_the_customer_reference_is_kept_and_can_be_searched(provider: Provider, iccid: str) -> None:
    provider.buy_esim()
    answer = provider.call("PUT", "/esims", json={"iccid": iccid, "customerRef": "ORDER-7"})
    assert answer.json() == {"status": "success"}
    page = provider.get("/esims?filterBy=customerRef&filter=ORDER-7")
    assert [row["iccid"] for row in page["esims"]] == [iccid]
    assert (page["rows"], page["pageCount"], page["pageSize"]) == (1, 1, 10)
    assert page["esims"][0]["lastAction"] == "Bundle Applied"
    foreign = {"iccid": "8944501000000181227", "customerRef": "x"}
    assert provider.call("PUT", "/esims", json=foreign).status_code == 403


@pytest.mark.parametrize(("size", "status"), [(10, 200), (25, 200), (50, 200), (100, 200), (20, 400)])
def test_only_the_documented_page_sizes_are_taken(provider: Provider, size: int, status: int) -> None:
    assert provider.call("GET", f"/esims?perPage={size}").status_code == status


def test_history_tells_what_happened_and_what_came_by_itself(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    provider.use(iccid, 1)
    advance(provider, 31 * DAY)
    names = [event["name"] for event in provider.get(f"/esims/{iccid}/history")]
    assert names == [
        *("Bundle Applied", "eSIM Updated", "eSIM First Attachment", "eSIM First Use", "Bundle Expired"),
    ]


def test_location_is_known_after_the_first_use(provider: Provider, iccid: str) -> None:
    assert provider.call("GET", f"/esims/{iccid}/location").status_code == 400
    provider.install(iccid)
    provider.use(iccid, 1)
    assert provider.get(f"/esims/{iccid}/location")["country"] == "TR"


def test_a_suspended_esim_carries_no_data(provider: Provider, iccid: str) -> None:
    provider.install(iccid)
    answer = provider.call("POST", f"/esims/{iccid}/suspend", json={"suspend": True})
    assert (answer.status_code, answer.json()) == (201, {"status": "eSIM suspended successfully"})
    assert provider.get(f"/esims/{iccid}/suspend") == {"suspended": True}
    assert provider.get(f"/esims/{iccid}")["state"] == "suspended"
    provider.control("POST", f"esims/{iccid}/use", {"mb": 1}, expect=400)
    provider.call("POST", f"/esims/{iccid}/suspend", json={"suspend": False})
    provider.use(iccid, 1)


def test_a_refresh_leaves_a_trace(provider: Provider, iccid: str) -> None:
    assert provider.get(f"/esims/{iccid}/refresh") == {"status": "Successfully refreshed SIM"}
    assert provider.get(f"/esims/{iccid}/history")[-1]["name"] == "eSIM Refreshed"


def assignment_id(provider: Provider, iccid: str) -> str:
    return str(provider.get(f"/esims/{iccid}/bundles/{TURKEY}")["assignments"][0]["id"])


def test_an_unused_bundle_is_revoked_once_and_pays_back(provider: Provider, iccid: str) -> None:
    path = f"/esims/{iccid}/bundles/{TURKEY}/assignments/{assignment_id(provider, iccid)}"
    check = provider.call("DELETE", f"{path}?type=validate&refundToBalance=true")
    assert check.json() == {"status": "Bundle can be refunded to balance"}
    assert provider.bundle_states(iccid) == ["queued"]
    done = provider.call("DELETE", f"{path}?type=transaction&refundToBalance=true")
    assert done.json()["status"].startswith("Successfully Revoked Bundle")
    assert provider.bundle_states(iccid) == ["revoked"]
    assert provider.get("/organisation")["balance"] == 1000
    assert provider.call("DELETE", f"{path}?refundToBalance=true").status_code == 400
    assert provider.get("/organisation")["balance"] == 1000


def test_revoking_by_name_takes_the_oldest_unused_into_inventory(provider: Provider, iccid: str) -> None:
    provider.buy(TURKEY, iccids=[iccid])
    assert provider.call("DELETE", f"/esims/{iccid}/bundles/{TURKEY}").status_code == 200
    assert provider.bundle_states(iccid) == ["revoked", "queued"]
    assert provider.get("/inventory")["bundles"][0]["available"][0]["remaining"] == 1


def test_an_offer_id_chooses_which_one_is_revoked(provider: Provider, iccid: str) -> None:
    provider.buy(TURKEY, iccids=[iccid])
    newest = assignment_id(provider, iccid)
    provider.call("DELETE", f"/esims/{iccid}/bundles/{TURKEY}?offerId={newest}")
    assert provider.bundle_states(iccid) == ["queued", "revoked"]


@pytest.mark.parametrize("kind", ["validate", "transaction"])
def test_a_used_bundle_is_not_given_back(provider: Provider, iccid: str, kind: str) -> None:
    provider.install(iccid)
    provider.use(iccid, 1)
    path = f"/esims/{iccid}/bundles/{TURKEY}?type={kind}&refundToBalance=true"
    assert provider.call("DELETE", path).status_code == 400
    assert provider.bundle_states(iccid) == ["active"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/bundles/{bundle}?type=perhaps"),
        ("DELETE", "/bundles/esim_1GB_7D_FR_V2"),
        ("DELETE", "/bundles/{bundle}/assignments/1"),
        ("GET", "/bundles/esim_1GB_7D_FR_V2"),
        ("GET", "/compatible/esim_1GB_7D_XX_V2"),
        ("POST", "/suspend"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    provider: Provider, iccid: str, method: str, path: str
) -> None:
    answer = provider.call(method, f"/esims/{iccid}{path.format(bundle=TURKEY)}", json={})
    assert (answer.status_code, list(answer.json())) == (400, ["message"])
    assert provider.bundle_states(iccid) == ["queued"]


@pytest.mark.parametrize(
    "query", ["filterBy=colour", "orderBy=state", "page=0", "perPage=x", "perPage=10&page=-1"]
)
def test_a_senseless_list_of_esims_is_refused(provider: Provider, query: str) -> None:
    assert provider.call("GET", f"/esims?{query}").status_code == 400


def test_esims_are_listed_in_the_order_that_is_asked_for(provider: Provider, iccid: str) -> None:
    iccids = sorted([iccid, provider.buy_esim(), provider.buy_esim()])
    rows = provider.get("/esims?orderBy=iccid&direction=desc")["esims"]
    assert [row["iccid"] for row in rows] == iccids[::-1]


def test_install_data_needs_a_known_reference(provider: Provider) -> None:
    assert provider.call("GET", "/esims/assignments").status_code == 400
    assert provider.call("GET", "/esims/assignments?reference=unknown").status_code == 400


def test_after_the_refund_period_nothing_goes_back_to_the_balance(provider: Provider, iccid: str) -> None:
    advance(provider, 61 * DAY)
    path = f"/esims/{iccid}/bundles/{TURKEY}?refundToBalance=true"
    assert provider.call("DELETE", path).status_code == 400
