"""R1: the same request gives the same result, however often it comes and whoever was killed in between."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any

import pytest
import requests

from sandbox import clock
from tests.proof import proved
from tests.stack import PATIENCE, PLAN, SECRET, Stack, Traveller, running, until

SOME, ALL = 100, 1_000
THREADS, RESTARTS = 16, 3
KEY = "6f1c2f0e-3a55-4b0e-9f0a-0d8b3e1c7a42"

pytestmark = pytest.mark.flow


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A shop of its own, because it is killed; its customer is in a hurry."""
    with running(tmp_path, RATE_LIMITS="customer=100000/minute address=100000/minute") as stack:
        yield stack


class Replay:
    """One purchase, said again and again: each request is repeated until somebody answers it."""

    def __init__(self, stack: Stack, buyer: Traveller) -> None:
        self.stack = stack
        self.headers = buyer.headers | {"Idempotency-Key": KEY}
        self.updates: list[dict[str, Any]] = []
        self.answers: Counter[tuple[str, int]] = Counter()
        self.orders: set[str] = set()
        self.repeated = 0
        self._own = local()

    def once(self, number: int) -> None:
        self.order()
        for update in self.updates:
            self.post("webhook", "/api/telegram/webhook", update, {"X-Telegram-Bot-Api-Secret-Token": SECRET})
        if number % 50 == 0:
            self.post("another body", "/api/esimgo/order", {"plan_id": "tr-5gb-30d"}, self.headers)

    def order(self) -> dict[str, Any]:
        answer = self.post("order", "/api/esimgo/order", {"plan_id": PLAN}, self.headers)
        self.orders.add(answer["id"])
        return answer

    def post(self, name: str, path: str, body: object, headers: dict[str, str]) -> dict[str, Any]:
        give_up = clock.monotonic() + 90 * PATIENCE
        while (answer := self._try(path, body, headers)) is None:
            assert clock.monotonic() < give_up, f"nobody answers {path}"
            self.repeated += 1
            clock.sleep(0.1)
        self.answers[name, answer.status_code] += 1
        return dict(answer.json())

    def _try(self, path: str, body: object, headers: dict[str, str]) -> requests.Response | None:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        try:
            answer: requests.Response = self._own.session.post(
                self.stack.web + path, json=body, headers=headers, timeout=30
            )
        except requests.RequestException:
            return None
        return answer

    def pay(self, buyer: Traveller, invoice: str) -> None:
        """The question that was allowed and the payment are the last two updates; eSIM Go is slow by then."""
        until(self.stack.confirmed, what="the word of eSIM Go")
        buyer.pay_into(invoice, "slow", after_s=2, times=1)
        told = [entry["update"] for entry in self.stack.telegram("GET", "state")["updates"]]
        asked, paid = told[-2:]
        assert "pre_checkout_query" in asked
        assert "successful_payment" in str(paid)
        self.updates = [asked, paid]


@pytest.mark.proof
def test_one_purchase_replayed_again_and_again_is_one_order(
    stack: Stack, in_full: bool, record_property: Callable[[str, object], None]
) -> None:
    replays = ALL if in_full else SOME
    buyer = stack.customer(7001)
    replay = Replay(stack, buyer)
    with ThreadPoolExecutor(THREADS) as pool:
        placed = list(pool.map(lambda _: replay.order(), range(THREADS)))
        invoice = next(order["invoice_url"] for order in placed if order["invoice_url"])
        replay.pay(buyer, invoice)
        under_way = [pool.submit(replay.once, number) for number in range(replays)]
        for restart in range(RESTARTS):
            wait_for_more_than(replays * restart // (RESTARTS + 1), under_way)
            restart_everything(stack)
        for future in under_way:
            future.result()
    (reference,) = replay.orders
    buyer.reaches(reference, "ready", seconds=30)
    found = counted(stack) | {"provider orders": len(stack.provider_orders())}
    run = f"{replays} replays on {THREADS} threads, {RESTARTS} restarts"
    answers = f"{replay.answers.total()} answers alike, {replay.repeated} lost and asked again"
    figure = f"1 order, 1 payment, 1 order at the provider; {answers}"
    print(f"\nR1: {run}: {figure}; {found}")
    assert set(replay.answers) == {("order", 201), ("webhook", 200), ("another body", 409)}
    rows = {"orders": 1, "payment": 1, "refund": 0, "bought": 1, "idempotency_key": 1}
    assert found == rows | {"provider orders": 1}
    assert stack.refunds() == []
    row = proved.Row("R1 the same request gives the same result", run, figure, "–")
    record_property(proved.ROW, list(row))


def wait_for_more_than(enough: int, under_way: list[Future[None]]) -> None:
    until(lambda: sum(replay.done() for replay in under_way) > enough, 30, f"{enough} replays")


def restart_everything(stack: Stack) -> None:
    """kill -9 of web and jobs, at once."""
    workers = children(stack.processes["web"].pid)
    for name in ("web", "jobs"):
        stack.kill(name)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    stack.start_web()
    stack.start_jobs()


def children(pid: int) -> list[int]:
    """Granian's workers, which outlive a killed parent."""
    told = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return [int(line) for line in told.stdout.split()]


def counted(stack: Stack) -> dict[str, int]:
    """Rows; of the intents to buy, those that bought: a process may die with one that was never sent."""
    tables = {table: f"SELECT count(*) FROM {table}" for table in ("orders", "payment", "refund")}
    tables["bought"] = "SELECT count(*) FROM submission WHERE outcome IN ('bought', 'late', 'stock')"
    tables["idempotency_key"] = "SELECT count(*) FROM idempotency_key"
    return {name: int(stack.sql(query)[0][0]) for name, query in tables.items()}
