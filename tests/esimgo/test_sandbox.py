"""The client against the stand-in, which shares no code with it: what one writes the other must read."""

from collections.abc import Iterator

import pytest

from tests.sandbox import esimgo as stand_in
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.payloads import ProviderOrder

from .table import ENDPOINTS


@pytest.fixture(scope="module")
def provider() -> Iterator[stand_in.Provider]:
    with stand_in.running() as running:
        yield running


@pytest.fixture
def client(provider: stand_in.Provider) -> ESIMGoClient:
    return ESIMGoClient(stand_in.KEY, f"http://127.0.0.1:{provider.port}/v2.5", budget=Budget(1000))


@pytest.fixture
def order(client: ESIMGoClient) -> ProviderOrder:
    assert client.validate_order(stand_in.TURKEY).valid
    return client.create_order(stand_in.TURKEY)


def test_an_esim_is_bought_looked_at_topped_up_and_its_bundle_given_back(
    client: ESIMGoClient, order: ProviderOrder
) -> None:
    iccid = order.iccids[0]
    assert client.get_order_status(order.reference).esims == order.esims
    assert tuple(client.assignments(order.reference)) == order.esims
    assert client.compatible(iccid, stand_in.TURKEY_SMALL)
    assert client.validate_order(stand_in.TURKEY_SMALL, iccid).valid
    assert client.create_order(stand_in.TURKEY_SMALL, iccid=iccid).iccids == (iccid,)
    before = client.authenticate().balance
    (small,) = client.bundle_status(iccid, stand_in.TURKEY_SMALL).assignments
    assert (small.bundle, small.state) == (stand_in.TURKEY_SMALL, "queued")
    assert client.revoke(iccid, stand_in.TURKEY_SMALL, small.id).refunded_to == "balance"
    assert client.authenticate().balance > before
    assert {bundle.name for bundle in client.esim_bundles(iccid, include_used=False)} == {stand_in.TURKEY}


def test_a_bundle_goes_back_to_inventory_and_from_there_to_the_balance(
    client: ESIMGoClient, order: ProviderOrder
) -> None:
    assert client.revoke(order.iccids[0], stand_in.TURKEY, refund_to="inventory").refunded_to == "inventory"
    (stocked,) = client.inventory()
    assert (stocked.name, stocked.available[0].remaining) == (stand_in.TURKEY, 1)
    before = client.authenticate().balance
    client.refund_inventory(stocked.available[0].usage_id)
    assert client.authenticate().balance == before + (order.total or 0)


def test_an_esim_is_labelled_suspended_refreshed_and_remembers_it(
    client: ESIMGoClient, order: ProviderOrder
) -> None:
    iccid = order.iccids[0]
    client.set_customer_reference(iccid, f"ours-{iccid}")
    client.suspend(iccid)
    assert client.suspended(iccid)
    assert client.esim(iccid).state == "suspended"
    client.suspend(iccid, False)
    assert not client.suspended(iccid)
    client.refresh(iccid)
    assert "eSIM Refreshed" in [entry.name for entry in client.history(iccid)]
    with pytest.raises(errors.NotThere):
        client.location(iccid)
    found = client.esim_pages(10, filter_by="customerRef", filter_for=f"ours-{iccid}")
    assert [row.iccid for page in found for row in page.esims] == [iccid]


def test_what_is_on_sale_and_to_whom(client: ESIMGoClient) -> None:
    bundle = client.catalogue_bundle(stand_in.FRANCE)
    assert bundle in client.get_products("FR")
    assert bundle.groups[0] in {group.name for group in client.organisation_groups()}
    assert client.networks(["FR"])[0].networks
    with pytest.raises(errors.NotThere):
        client.catalogue_bundle("no-such-bundle")


def test_every_endpoint_of_the_table_exists_there(client: ESIMGoClient, provider: stand_in.Provider) -> None:
    """An unknown route would be a bare 404; whatever else it answers, it knows the question."""
    for endpoint in ENDPOINTS.values():
        answer = provider.call(endpoint.method, endpoint.path, params=endpoint.params | {"type": "validate"})
        assert answer.status_code not in {404, 405}, endpoint.path
