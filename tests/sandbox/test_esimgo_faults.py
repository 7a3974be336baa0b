"""Every way in which the stand-in can be made to fail, and what it has done by then."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import clock
from sandbox.esimgo.app import KINDS
from tests.sandbox.esimgo import FRANCE, TURKEY, Provider, running, until


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def orders(provider: Provider) -> int:
    return len(provider.state()["orders"])


def is_met(provider: Provider) -> bool:
    """The call has come, and the fault that was for one call alone is gone."""
    return bool(provider.control("GET", "faults") == {"faults": []})


def test_every_kind_is_tried_in_this_file() -> None:
    with open(__file__, encoding="utf-8") as this:
        text = this.read()
    assert all(f'"{kind}"' in text for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "after_s", "retry_after"),
    [
        ("400", 0, None),
        ("429", 0, "1"),
        ("429", 7, "7"),
        ("500", 0, None),
        ("503", 0, "5"),
        ("503", 30, "30"),
    ],
)
def test_an_error_status_buys_nothing(
    provider: Provider, kind: str, after_s: float, retry_after: str | None
) -> None:
    provider.fault(kind, match="POST /orders", after_s=after_s)
    answer = provider.order()
    assert (answer.status_code, answer.headers.get("Retry-After")) == (int(kind), retry_after)
    assert "X-Ratelimit-Limit" in answer.headers
    assert orders(provider) == 0


def test_times_counts_calls_that_match_only(provider: Provider) -> None:
    provider.fault("500", match="POST /orders", times=1)
    assert provider.call("GET", "/organisation").ok
    assert provider.order().status_code == 500
    assert provider.order().ok
    assert provider.control("GET", "faults") == {"faults": []}


def test_reset_before_buys_nothing(provider: Provider) -> None:
    provider.fault("reset_before", match="POST /orders", times=1)
    with pytest.raises(requests.ConnectionError):
        provider.order()
    assert orders(provider) == 0


def test_reset_after_commit_has_bought(provider: Provider) -> None:
    provider.fault("reset_after_commit", match="POST /orders", times=1)
    with pytest.raises(requests.ConnectionError):
        provider.order()
    assert orders(provider) == 1


def test_commit_late_buys_after_the_caller_gave_up(provider: Provider) -> None:
    provider.fault("commit_late", match="POST /orders", times=1, after_s=3600)
    with pytest.raises(requests.ReadTimeout):
        provider.order(timeout=0.1)
    until(lambda: is_met(provider))
    assert orders(provider) == 0
    clock.advance(3600)
    until(lambda: orders(provider) == 1)


def test_a_reset_drops_an_order_that_was_still_to_come(provider: Provider) -> None:
    provider.fault("commit_late", match="POST /orders", times=1, after_s=3600)
    with pytest.raises(requests.ReadTimeout):
        provider.order(timeout=0.1)
    until(lambda: is_met(provider))
    provider.control("POST", "reset")
    clock.advance(3600)
    clock.sleep(0.5)
    assert orders(provider) == 0


def test_down_means_nobody_listens_but_the_control_plane(provider: Provider) -> None:
    provider.fault("down")
    with pytest.raises(requests.ConnectionError, match="refused"):
        provider.order()
    assert provider.control("GET", "faults")["faults"][0]["kind"] == "down"
    provider.control("DELETE", "faults")
    assert provider.order().ok


def test_down_can_be_asked_for_on_the_port_that_goes_down(provider: Provider) -> None:
    url = f"http://127.0.0.1:{provider.port}/_sandbox/faults"
    assert requests.post(url, json={"kind": "down"}, timeout=60).ok
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(url, timeout=60)


def test_hang_answers_nothing_and_buys_nothing(provider: Provider) -> None:
    provider.fault("hang", match="POST /orders", times=1)
    with pytest.raises(requests.ReadTimeout):
        provider.order(timeout=0.2)
    until(lambda: is_met(provider))
    provider.control("DELETE", "faults")
    assert orders(provider) == 0
    assert [call["status"] for call in provider.state()["calls"]] == [None]


def test_slow_buys_at_once_and_answers_later(provider: Provider) -> None:
    provider.fault("slow", match="POST /orders", after_s=3600)
    answers: list[requests.Response] = []
    buyer = threading.Thread(target=lambda: answers.append(provider.order()))
    buyer.start()
    until(lambda: orders(provider) == 1)
    assert not answers
    provider.control("DELETE", "faults")
    buyer.join(60)
    assert answers[0].json()["status"] == "completed"


def test_broken_json_has_bought(provider: Provider) -> None:
    provider.fault("broken_json", match="POST /orders", times=1)
    answer = provider.order()
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert orders(provider) == 1


def test_a_wrong_shape_is_json_that_means_nothing(provider: Provider) -> None:
    provider.fault("wrong_shape", match="/", times=2)
    assert "bundles" not in provider.call("GET", "/catalogue").json()
    assert "orderReference" not in provider.order().json()
    assert orders(provider) == 1


@pytest.mark.parametrize("kind", ["validate", "transaction"])
def test_out_of_funds_refuses_although_there_is_money(provider: Provider, kind: str) -> None:
    provider.fault("out_of_funds")
    answer = provider.order(body={"type": kind})
    assert (answer.status_code, answer.text) == (400, "insufficient balance")
    assert provider.get("/organisation")["balance"] == 0
    provider.control("DELETE", "faults")
    assert provider.get("/organisation")["balance"] == 1000


def test_a_changed_price_is_asked_everywhere_the_fault_matches(provider: Provider) -> None:
    price = provider.get(f"/catalogue/bundle/{TURKEY}")["price"]
    provider.fault("price_changed", match="POST /orders")
    assert provider.order(body={"type": "validate"}).json()["total"] == pytest.approx(price * 1.25, abs=0.001)
    assert provider.get(f"/catalogue/bundle/{TURKEY}")["price"] == price
    provider.fault("price_changed", match="GET /catalogue")
    assert provider.get(f"/catalogue/bundle/{TURKEY}")["price"] == pytest.approx(price * 1.25, abs=0.001)


@pytest.mark.parametrize(("factor", "times_as_much"), [(None, 1.1), (1.5, 1.5), (0.5, 0.5)])
def test_a_price_drifts_by_the_factor_that_is_given(
    provider: Provider, factor: float | None, times_as_much: float
) -> None:
    price = provider.get(f"/catalogue/bundle/{TURKEY}")["price"]
    provider.fault("price_drift", match="POST /orders", factor=factor)
    assert provider.buy()["total"] == pytest.approx(price * times_as_much, abs=0.001)


# --- purchases that are told in another way than they were made


def line(answer: Any) -> Any:
    return answer["order"][0]


def made(provider: Provider) -> list[list[str]]:
    """The ICCIDs of every order as it was made."""
    return [order["iccids"] for order in provider.state()["orders"]]


def test_a_swapped_answer_is_that_of_an_earlier_request(provider: Provider) -> None:
    first = provider.buy(FRANCE)
    provider.order(body={"type": "validate"})
    provider.fault("swapped_answer", match="POST /orders", times=1)
    assert provider.buy() == first
    assert [order["item"] for order in provider.state()["orders"]] == [FRANCE, TURKEY]
    second = provider.state()["orders"][1]["orderReference"]
    provider.get(f"/orders/{second}")
    provider.fault("swapped_answer", match="GET /orders/", times=1)
    assert provider.get(f"/orders/{first['orderReference']}")["orderReference"] == second


def test_without_an_earlier_request_nothing_is_swapped(provider: Provider) -> None:
    provider.fault("swapped_answer", match="POST /orders")
    assert line(provider.buy())["iccids"] == made(provider)[0]


@pytest.mark.parametrize(("kind", "count"), [("tripled_answer", 3), ("shortened_answer", 0)])
def test_an_answer_has_more_or_fewer_esims_than_were_made(provider: Provider, kind: str, count: int) -> None:
    provider.fault(kind, match="POST /orders", times=1)
    answer = provider.buy()
    told = line(answer)
    assert (told["quantity"], len(told["iccids"]), len(told["esims"])) == (1, count, count)
    assert [len(iccids) for iccids in made(provider)] == [1]
    assert line(provider.get(f"/orders/{answer['orderReference']}"))["iccids"] == made(provider)[0]


def test_foreign_iccids_are_those_of_an_earlier_order(provider: Provider) -> None:
    first = line(provider.buy())
    provider.fault("foreign_iccids", match="POST /orders", times=1)
    answer = provider.buy()
    assert (line(answer)["iccids"], line(answer)["esims"]) == (first["iccids"], first["esims"])
    assert made(provider)[1] != first["iccids"]
    provider.fault("foreign_iccids", match="GET /esims/assignments", times=1)
    told = provider.get(
        f"/esims/assignments?reference={answer['orderReference']}", headers={"Accept": "application/json"}
    )
    assert told["iccid"] == first["iccids"][0]


def test_a_duplicate_order_is_charged_twice_and_told_once(provider: Provider) -> None:
    before = provider.state()["balance"]
    provider.fault("duplicate_order", match="POST /orders", times=1)
    answer = provider.buy()
    assert line(answer)["iccids"] == made(provider)[0]
    assert len(made(provider)) == 2
    assert before - provider.state()["balance"] == pytest.approx(2 * answer["total"])


# --- lists of orders


def references(provider: Provider, query: str = "") -> list[str]:
    return [order["orderReference"] for order in provider.get(f"/orders?limit=100{query}")]


@pytest.mark.parametrize("after_s", [None, 600])
def test_an_order_shows_late_in_lists(provider: Provider, after_s: float | None) -> None:
    provider.fault("late_visible", match="POST /orders", times=1, after_s=after_s)
    late, other = provider.buy()["orderReference"], provider.buy()["orderReference"]
    assert references(provider) == [other]
    assert provider.get(f"/orders/{late}")["status"] == "completed"
    clock.advance((after_s or 30) + 1)
    assert references(provider) == [late, other]


def test_a_list_may_leave_out_what_is_young(provider: Provider) -> None:
    old = provider.buy()["orderReference"]
    clock.advance(60)
    provider.buy()
    provider.fault("late_visible", match="GET /orders", times=1, after_s=30)
    assert references(provider) == [old]
    assert len(references(provider)) == 2


def test_a_filter_is_refused_or_counts_for_nothing(provider: Provider) -> None:
    reference = provider.buy()["orderReference"]
    query = "&createdAt=gte:2099-01-01T00:00:00.000Z"
    assert references(provider, query) == []
    provider.fault("filter_ignored", match="GET /orders", times=1)
    assert references(provider, query) == [reference]
    provider.fault("filter_refused", match="GET /orders")
    assert provider.call("GET", f"/orders?limit=100{query}").status_code == 400
    assert references(provider) == [reference]


def test_an_order_that_is_made_in_the_portal_is_like_any_other(provider: Provider) -> None:
    before = provider.get("/organisation")["balance"]
    provider.fault("500", match="POST /orders")
    order = provider.control("POST", "orders", {"item": TURKEY, "quantity": 2})
    assert references(provider) == [order["orderReference"]]
    now = provider.get("/organisation")["balance"]
    assert round((before - now) * 1000) == round(order["total"] * 1000)
    assert len(order["order"][0]["iccids"]) == 2
    assert [call["path"] for call in provider.state()["calls"] if call["method"] == "POST"] == []
    euros = provider.control("POST", "orders", {"item": TURKEY, "currency": "EUR"})
    assert provider.get(f"/orders/{euros['orderReference']}")["currency"] == "EUR"
    assert provider.control("POST", "orders", {"item": "none"}, expect=400)["error"]


def test_an_order_can_be_lost_from_every_list(provider: Provider) -> None:
    lost, other = provider.buy()["orderReference"], provider.buy()["orderReference"]
    assert provider.control("DELETE", f"orders/{lost}")["orderReference"] == lost
    assert references(provider) == [other]
    assert provider.get(f"/orders/{lost}")["status"] == "completed"
    assert "no order" in provider.control("DELETE", "orders/none", expect=400)["error"]


def test_a_fault_that_makes_no_sense_is_refused(provider: Provider) -> None:
    assert "flood" in provider.control("POST", "faults", {"kind": "flood"}, expect=400)["error"]
    assert provider.control("POST", "faults", [], expect=400)["error"]
    assert provider.control("GET", "faults") == {"faults": []}
