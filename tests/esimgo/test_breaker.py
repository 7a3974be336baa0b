"""When eSIM Go is left alone, and how it is found to be back; by itself and in the client."""

import threading
from collections.abc import Callable

import pytest
import responses

from webapp.base import clock
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.breaker import Breaker
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID
from .conftest import BASE, KEY
from .table import ENDPOINTS, Endpoint

Wait = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """A clock that stands still unless a test waits."""
    at = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])

    def pass_by(seconds: float) -> None:
        at[0] += seconds

    monkeypatch.setattr(clock, "sleep", pass_by)
    return pass_by


def call(breaker: Breaker, sensible: bool | None) -> bool:
    """True when it was let through."""
    if (ticket := breaker.enter()) is None:
        return False
    breaker.leave(ticket, sensible)
    return True


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(5):
        assert call(breaker, False)
    return breaker


def test_five_failures_in_a_row_open_it_and_four_do_not(wait: Wait) -> None:
    breaker = Breaker()
    for outcome in (False, False, False, False, True, False, False, False, False, None):
        assert call(breaker, outcome)
    assert (breaker.state().mood, breaker.state().failures) == ("closed", 4)
    assert call(breaker, False)
    assert (breaker.state().mood, breaker.state().rests_s) == ("open", 2.0)
    assert not call(breaker, True)


def test_its_rest_doubles_with_every_probe_that_fails_up_to_fifteen_seconds(wait: Wait) -> None:
    breaker, rests = opened(), list[float]()
    for _ in range(6):
        rests.append(breaker.state().rests_s)
        wait(rests[-1] - 0.01)
        assert not call(breaker, True)
        wait(0.01)
        assert breaker.state().mood == "half_open"
        assert call(breaker, False)
    assert rests == [2, 4, 8, 15, 15, 15]


def test_a_probe_that_succeeds_closes_it_and_the_next_rest_is_short_again(wait: Wait) -> None:
    breaker = opened()
    wait(2)
    assert call(breaker, False)
    wait(4)
    assert call(breaker, True)
    assert (breaker.state().mood, breaker.state().failures) == ("closed", 0)
    for _ in range(5):
        assert call(breaker, False)
    assert breaker.state().rests_s == 2


