"""Buying from the stand-in: rules, money, lists, inventory, and many at once."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from sandbox import clock
from tests.sandbox.esimgo import FRANCE, TURKEY, TURKEY_SMALL, Provider, running


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def test_an_order_answers_with_install_data_in_the_real_spelling(provider: Provider) -> None:
    price = provider.get(f"/catalogue/bundle/{TURKEY}")["price"]
    order = provider.buy(TURKEY)
    row = order["order"][0]
    assert row | {"esims": [], "iccids": []} == {
        "type": "bundle",
        "item": TURKEY,
        "quantity": 1,
        "subTotal": price,
        "pricePerUnit": price,
        "AllowReassign": False,
        "esims": [],
        "iccids": [],
    }
    esim = row["esims"][0]
    assert row["iccids"] == [esim["iccid"]]
    assert re.fullmatch(r"\d{19,20}", esim["iccid"])
    assert re.fullmatch(r"(?:[A-Z0-9]{5}-){3}[A-Z0-9]{5}", esim["matchingId"])
    assert "/" not in esim["smdpAddress"]
    assert (order["status"], order["statusMessage"]) == ("completed", "Order completed: 1 eSIMs assigned")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", order["createdDate"])
    assert float(order["runningBalance"]) == 1000 - price
    assert (order["assigned"], order["sourceIP"]) == (True, "127.0.0.1")


def test_validating_costs_nothing_and_makes_nothing(provider: Provider) -> None:
    answer = provider.order(body={"type": "validate"}).json()
    assert answer["valid"] is True
    assert answer["order"][0]["item"] == TURKEY
    assert "orderReference" not in answer
    assert provider.get("/organisation")["balance"] == 1000
    assert provider.get("/orders") == []


@pytest.mark.parametrize(
    ("body", "row", "complaint"),
    [
        ({"type": "purchase"}, {}, "type must be"),
        ({"assign": "yes"}, {}, "assign must be"),
        ({"order": []}, {}, "at least one"),
        ({"order": ["x"]}, {}, "of type bundle"),
        ({}, {"type": "sim"}, "of type bundle"),
        ({}, {"item": TURKEY.upper()}, "bundle not available"),
        ({}, {"quantity": 0}, "quantity must be 1"),
        ({}, {"quantity": "1"}, "quantity must be 1"),
        ({}, {"quantity": 11}, "at most 10"),
        ({"assign": False}, {"iccids": ["8944501000000181227"]}, "iccids can only"),
        ({"assign": False, "profileID": "x"}, {}, "profileID"),
        ({}, {"iccids": ["8944501000000181227"], "quantity": 2}, "number of iccids"),
    ],
)
@pytest.mark.parametrize("kind", ["validate", "transaction"])
def test_an_order_against_the_rules_is_refused_in_plain_text(
    provider: Provider, kind: str, body: dict[str, Any], row: dict[str, Any], complaint: str
) -> None:
    answer = provider.order(body={"type": kind, **body}, **row) if "order" not in body else None
    if answer is None:
        answer = provider.call("POST", "/orders", json={"type": kind, "assign": True, **body})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (400, "text/plain")
    assert complaint in answer.text
    assert provider.get("/organisation")["balance"] == 1000


def test_a_body_that_is_no_json_is_refused(provider: Provider) -> None:
    assert provider.call("POST", "/orders", data=b"{").status_code == 400


def test_a_foreign_iccid_is_forbidden(provider: Provider) -> None:
    answer = provider.order(iccids=["8944501000000181227"])
    assert answer.status_code == 403
    assert "ICCID" in answer.json()["message"]


def test_a_top_up_goes_onto_the_esim_that_was_named(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY)
    order = provider.buy(TURKEY_SMALL, iccids=[iccid])
    assert order["order"][0]["iccids"] == [iccid]
    assert provider.bundle_states(iccid) == ["queued", "queued"]


def test_a_bundle_of_another_profile_does_not_fit(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY)
    assert provider.get(f"/esims/{iccid}/compatible/{TURKEY_SMALL}") == {"compatible": True}
    assert provider.get(f"/esims/{iccid}/compatible/{FRANCE}") == {"compatible": False}
    answer = provider.order(FRANCE, iccids=[iccid])
    assert (answer.status_code, answer.text) == (400, "bundle is not compatible with the eSIM")


def test_allow_reassign_silently_gives_another_esim(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY)
    order = provider.buy(FRANCE, iccids=[iccid], allowReassign=True)
    assert order["order"][0]["AllowReassign"] is True
    assert order["order"][0]["iccids"] != [iccid]


def test_an_order_beyond_the_balance_is_refused_and_buys_nothing() -> None:
    with running(balance="3.00") as provider:
        answer = provider.order()
        assert (answer.status_code, answer.text) == (400, "insufficient balance")
        assert provider.get("/organisation")["balance"] == 3
        assert provider.state()["orders"] == []


def test_more_than_five_bundles_are_processed_later_by_the_clock(provider: Provider) -> None:
    order = provider.buy(TURKEY_SMALL, quantity=8)
    assert (order["status"], order["order"][0]["esims"], order["assigned"]) == ("processing", [], False)
    reference = order["orderReference"]
    waiting = provider.call("GET", f"/esims/assignments?reference={reference}")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (503, "5")
    provider.control("POST", "clock", {"advance_s": 5})
    done = provider.get(f"/orders/{reference}")
    assert (done["status"], len(set(done["order"][0]["iccids"]))) == ("completed", 8)


def test_one_order_can_be_read_again(provider: Provider) -> None:
    order = provider.buy()
    assert provider.get(f"/orders/{order['orderReference']}") == order
    assert provider.call("GET", "/orders/unknown").status_code == 400


def test_orders_are_listed_by_time_and_page(provider: Provider) -> None:
    first = provider.buy()
    clock.advance(3600)
    second, third = provider.buy(), provider.buy()
    since = (clock.now() - timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    late = provider.get(f"/orders?includeIccids=true&createdAt=gte:{since}")
    early = provider.get(f"/orders?createdAt=lte:{since}&createdAt=gte:2020-01-01T00:00:00.000Z")
    assert late == [second, third]
    assert [order["orderReference"] for order in early] == [first["orderReference"]]
    assert "iccids" not in early[0]["order"][0]
    assert len(provider.get("/orders?limit=2")) == 2
    assert [row["orderReference"] for row in provider.get("/orders?limit=2&page=2")] == [
        third["orderReference"]
    ]
    assert provider.call("GET", "/orders?createdAt=gte:yesterday").status_code == 400


def test_without_assign_the_bundles_lie_in_the_inventory_until_applied(provider: Provider) -> None:
    order = provider.buy(TURKEY, quantity=2, body={"assign": False})
    assert (order["statusMessage"], order["assigned"]) == ("Order completed", False)
    assert "esims" not in order["order"][0]
    applied = provider.call("POST", "/esims/apply", json={"name": TURKEY}).json()
    esim = applied["esims"][0]
    assert (esim["status"], esim["bundle"]) == ("ACTIVE", TURKEY)
    assert provider.bundle_states(esim["iccid"]) == ["queued"]
    row = provider.get("/inventory")["bundles"][0]
    assert (row["name"], row["available"][0]["total"], row["available"][0]["remaining"]) == (TURKEY, 2, 1)
    found = provider.get(
        f"/esims/assignments?reference={applied['applyReference']}", headers={"Accept": "application/json"}
    )
    assert found["iccid"] == esim["iccid"]
    assert provider.get("/orders")[-1]["order"][0]["type"] == "bundleAssignment"


def test_an_empty_inventory_is_a_403(provider: Provider) -> None:
    provider.buy(TURKEY, body={"assign": False})
    answer = provider.call("POST", "/esims/apply", json={"bundles": [{"name": TURKEY, "repeat": 2}]})
    assert answer.status_code == 403
    assert provider.get("/inventory")["bundles"][0]["available"][0]["remaining"] == 1


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ([], 400),
        ({"bundles": ["x"]}, 400),
        ({"name": "esim_1GB_7D_XX_V2"}, 400),
        ({"name": TURKEY, "repeat": 0}, 400),
        ({"name": TURKEY, "iccid": "8944501000000181227"}, 403),
    ],
)
def test_a_senseless_application_uses_up_nothing(provider: Provider, wish: object, status: int) -> None:
    provider.buy(TURKEY, body={"assign": False})
    assert provider.call("POST", "/esims/apply", json=wish).status_code == status
    assert provider.get("/inventory")["bundles"][0]["available"][0]["remaining"] == 1


def test_inventory_is_applied_to_an_esim_it_fits(provider: Provider) -> None:
    turkish, french = provider.buy_esim(TURKEY), provider.buy_esim(FRANCE)
    provider.buy(TURKEY, quantity=2, body={"assign": False})
    wish = {"name": TURKEY, "iccid": french}
    assert provider.call("POST", "/esims/apply", json=wish).status_code == 400
    assert provider.call("POST", "/esims/apply", json={**wish, "iccid": turkish}).ok
    assert provider.bundle_states(turkish) == ["queued", "queued"]
    other = provider.call("POST", "/esims/apply", json={**wish, "allowReassign": True}).json()
    assert other["esims"][0]["iccid"] not in (turkish, french)


def test_an_esim_holds_thirty_queued_bundles(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY_SMALL)
    for _ in range(29):
        provider.buy(TURKEY_SMALL, iccids=[iccid])
    answer = provider.order(TURKEY_SMALL, iccids=[iccid])
    assert (answer.status_code, answer.text) == (400, "an eSIM can hold at most 30 queued bundles")


def test_inventory_goes_back_to_the_balance_once(provider: Provider) -> None:
    provider.buy(TURKEY, body={"assign": False})
    usage = provider.get("/inventory")["bundles"][0]["available"][0]["id"]
    wish = {"usageId": usage, "quantity": 1}
    answer = provider.call("POST", "/inventory/refund", json=wish)
    assert answer.json() == {"status": "Successfully refunded bundles to balance"}
    assert provider.get("/organisation")["balance"] == 1000
    assert provider.call("POST", "/inventory/refund", json=wish).status_code == 400


def test_fifty_orders_at_once_are_fifty_orders(provider: Provider) -> None:
    price = provider.get(f"/catalogue/bundle/{TURKEY}")["price"]
    with ThreadPoolExecutor(50) as pool:
        orders = list(pool.map(lambda _: provider.buy(TURKEY), range(50)))
    assert len({order["orderReference"] for order in orders}) == 50
    assert len({order["order"][0]["iccids"][0] for order in orders}) == 50
    assert provider.get("/organisation")["balance"] == pytest.approx(1000 - 50 * price, abs=1e-9)
    assert len({order["runningBalance"] for order in orders}) == 50
