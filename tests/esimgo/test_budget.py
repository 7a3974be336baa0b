import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import responses

from webapp.base import clock
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import TryLater
from webapp.clients.esimgo.rate_limit import Told

from . import answers
from .answers import ICCID
from .conftest import BASE, KEY


def in_threads(count: int, work: Callable[[], None]) -> None:
    for thread in begun(work, count):
        thread.join(60)


def most_in_a_second(times: list[float]) -> int:
    return max(sum(start <= time < start + 1 for time in times) for start in times)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place is kept until its call ends, for however long the machine holds that up."""
    monkeypatch.setattr("webapp.clients.esimgo.budget.LONGEST_TRANSIT_S", 600.0)


def in_line(budget: Budget, count: int) -> None:
    """Wait until so many wait for a place."""
    give_up = clock.monotonic() + 60
    while budget.state().waiting < count:
        assert clock.monotonic() < give_up
        clock.sleep(0.01)


def begun(work: Callable[[], None], count: int = 1) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.usefixtures("patient")
def test_no_sliding_second_sees_more_than_eight_whichever_moment_counts() -> None:
    budget, counted = Budget(per_second=8, max_wait_s=60), list[float]()

    def call() -> None:
        for number in range(5):
            with budget.place("reads"):
                early = clock.monotonic()
                clock.sleep(0.03 * (number % 3))
                counted.append(early if number % 2 else clock.monotonic())

    in_threads(5, call)
    print(f"{len(counted)} requests, at most {most_in_a_second(counted)} in a second")
    assert len(counted) == 25
    assert most_in_a_second(counted) <= 8


@pytest.mark.usefixtures("patient")
def test_an_order_goes_before_reads_that_came_first() -> None:
    budget, went = Budget(per_second=2, max_wait_s=60), list[str]()
    first, second = budget.acquire("reads"), budget.acquire("reads")

    def read() -> None:
        with budget.place("reads"):
            went.append("read")

    def order() -> None:
        with budget.place("orders"):
            went.append("order")

    readers = begun(read, 3)
    in_line(budget, 3)
    (buyer,) = begun(order)
    in_line(budget, 4)
    budget.release(first)
    buyer.join(60)
    budget.release(second)
    for reader in readers:
        reader.join(60)
    assert went == ["order", "read", "read", "read"]


Waits = list[float]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """A clock that stands still but for the waits for a place, which take no time and are noted."""
    at, noted = [100.0], Waits()

    class Condition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            noted.append(timeout)
            at[0] += timeout
            return False

    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    monkeypatch.setattr("webapp.clients.esimgo.budget.threading", SimpleNamespace(Condition=Condition))
    return noted


def test_waiting_ends_with_try_later(waits: Waits) -> None:
    budget = Budget(per_second=1, max_wait_s=0.25)
    budget.acquire("orders")
    with pytest.raises(TryLater) as caught:
        budget.acquire("orders")
    assert waits == [0.25]
    assert caught.value.retry_after_s > 0


def test_a_long_hold_is_told_at_once_and_a_short_one_is_waited_for(waits: Waits) -> None:
    budget = Budget(max_wait_s=1)
    budget.hold(0.25)
    budget.acquire("reads")
    assert waits == [0.25]
    budget.hold(60)
    with pytest.raises(TryLater) as caught:
        budget.acquire("orders")
    assert (waits, caught.value.retry_after_s) == ([0.25], 60), "told at once"


def test_an_answer_that_comes_late_frees_no_place_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    budget, at = Budget(per_second=1, max_wait_s=0), [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    lost = budget.acquire("reads")
    at[0] += 6  # it hangs, so its place is given away
    budget.acquire("reads")
    budget.release(lost)
    at[0] += 2
    with pytest.raises(TryLater):
        budget.acquire("reads")


# --- costs


def tokens_in_a_second(spent: list[tuple[float, int]]) -> int:
    return max(sum(cost for time, cost in spent if start <= time < start + 1) for start, _ in spent)


@pytest.mark.usefixtures("patient")
def test_no_sliding_second_holds_more_than_eight_tokens_whatever_calls_cost() -> None:
    budget, spent = Budget(per_second=8, max_wait_s=60), list[tuple[float, int]]()
    costs = {"dear": 5, "middling": 3, "cheap": 1}
    for endpoint, cost in costs.items():
        budget.learn(-1, endpoint, cost)

    def call() -> None:
        for number, (endpoint, cost) in enumerate(costs.items()):
            with budget.place("orders" if cost == 3 else "reads", endpoint) as place:
                early = clock.monotonic()
                clock.sleep(0.02 * number)
                place.heed(Told(cost, 0.0))
                spent.append((early if number % 2 else clock.monotonic(), cost))

    in_threads(3, call)
    print(f"{sum(cost for _, cost in spent)} tokens, at most {tokens_in_a_second(spent)} in a second")
    assert len(spent) == 9
    assert tokens_in_a_second(spent) <= 8


def test_a_cost_that_was_not_known_is_paid_after_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    budget, at = Budget(max_wait_s=0), [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    with budget.place("reads", "GET /dear") as place:
        assert budget.state().used == 1
        place.heed(Told(5, 0.0))
    assert budget.state().used == 5
    assert budget.state().costs == {"GET /dear": 5}
    with budget.place("reads", "GET /other"):
        assert budget.state().used == 6
    with pytest.raises(TryLater), budget.place("reads", "GET /dear"):
        pass
    at[0] += 1.01
    with budget.place("reads", "GET /dear"):
        assert budget.state().used == 5


@pytest.mark.parametrize(("cost", "counts_as"), [(8, 8), (9, 8), (999_999, 8), (1, 1)])
def test_a_cost_beyond_the_ceiling_is_the_ceiling(cost: int, counts_as: int) -> None:
    budget = Budget()
    with budget.place("reads", "GET /huge") as place:
        place.heed(Told(cost, 0.0))
    assert budget.state().costs == {"GET /huge": counts_as}


@pytest.mark.usefixtures("patient")
def test_a_costly_call_is_not_starved_by_cheap_ones() -> None:
    budget, went = Budget(per_second=4, max_wait_s=60), list[str]()
    tickets = [budget.acquire("reads") for _ in range(4)]

    def call(name: str, cost: int) -> None:
        ticket = budget.acquire("reads", cost)
        went.append(name)
        budget.release(ticket)

    threads = begun(lambda: call("costly", 4))
    in_line(budget, 1)
    threads += begun(lambda: call("cheap", 1), 4)
    in_line(budget, 5)
    for ticket in tickets:
        budget.release(ticket)
        clock.sleep(0.1)  # one after the other they are free, and each would do for a cheap one
    for thread in threads:
        thread.join(60)
    assert went == ["costly", "cheap", "cheap", "cheap", "cheap"]


def test_who_gives_up_does_not_block_the_line(waits: Waits) -> None:
    budget = Budget(per_second=2, max_wait_s=0.25)
    stuck = budget.acquire("reads")
    with pytest.raises(TryLater) as caught:
        budget.acquire("orders", 2)
    assert (waits, caught.value.asked) == ([0.25], False)
    budget.release(budget.acquire("reads"))
    budget.release(stuck)
    assert budget.state().waiting == 0


def test_the_client_learns_costs_and_heeds_an_empty_window(
    esimgo: responses.RequestsMock, waits: Waits
) -> None:
    client = ESIMGoClient(KEY, BASE, budget=Budget(max_wait_s=0))
    limits = {
        "X-Ratelimit-Cost": "3",
        "X-Ratelimit-Remaining": "0",
        "X-Ratelimit-Reset": "2026-10-05T09:12:44Z",
        "Date": "Mon, 05 Oct 2026 09:12:43 GMT",
    }
    esimgo.get(f"{BASE}/esims/{ICCID}", json=answers.DETAILS, headers=limits)
    client.esim(ICCID)
    state = client.state().budget
    assert (state.used, state.places, state.costs) == (3, 8, {"GET /esims/{iccid}": 3})
    assert state.held_s == 1
    with pytest.raises(TryLater, match="our own"):
        client.create_order("any")
    assert (len(esimgo.calls), waits) == (1, [])


@pytest.mark.parametrize("bogus", ["", "zero", "-3", "0", "1e9"])
def test_a_bogus_cost_is_ignored(bogus: str, client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    esimgo.get(f"{BASE}/esims/{ICCID}", json=answers.DETAILS, headers={"X-Ratelimit-Cost": bogus})
    client.esim(ICCID)
    assert client.state().budget.costs == {}
