"""Every way in which the stand-in can be made to fail, and what it has done by then."""

import threading
from collections.abc import Iterator

import pytest
import requests

from sandbox import clock
from sandbox.esimgo.app import KINDS
from tests.sandbox.esimgo import TURKEY, Provider, running, until


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


def test_a_fault_that_makes_no_sense_is_refused(provider: Provider) -> None:
    assert "flood" in provider.control("POST", "faults", {"kind": "flood"}, expect=400)["error"]
    assert provider.control("POST", "faults", [], expect=400)["error"]
    assert provider.control("GET", "faults") == {"faults": []}