def test_one_probe_passes_of_many_that_come_at_once(wait: Wait) -> None:
    breaker, tickets = opened(), list[int | None]()
    wait(2)
    together = threading.Barrier(16)

    def come() -> None:
        together.wait(60)
        tickets.append(breaker.enter())

    threads = [threading.Thread(target=come) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    passed = [ticket for ticket in tickets if ticket is not None]
    assert (len(tickets), len(passed)) == (16, 1)
    breaker.leave(passed[0], True)
    assert call(breaker, True)


def test_a_probe_that_was_not_made_leaves_its_turn_to_the_next(wait: Wait) -> None:
    breaker = opened()
    wait(2)
    assert call(breaker, None)
    assert breaker.state().mood == "half_open"
    assert call(breaker, True)
    assert breaker.state().mood == "closed"


@pytest.mark.parametrize("sensible", [True, False, None])
def test_a_call_from_before_it_opened_neither_closes_it_nor_lengthens_its_rest(
    sensible: bool | None, wait: Wait
) -> None:
    breaker = Breaker()
    early = breaker.enter()
    assert early is not None
    for _ in range(5):
        call(breaker, False)
    wait(1)
    breaker.leave(early, sensible)
    assert (breaker.state().mood, breaker.state().rests_s) == ("open", 1.0)


# --- in the client


@pytest.fixture
def told() -> list[bool]:
    return []


@pytest.fixture
def watched(told: list[bool]) -> ESIMGoClient:
    return ESIMGoClient(KEY, BASE, budget=Budget(10_000), on_reachable=told.append)


def fails(client: ESIMGoClient, endpoint: Endpoint) -> errors.EsimGoError:
    with pytest.raises(errors.EsimGoError) as caught:
        endpoint.call(client)
    return caught.value


@pytest.mark.parametrize(("name", "kind"), [("esim", "reads"), ("get_products", "catalogue")])
def test_after_five_calls_without_an_answer_reads_are_refused_at_once(
    name: str,
    kind: str,
    watched: ESIMGoClient,
    told: list[bool],
    esimgo: responses.RequestsMock,
    wait: Wait,
) -> None:
    endpoint = ENDPOINTS[name]
    tried = endpoint.answers(esimgo, status=502)
    assert type(fails(watched, endpoint)) is errors.Unavailable
    fails(watched, endpoint)  # each is tried three times, so the second opens it
    assert tried.call_count == 5
    began = clock.monotonic()
    error = fails(watched, endpoint)
    assert (type(error), error.asked) == (errors.Unavailable, False)
    assert clock.monotonic() == began, "refused at once, without a pause between attempts"
    assert tried.call_count == 5
    assert told == [False] * 5, "a call that was not made is no exchange"
    moods = {key: breaker.mood for key, breaker in watched.state().breakers.items()}
    assert moods == dict.fromkeys(moods, "closed") | {kind: "open"}


def test_purchases_are_surely_not_sent_while_it_rests_and_resume_with_one_probe(
    watched: ESIMGoClient, told: list[bool], esimgo: responses.RequestsMock, wait: Wait
) -> None:
    endpoint = ENDPOINTS["create_order"]
    lost = endpoint.answers(esimgo, status=500)
    for _ in range(5):
        assert type(fails(watched, endpoint)) is errors.Unclear
    error = fails(watched, endpoint)
    assert (type(error), error.asked) == (errors.NotSent, False)
    assert (lost.call_count, told) == (5, [False] * 5)
    esimgo.reset()
    works = endpoint.answers(esimgo, json=endpoint.happy)
    wait(2)
    assert watched.create_order(BUNDLE).reference
    assert (works.call_count, told[-1]) == (1, True)
    assert watched.state().breakers["orders"].mood == "closed"


def test_what_became_of_a_purchase_can_be_looked_up_while_purchases_rest(
    watched: ESIMGoClient, esimgo: responses.RequestsMock, wait: Wait
) -> None:
    esimgo.post(f"{BASE}/orders", status=500)
    for _ in range(6):
        fails(watched, ENDPOINTS["create_order"])
    esimgo.get(f"{BASE}/orders", json=[answers.ORDER])
    assert ENDPOINTS["list_orders"].call(watched)
    assert watched.state().breakers["orders"].mood == "open"


@pytest.mark.parametrize("name", ["get_order_status", "assignments"])
@pytest.mark.parametrize("status", [200, 500])
def test_one_order_that_never_gets_an_answer_stops_no_look_up_of_the_others(
    name: str, status: int, watched: ESIMGoClient, esimgo: responses.RequestsMock, wait: Wait
) -> None:
    endpoint = ENDPOINTS[name]
    esimgo.add(endpoint.method, BASE + endpoint.path, body="", status=status)
    for _ in range(20):
        fails(watched, endpoint)
    moods = {kind: breaker.mood for kind, breaker in watched.state().breakers.items()}
    assert moods == dict.fromkeys(moods, "closed") | ({"deliveries": "open"} if status == 500 else {})
    esimgo.get(f"{BASE}/orders", json=[answers.ORDER])
    assert ENDPOINTS["list_orders"].call(watched)


@pytest.mark.parametrize("fault", [400, 401, 403, 404, 410, 422, 429])
def test_a_refusal_is_an_answer_and_opens_nothing(
    fault: int, watched: ESIMGoClient, esimgo: responses.RequestsMock, wait: Wait
) -> None:
    tried = esimgo.post(f"{BASE}/orders", status=fault, headers={"Retry-After": "0"})
    for _ in range(8):
        fails(watched, ENDPOINTS["validate_order"])
    assert tried.call_count == 8
    assert watched.state().breakers["orders"].failures == 0


def test_answers_that_nobody_can_read_open_it_and_still_count_as_reached(
    watched: ESIMGoClient, told: list[bool], esimgo: responses.RequestsMock, wait: Wait
) -> None:
    tried = esimgo.get(f"{BASE}/esims/{ICCID}", json={"surprise": 1})
    for _ in range(7):
        fails(watched, ENDPOINTS["esim"])
    assert (tried.call_count, told) == (5, [True] * 5)


def test_our_own_budget_neither_opens_nor_closes_it(esimgo: responses.RequestsMock, wait: Wait) -> None:
    client = ESIMGoClient(KEY, BASE, budget=Budget(1, max_wait_s=0))
    esimgo.post(f"{BASE}/orders", status=500)
    fails(client, ENDPOINTS["validate_order"])
    for _ in range(9):
        error = fails(client, ENDPOINTS["validate_order"])
        assert (type(error), error.asked) == (errors.TryLater, False)
    assert client.state().breakers["orders"].failures == 1
    assert client.state().calls == {"POST /orders": {"Unavailable": 1, "not_asked": 9}}


def test_an_outage_of_a_minute_is_over_for_orders_within_thirty_seconds(
    watched: ESIMGoClient, esimgo: responses.RequestsMock, wait: Wait
) -> None:
    """The shop comes back every five seconds with an order that was surely not sent."""
    down = esimgo.post(f"{BASE}/orders", status=500)
    began = clock.monotonic()
    while clock.monotonic() - began < 60:
        fails(watched, ENDPOINTS["create_order"])
        wait(5)
    assert down.call_count < 12
    rested_s = 0
    esimgo.reset()
    esimgo.post(f"{BASE}/orders", json=answers.ORDER)
    while watched.state().breakers["orders"].mood != "closed":
        try:
            watched.create_order(BUNDLE)
        except errors.NotSent:
            wait(5)
            rested_s += 5
    print(f"orders resume {rested_s} s after an outage of 60 s")
    assert rested_s <= 30


def test_the_state_counts_calls_by_endpoint_and_outcome_without_names(
    watched: ESIMGoClient, esimgo: responses.RequestsMock, wait: Wait
) -> None:
    esimgo.get(f"{BASE}/esims/{ICCID}", status=500)
    esimgo.get(f"{BASE}/esims/{ICCID}", json=answers.DETAILS)
    esimgo.get(f"{BASE}/esims/{ICCID}/bundles/{BUNDLE}", status=404)
    watched.esim(ICCID)
    fails(watched, ENDPOINTS["bundle_status"])
    state = watched.state()
    assert state.calls == {
        "GET /esims/{iccid}": {"Unavailable": 1, "ok": 1},
        "GET /esims/{iccid}/bundles/{name}": {"NotThere": 1},
    }
    assert ICCID not in repr(state)
    assert (state.budget.used, state.budget.held_s) == (3, 0.0)
    with pytest.raises(AttributeError):
        state.calls = {}  # type: ignore[misc]
