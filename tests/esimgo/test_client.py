"""What single methods do beyond what all have in common (test_table.py)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from webapp.clients.esimgo import errors
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID, REFERENCE
from .conftest import BASE, KEY
from .table import SINCE, UNTIL


def test_a_read_is_repeated_until_it_succeeds(
    client: ESIMGoClient, esimgo: responses.RequestsMock, pauses: list[float]
) -> None:
    esimgo.get(f"{BASE}/organisation", status=502)
    esimgo.get(f"{BASE}/organisation", body=requests.ConnectionError())
    esimgo.get(f"{BASE}/organisation", json=answers.ORGANISATION)
    assert client.authenticate().balance == 483_650
    assert pauses == [0.5, 1.0]


def test_a_429_holds_everybody_back(esimgo: responses.RequestsMock, pauses: list[float]) -> None:
    client = ESIMGoClient(KEY, BASE, budget=Budget(max_wait_s=0))
    esimgo.get(f"{BASE}/organisation", status=429, headers={"Retry-After": "30"})
    with pytest.raises(errors.RateLimited) as caught:
        client.organisation()
    assert caught.value.retry_after_s == 30
    with pytest.raises(errors.TryLater):
        client.create_order(BUNDLE)
    assert len(esimgo.calls) == 1


def test_the_organisation_may_stand_in_a_list(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{BASE}/organisation", json={"organisations": [answers.ORGANISATION]})
    found = client.organisation()
    assert (found.name, found.currency, found.balance) == ("Example Travel", "USD", 483_650)


def order_at(minute: int, reference: str) -> dict[str, object]:
    created = (SINCE + timedelta(minutes=minute)).isoformat()
    return answers.ORDER | {"orderReference": reference, "createdDate": created}


def test_the_window_of_orders_is_asked_for_and_dated_by_the_provider(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders", json=[answers.ORDER], headers={"Date": "Mon, 05 Oct 2026 09:30:00 GMT"})
    window = client.list_orders(SINCE, UNTIL)
    assert [order.reference for order in window.orders] == [REFERENCE]
    assert window.provider_now == datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
    assert window.complete
    query = str(esimgo.calls[0].request.url)
    assert "includeIccids=true" in query
    assert query.count("createdAt") == 1, "by the schema it is one text, and two are refused by some"
    assert "createdAt=gte%3A2026-10-05T09%3A00%3A00.000Z" in query
    assert window.filter == "heeded"


def test_orders_are_read_page_by_page_until_nothing_new_comes(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    pages = [[order_at(1, "a"), order_at(2, "b")], [order_at(2, "b"), order_at(3, "c")], []]
    for body in pages:
        esimgo.get(f"{BASE}/orders", json=body)
    window = client.list_orders(SINCE, UNTIL)
    assert [order.reference for order in window.orders] == ["a", "b", "c"]
    assert window.complete


def test_for_the_books_they_are_read_a_page_a_second_behind_everybody_else(
    client: ESIMGoClient, esimgo: responses.RequestsMock, pauses: list[float]
) -> None:
    for body in ([order_at(1, "a")], [order_at(2, "b")], []):
        esimgo.get(f"{BASE}/orders", json=body)
    esimgo.get(f"{BASE}/orders", json=[])
    assert [order.reference for order in client.audit_orders(SINCE, UNTIL).orders] == ["a", "b"]
    assert pauses == [1.0, 1.0]
    client.list_orders(SINCE, UNTIL)
    assert pauses == [1.0, 1.0], "whoever waits for an answer does not wait for the books"


@pytest.mark.parametrize("body", [[], None, {"orders": []}, {"orders": None}])
def test_an_empty_window_is_complete(
    body: object, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders", body=answers.as_bytes(body))
    window = client.list_orders(SINCE, UNTIL)
    assert (window.orders, window.complete) == ((), True)


def test_a_window_with_a_row_that_is_not_understood_proves_nothing(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders", json=[answers.ORDER, {"total": 2.15}])
    window = client.list_orders(SINCE, UNTIL)
    assert (len(window.orders), window.complete) == (1, False)


def test_orders_from_outside_the_window_are_left_out(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    rows = [order_at(-1, "before"), order_at(5, "in"), order_at(61, "after"), {"orderReference": "undated"}]
    esimgo.get(f"{BASE}/orders", json=rows)
    assert [order.reference for order in client.list_orders(SINCE, UNTIL).orders] == ["in", "undated"]


def test_a_new_esim_is_ordered_with_exactly_one_bundle(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.post(f"{BASE}/orders", json=answers.ORDER)
    assert client.create_order(BUNDLE).reference == REFERENCE
    assert sent_json(esimgo) == {
        "type": "transaction",
        "assign": True,
        "order": [{"type": "bundle", "quantity": 1, "item": BUNDLE, "allowReassign": False}],
    }


def test_a_top_up_names_its_esim_and_never_accepts_another(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.post(f"{BASE}/orders", json=answers.ORDER)
    client.create_order(BUNDLE, iccid=ICCID)
    item = sent_json(esimgo)["order"][0]
    assert (item["iccids"], item["quantity"], item["allowReassign"]) == ([ICCID], 1, False)


def test_a_quote_buys_nothing(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.post(f"{BASE}/orders", json=answers.QUOTE)
    quote = client.validate_order(BUNDLE)
    assert (quote.valid, quote.total, quote.currency) == (True, 2150, "USD")
    assert sent_json(esimgo)["type"] == "validate"


@pytest.mark.parametrize("total", [2.15, 99])
def test_a_quote_for_a_top_up_names_its_esim_and_is_handed_on_as_it_is(
    total: float, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.post(f"{BASE}/orders", json=answers.QUOTE | {"total": total})
    quote = client.validate_order(BUNDLE, iccid=ICCID)
    assert (quote.valid, quote.total) == (True, round(total * 1000))
    sent = sent_json(esimgo)
    assert (sent["type"], sent["order"][0]["iccids"]) == ("validate", [ICCID])


@pytest.mark.parametrize(
    ("status", "said", "may_be", "told"),
    [
        (401, "Unauthorized", ("wrong_key",), "key is not accepted"),
        (
            403,
            "Forbidden",
            ("wrong_key", "address_not_whitelisted"),
            "key is wrong or missing, or this address",
        ),
        (403, "Access token invalid", ("wrong_key",), "key is not accepted"),
        (403, f"{KEY} is unknown", ("wrong_key",), "key is not accepted"),
        (403, "IP not whitelisted", ("address_not_whitelisted",), "address is not on the organisation's"),
        (403, "Not enabled for you", ("no_access",), "no access: Not enabled for you"),
    ],
)
def test_a_key_that_does_not_work_is_told_with_what_it_may_be(
    status: int,
    said: str,
    may_be: tuple[str, ...],
    told: str,
    client: ESIMGoClient,
    esimgo: responses.RequestsMock,
) -> None:
    esimgo.get(f"{BASE}/organisation", status=status, json={"message": said})
    with pytest.raises(errors.AccessDenied, match=told) as caught:
        client.authenticate()
    assert (caught.value.may_be, caught.value.asked) == (may_be, True)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("body", [answers.QUOTE, {}, [], None, {"message": "ok"}, {"orderReference": ""}])
def test_an_order_answer_without_a_reference_is_unclear(
    body: object, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.post(f"{BASE}/orders", json=body)
    with pytest.raises(errors.Unclear):
        client.create_order(BUNDLE)


def test_activating_returns_install_data_that_is_there(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders/{REFERENCE}", json=answers.ORDER)
    found = client.activate_esim(REFERENCE)
    assert [install.iccid for install in found.installs] == [ICCID]
    assert found.apply_reference is None


def test_activating_waits_for_an_unfinished_order(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders/{REFERENCE}", json=answers.UNFINISHED)
    assert client.activate_esim(REFERENCE).installs == ()
    assert len(esimgo.calls) == 1


@pytest.mark.parametrize("assigned", [True, None])
def test_activating_looks_for_the_assignment_of_an_order_not_known_to_be_stock(
    assigned: bool | None, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders/{REFERENCE}", json=answers.IN_INVENTORY | {"assigned": assigned})
    esimgo.get(f"{BASE}/esims/assignments", json=answers.ESIM)
    assert len(client.activate_esim(REFERENCE).installs) == 1


def test_activating_takes_a_bundle_out_of_inventory_once(
    client: ESIMGoClient, esimgo: responses.RequestsMock, pauses: list[float]
) -> None:
    esimgo.get(f"{BASE}/orders/{REFERENCE}", json=answers.IN_INVENTORY)
    applied = esimgo.post(f"{BASE}/esims/apply", json=answers.APPLIED)
    esimgo.get(f"{BASE}/esims/assignments", status=503, headers={"Retry-After": "2"})
    found = client.activate_esim(REFERENCE)
    assert (found.installs, found.apply_reference) == ((), answers.APPLIED["applyReference"])
    assert applied.call_count == 1
    assert pauses == [2.0, 2.0]


def test_bundles_on_an_esim_are_asked_for_with_the_used_ones(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    match = [query_param_matcher({"includeUsed": "true", "limit": "200"})]
    esimgo.get(f"{BASE}/esims/{ICCID}/bundles", json=answers.ON_ESIM, match=match)
    assert [state.bundle for bundle in client.esim_bundles(ICCID) for state in bundle.assignments] == [BUNDLE]


def test_our_reference_is_written_on_the_esim(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.put(f"{BASE}/esims", json={"status": "success"})
    client.set_customer_reference(ICCID, "ours")
    assert sent_json(esimgo) == {"iccid": ICCID, "customerRef": "ours"}


def test_a_reference_from_outside_cannot_change_the_path(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders/..%2Forganisation%3Fa%3Db", json=answers.ORDER)
    assert client.get_order_status("../organisation?a=b").reference == REFERENCE


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "ключ", "tab\t"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        ESIMGoClient(key, BASE)
    assert not key or key not in str(caught.value)


def test_reachable_is_told_after_every_exchange(esimgo: responses.RequestsMock, pauses: list[float]) -> None:
    told: list[bool] = []
    client = ESIMGoClient(KEY, BASE, budget=Budget(1000), on_reachable=told.append)
    esimgo.get(f"{BASE}/organisation", status=502)
    esimgo.get(f"{BASE}/organisation", json=answers.ORGANISATION)
    client.organisation()
    esimgo.post(f"{BASE}/orders", status=400)
    with pytest.raises(errors.Refused):
        client.create_order(BUNDLE)
    assert told == [False, True, True]


def test_an_order_is_not_lost_because_nobody_could_be_told(
    esimgo: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(reachable: bool) -> None:
        raise RuntimeError("database is locked")

    client = ESIMGoClient(KEY, BASE, budget=Budget(1000), on_reachable=broken)
    esimgo.post(f"{BASE}/orders", json=answers.ORDER)
    assert client.create_order(BUNDLE).reference == REFERENCE
    assert "on_reachable failed" in caplog.text


def sent_json(esimgo: responses.RequestsMock) -> dict[str, Any]:
    body: Any = esimgo.calls[0].request.body
    found: dict[str, Any] = json.loads(body)
    return found
