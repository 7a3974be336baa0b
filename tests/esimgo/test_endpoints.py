"""What the methods for eSIMs, stock and account make of the answers' values."""

from datetime import UTC, datetime

import pytest
import responses
from responses.matchers import query_param_matcher

from webapp.clients.esimgo import errors
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID
from .conftest import BASE

ESIM = f"{BASE}/esims/{ICCID}"


def test_one_bundle_of_the_catalogue(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    row = answers.UK | {"group": ["Standard Fixed"], "groups": None}
    esimgo.get(f"{BASE}/catalogue/bundle/{BUNDLE}", json=row)
    found = client.catalogue_bundle(BUNDLE)
    assert (found.name, found.wholesale, found.groups) == (BUNDLE, 2150, ("Standard Fixed",))


def test_esims_are_filtered_ordered_and_paged(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    asked = {
        "page": "2",
        "perPage": "25",
        "filterBy": "assignedDate",
        "filter": "gte:2026-10-01T00:00:00Z",
        "orderBy": "iccid",
        "direction": "desc",
    }
    esimgo.get(f"{BASE}/esims", json=answers.ESIMS, match=[query_param_matcher(asked)])
    page = client.esims(
        2,
        25,
        filter_by="assignedDate",
        filter_for="gte:2026-10-01T00:00:00Z",
        order_by="iccid",
        direction="desc",
    )
    row = page.esims[0]
    assert (page.page_count, page.rows, page.skipped) == (1, 1, 0)
    assert (row.iccid, row.customer_ref, row.last_action) == (ICCID, "ORDER-1001", "Bundle Applied")
    assert (row.assigned_at, row.state, row.physical) == (
        datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC),
        "active",
        False,
    )


@pytest.mark.parametrize("size", [0, 1, 99, 101, 500])
def test_a_size_of_page_that_the_endpoint_does_not_know_is_not_asked_for(
    size: int, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    with pytest.raises(ValueError, match="10, 25, 50, 100"):
        client.esims(per_page=size)
    assert len(esimgo.calls) == 0


def test_all_pages_of_esims_are_read_in_a_fixed_order(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    for number in (1, 2, 3):
        match = [query_param_matcher({"page": str(number), "orderBy": "iccid"}, strict_match=False)]
        row = answers.ESIMS["esims"][0] | {"iccid": f"894450100000018{number:04}"}
        esimgo.get(f"{BASE}/esims", json=answers.ESIMS | {"esims": [row], "pageCount": 3}, match=match)
    found = [row.iccid for page in client.esim_pages(filter_by="customerRef") for row in page.esims]
    assert found == [f"894450100000018{number:04}" for number in (1, 2, 3)]


def test_a_list_of_esims_without_end_is_given_up(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    def endless(request: object) -> tuple[int, dict[str, str], bytes]:
        row = answers.ESIMS["esims"][0] | {"customerRef": str(len(esimgo.calls))}
        return 200, {}, answers.as_bytes([row])

    esimgo.add_callback("GET", f"{BASE}/esims", callback=endless)
    with pytest.raises(errors.Unusable, match="does not end"):
        list(client.esim_pages())
    assert len(esimgo.calls) == 200


def test_the_state_of_one_bundle(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{ESIM}/bundles/{BUNDLE}", json=answers.BUNDLE_STATUS)
    found = client.bundle_status(ICCID, BUNDLE)
    assert [(each.bundle, each.state, each.remaining_bytes) for each in found.assignments] == [
        (BUNDLE, "active", 750_000_000)
    ]


def test_the_history_keeps_old_and_unknown_entries(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    old = [
        {"alertType": "Utilisation", "date": "2026-10-08T08:00:00Z"},
        {"bundleState": "Active", "bundle": BUNDLE},
    ]
    esimgo.get(f"{ESIM}/history", json=[*answers.HISTORY, *old, {"name": "eSIM Painted Green"}])
    found = client.history(ICCID)
    assert [entry.name for entry in found] == [
        "Bundle Applied",
        "eSIM First Attachment",
        "Utilisation",
        "Active",
        "eSIM Painted Green",
    ]
    assert found[0].at == datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC)
    assert (found[3].bundle, found[3].state, found[3].at) == (BUNDLE, "active", None)


def test_where_an_esim_was_seen(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{ESIM}/location", json=answers.LOCATION)
    found = client.location(ICCID)
    assert (found.network, found.country, found.network_code) == ("Example Mobile", "GB", "GBRXX")
    assert found.seen_at == datetime(2026, 10, 7, 8, 25, 7, tzinfo=UTC)


def test_an_esim_that_was_never_seen_is_nowhere(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{ESIM}/location", status=400, json={"message": "not seen yet"})
    with pytest.raises(errors.NotThere):
        client.location(ICCID)


@pytest.mark.parametrize(("suspend", "status"), [(True, 201), (False, 200)])
def test_an_esim_is_suspended_and_let_go(
    suspend: bool, status: int, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.post(f"{ESIM}/suspend", status=status, json={"status": "done"})
    client.suspend(ICCID, suspend)
    assert esimgo.calls[0].request.body == b'{"suspend": %s}' % (b"true" if suspend else b"false")


def test_what_lies_in_inventory(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    endless = answers.INVENTORY["bundles"][0] | {"name": "other", "unlimited": True, "data": -1}
    broken_stock = endless | {"name": "third", "available": [{"id": "x"}, {"id": "7", "remaining": 2.0}]}
    esimgo.get(f"{BASE}/inventory", json=[answers.INVENTORY["bundles"][0], endless, broken_stock])
    first, second, third = client.inventory()
    stock = first.available[0]
    assert (stock.usage_id, stock.total, stock.remaining) == (4200001, 2, 1)
    assert stock.expires_at == datetime(2027, 10, 6, tzinfo=UTC)
    assert (first.data_mb, first.duration, first.duration_unit, first.speeds) == (1000, 7, "day", ())
    assert (second.unlimited, second.data_mb) == (True, None)
    assert [(each.usage_id, each.remaining) for each in third.available] == [(7, 2)]


def test_groups_and_networks(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{BASE}/organisation/groups", json=answers.GROUPS)
    everywhere = [query_param_matcher({"returnAll": "true"})]
    esimgo.get(f"{BASE}/networks", json=answers.NETWORKS, match=everywhere)
    named = [query_param_matcher({"isos": "GB,TR", "countries": "France"})]
    esimgo.get(f"{BASE}/networks", json=[], match=named)
    assert [(group.name, group.description) for group in client.organisation_groups()] == [
        ("Standard Fixed", "By the gigabyte"),
        ("Standard Long", ""),
    ]
    network = client.networks()[0].networks[0]
    assert (network.name, network.mcc, network.mnc, network.speeds) == (
        "Example Mobile",
        "234",
        "09",
        ("4G", "5G"),
    )
    assert client.networks(["GB", "TR"], ["France"]) == []


# --- money back


def asked_for(esimgo: responses.RequestsMock) -> list[str | None]:
    return [call.request.params["type"] for call in esimgo.calls]  # type: ignore[attr-defined]  # by responses


def test_a_bundle_is_revoked_after_the_refund_was_promised(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}/assignments/7", json=answers.MAY_REVOKE)
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}/assignments/7", json=answers.REVOKED)
    assert client.revoke(ICCID, BUNDLE, "7").refunded_to == "balance"
    assert asked_for(esimgo) == ["validate", "transaction"]
    assert all("refundToBalance=true" in str(call.request.url) for call in esimgo.calls)


@pytest.mark.parametrize(
    "said",
    [
        "Bundle will be revoked",
        "Bundle will be revoked without refund to balance",
        "Bundle cannot be refunded to balance",
        "Bundle can be refunded to inventory",
        "Refunds to balance are disabled",
        "Bundle isn't eligible for a refund to balance",
        "No refund to balance",
    ],
)
def test_without_a_plain_promise_nothing_is_revoked(
    said: str, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}", json={"status": said})
    with pytest.raises(errors.Refused, match="no refund to balance was promised"):
        client.revoke(ICCID, BUNDLE)
    assert asked_for(esimgo) == ["validate"]


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_a_question_that_fails_is_not_followed_by_the_call_that_acts(
    status: int, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}", status=status)
    with pytest.raises(errors.EsimGoError):
        client.revoke(ICCID, BUNDLE)
    assert asked_for(esimgo) == ["validate"]


def test_a_bundle_goes_back_to_inventory_when_that_is_wanted(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}", json={"status": "Bundle can be refunded to inventory"})
    done = {"status": "Successfully Revoked Bundle, bundle has been refunded to inventory"}
    esimgo.delete(f"{ESIM}/bundles/{BUNDLE}", json=done)
    assert client.revoke(ICCID, BUNDLE, refund_to="inventory").refunded_to == "inventory"
    assert all("refundToBalance=false" in str(call.request.url) for call in esimgo.calls)


def test_stock_is_given_back_by_its_usage(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.post(f"{BASE}/inventory/refund", json=answers.REFUNDED)
    assert client.refund_inventory(4200001, 2).said == answers.REFUNDED["status"]
    assert esimgo.calls[0].request.body == b'{"usageId": 4200001, "quantity": 2}'
