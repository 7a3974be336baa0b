"""Promises about money, kept by real processes: each refund once, each pre-checkout in time."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox import clock
from tests.stack import SECRET, Stack, Traveller, until

pytestmark = pytest.mark.flow

BUYERS = 50
TELEGRAM_WAITS_S = 10


# --- R5


def test_a_refund_is_issued_once_by_two_processes_whatever_telegram_answers(
    shop: Stack, traveller: Callable[..., Traveller]
) -> None:
    """Four fall due at once; Telegram says 429, then 502, then loses answers; the leader is killed."""
    shop.start_jobs(name="standby")
    people = [traveller() for _ in range(4)]
    orders = [person.order_to_pay() for person in people]
    until(shop.sold, 20, "the word of eSIM Go")
    shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "503"})
    for person, order in zip(people, orders, strict=True):
        until(lambda: person.pays(order["invoice_url"]), 20, "the payment")  # noqa: B023 - used at once
    for kind, times in (("429", 1), ("502", 2), ("lost_answer", 2)):
        fault = {"match": "POST /refundStarPayment", "kind": kind, "times": times}
        shop.telegram("POST", "faults", fault | ({"after_s": 2} if kind == "429" else {}))
    shop.advance(905)
    shop.esimgo("DELETE", "faults")
    until(lambda: refund_calls(shop) >= 3, 30, "the first tries")
    shop.kill()
    shop.processes["jobs"] = shop.processes.pop("standby")
    until(lambda: all(came_back(*pair) for pair in zip(people, orders, strict=True)), 60, "the refunds")
    made = shop.refunds()
    print(f"\nR5: {len(made)} charges, {refund_calls(shop)} calls, most refunds of one charge: {most(made)}")
    assert (len(made), most(made)) == (4, 1)
    until(lambda: all(refunds_told(person) for person in people), 30, "the messages")
    assert [refunds_told(person) for person in people] == [1] * 4


def refunds_told(person: Traveller) -> int:
    return sum("Refunded" in told for told in person.texts())


def refund_calls(shop: Stack) -> int:
    calls = shop.telegram("GET", "state")["calls"]
    return sum("refundStarPayment" in call["path"] for call in calls)


def came_back(person: Traveller, order: dict[str, Any]) -> bool:
    return "have been returned" in person.fragment(f"/orders/{order['id']}/status").text


def most(refunds: list[dict[str, Any]]) -> int:
    return max(int(refund["count"]) for refund in refunds)


# --- R6


@pytest.mark.parametrize("silent", ["esimgo", "telegram"])
def test_a_pre_checkout_is_answered_in_time_whoever_hangs(
    shop: Stack, traveller: Callable[..., Traveller], silent: str
) -> None:
    """50 at once, and each again as after a lost answer: the same answer, within a second."""
    people = [traveller() for _ in range(BUYERS)]
    questions = [question(number, person, person.order()) for number, person in enumerate(people)]
    until(shop.sold, 20, "the word of eSIM Go")
    until(lambda: ask(shop, questions[0] | {"update_id": int(clock.monotonic() * 1e6)})[1]["ok"], 20)
    match = "POST /orders" if silent == "esimgo" else "POST /createInvoiceLink"
    getattr(shop, silent)("POST", "faults", {"match": match, "kind": "hang"})
    with ThreadPoolExecutor(BUYERS + 4) as threads:
        hung = [threads.submit(person.order, "th-1gb-7d") for person in people[:4] if silent == "telegram"]
        first = list(threads.map(lambda update: ask(shop, update), questions))
        again = list(threads.map(lambda update: ask(shop, update), questions))
        assert len([future.result() for future in hung]) == len(hung)
    seconds = sorted(took for took, _ in first + again)
    p99 = seconds[int(len(seconds) * 0.99) - 1]
    allowed = sum(bool(answer["ok"]) for _, answer in first)
    print(
        f"\nR6, {silent} hangs: p99 {p99:.2f} s, slowest {seconds[-1]:.2f} s, {allowed} of {BUYERS} allowed"
    )
    assert [answer for _, answer in first] == [answer for _, answer in again]
    assert allowed == BUYERS
    assert p99 <= within_s(1)
    assert seconds[-1] < TELEGRAM_WAITS_S


def within_s(seconds: float) -> float:
    """On a machine that others keep busy everything takes longer, the test itself too."""
    return seconds * max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))


def question(number: int, person: Traveller, order: dict[str, Any]) -> dict[str, Any]:
    invoice = order["invoice_url"]
    slug = person.stack.telegram("GET", f"invoice?slug={invoice.rpartition('/')[2].removeprefix('$')}")
    query = {
        "id": f"question-{order['id']}",
        "from": {"id": person.user_id, "is_bot": False, "first_name": "John", "language_code": "en"},
        "currency": "XTR",
        "total_amount": slug["amount"],
        "invoice_payload": order["id"],
    }
    return {"update_id": int(clock.monotonic() * 1e6) + number, "pre_checkout_query": query}


def ask(shop: Stack, update: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds, and the answer."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    began = clock.monotonic()
    told = requests.post(f"{shop.web}/api/telegram/webhook", json.dumps(update), headers=headers, timeout=60)
    assert told.status_code == 200, told.text
    return clock.monotonic() - began, dict(told.json())
