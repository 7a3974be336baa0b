"""R30: two customers who open, tap and ask without end, and those who only want to buy."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from sandbox import clock
from tests.databases.servers import Engine
from tests.flows.checkouts import ask, question
from tests.flows.test_topup import esim_of
from tests.proof import proved
from tests.stack import Stack, Traveller, running, until
from webapp.orders.placing import OPEN_AT_ONCE
from webapp.state.shares import ALLOWED, Kind

pytestmark = [pytest.mark.flow, pytest.mark.long]

SOME, ALL = 300, 6_000
"""Requests of the greedy, at least: until they are made, honest buyers come."""
BUYERS_SOME, BUYERS_ALL = 8, 60
GREEDY, THREADS_EACH = 2, 4
BOUGHT = ("tr-1gb-7d", "th-1gb-7d")
"""By each of the greedy, so that there is something to activate and to top up."""
FEW_PLANS = 80
CHEAP = 5_000
"""Stars that the shop takes from somebody who is new."""
A_TAP_LATER_S = 1.0
"""So long a buyer looks at the payment sheet: nobody taps sooner."""


@pytest.fixture
def stack(engine: Engine, tmp_path: Path) -> Iterator[Stack]:
    """A shop of its own, that refuses no request for being one too many."""
    unlimited = "customer=1000000/minute address=1000000/minute"
    with running(tmp_path, DATABASE_URL=engine.empty(tmp_path), RATE_LIMITS=unlimited) as stack:
        yield stack


class Greedy:
    """One account: opens an order for every plan there is, and again, asks for its invoice, taps Activate,
    and opens the top-ups of its eSIMs.
    """

    def __init__(self, person: Traveller, plans: list[str]) -> None:
        self.person = person
        self.bought = [person.buy(plan) for plan in BOUGHT]
        self.esims = [esim_of(person, order) for order in self.bought]
        self.requests = Counter[str]()
        self.plans = plans
        self._turn = itertools.count()

    def once(self) -> None:
        number = next(self._turn)
        plan, order, esim = (mine[number % len(mine)] for mine in (self.plans, self.bought, self.esims))
        placed = self._ask("order", lambda: self.person.press("/orders", plan_id=plan))
        if number < len(self.plans):
            return  # every sheet there is, before anything else
        if placed.status_code == 200:
            opened = placed.text.split("/orders/")[1].split("/")[0].split('"')[0]
            self._ask("invoice", lambda: self.person.press(f"/orders/{opened}/invoice"))
        self._ask("activate", lambda: self.person.press(f"/orders/{order}/activate"))
        self._ask("top-ups", lambda: self.person.fragment(f"/esims/{esim}/topup"))

    def _ask(self, name: str, send: Callable[[], requests.Response]) -> requests.Response:
        answer = send()
        assert answer.status_code in {200, 422}, answer.text
        self.requests[name] += 1
        return answer


@pytest.mark.proof
def test_one_customer_cannot_starve_the_others(
    stack: Stack, in_full: bool, record_property: Callable[[str, object], None]
) -> None:
    sold = stack.get("/api/esimgo/catalogue").json()["plans"]
    plans = [plan["plan_id"] for plan in sold if plan["stars"] <= CHEAP]
    buyers = BUYERS_ALL if in_full else BUYERS_SOME
    for_buyers, for_greedy = plans[:buyers], plans[buyers : buyers + (len(plans) if in_full else FEW_PLANS)]
    greedy = [Greedy(stack.customer(9000 + place), for_greedy) for place in range(GREEDY)]
    before, began = Counter(calls_of(stack)), clock.monotonic()
    enough, most = Event(), ALL if in_full else SOME

    def go_on(one: Greedy) -> None:
        while not enough.is_set():
            one.once()

    with ThreadPoolExecutor(GREEDY * THREADS_EACH) as pool:
        running_on = [pool.submit(go_on, one) for one in greedy * THREADS_EACH]
        try:
            answers = [buy(stack, number, plan) for number, plan in enumerate(for_buyers)]
            while sum(sum(one.requests.values()) for one in greedy) < most:
                assert not any(work.done() for work in running_on)
                clock.sleep(0.2)
        finally:
            enough.set()
    for work in running_on:
        work.result()
    minutes = (clock.monotonic() - began) / 60
    calls = Counter(calls_of(stack)) - before
    seconds = sorted(seconds for seconds, _ in answers)
    p95 = seconds[int(len(seconds) * 0.95) - 1]
    declined = sum(not allowed for _, allowed in answers)
    sent = sum((one.requests for one in greedy), Counter[str]())
    on = stack.environment["DATABASE_URL"].partition(":")[0]
    run = (
        f"{sent.total()} requests of {GREEDY} accounts for {len(for_greedy)} plans in {minutes:.1f} min "
        f"({told(sent)}) beside {buyers} buyers, on {on}"
    )
    figure = f"pre-checkout p95 {p95:.2f} s, {declined} declined; all calls: {told(calls)}"
    print(f"\nR30 {run}: {figure}")
    record_property(proved.ROW, ["R30 one customer cannot starve the others", run, figure, f"– ({on})"])
    assert calls["validations"] <= buyers * 2 + GREEDY * share_of("validations", minutes)
    assert calls["compatibility"] <= GREEDY * share_of("compatibility", minutes)
    assert calls["invoices"] <= buyers * 2 + GREEDY * share_of("orders", minutes)
    looks_without_a_tap = (GREEDY * len(BOUGHT)) * (minutes / 2 + 2)
    assert calls["looks"] <= GREEDY * share_of("looks", minutes) + looks_without_a_tap
    assert {len(open_orders(stack, one)) for one in greedy} == {OPEN_AT_ONCE}


def buy(stack: Stack, number: int, plan: str) -> tuple[float, bool]:
    """Somebody who opens a payment sheet, looks at it, and taps: how long the last question took, and whether
    it was allowed. Whoever is told to tap again does, and is allowed: on a busy machine the word of eSIM Go
    may come a moment after the tap.
    """
    person = stack.customer(10_000 + number)
    order = person.order_to_pay(plan)
    clock.sleep(A_TAP_LATER_S)
    asked = question(number, person, order)
    began = clock.monotonic()
    answer = ask(stack, asked)
    took = clock.monotonic() - began
    if not answer["ok"]:
        until(lambda: ask(stack, question(number, person, order))["ok"], 5, answer["error_message"])
    return took, bool(answer["ok"])


def share_of(kind: Kind, minutes: float) -> int:
    """What one customer may use of it in such a time."""
    most, within = ALLOWED[kind]
    return most * (int(minutes * 60 / within.total_seconds()) + 1)


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def open_orders(stack: Stack, one: Greedy) -> list[tuple[Any, ...]]:
    mine = f"telegram_user_id = {one.person.user_id}"
    return stack.sql(f"SELECT id FROM orders WHERE stage = 'awaiting_payment' AND {mine}")


def calls_of(stack: Stack) -> Iterator[str]:
    """What each call to eSIM Go and each invoice of Telegram was for."""
    for call in stack.esimgo("GET", "state")["calls"]:
        method, path = call["method"], call["path"]
        if (method, path) == ("POST", "/orders"):
            yield "validations"
        elif "/compatible/" in path:
            yield "compatibility"
        elif method == "GET" and path.startswith("/esims/") and path.count("/") == 2:
            yield "looks"
    for call in stack.telegram("GET", "state")["calls"]:
        if call["path"] == "/createInvoiceLink":
            yield "invoices"
