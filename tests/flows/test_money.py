"""Promises about money, kept by real processes: each refund once, each pre-checkout answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.flows.checkouts import ask, let_hang, questions_of
from tests.stack import Stack, Traveller, until

pytestmark = pytest.mark.flow

BUYERS = 50
TAPS = 40


# --- R5


def test_a_refund_is_issued_once_by_two_processes_whatever_telegram_answers(
    shop: Stack, traveller: Callable[..., Traveller]
) -> None:
    """Four fall due at once; Telegram says 429, then 502, then loses answers; the leader is killed.

    Each message is written once, though a leader that dies before it notes that it was sent sends it again.
    """
    shop.start_jobs(name="standby")
    people = [traveller() for _ in range(4)]
    orders = [person.order_to_pay() for person in people]
    until(shop.confirmed, 20, "the word of eSIM Go")
    shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "503"})
    for person, order in zip(people, orders, strict=True):
        until(lambda: person.pays(order["invoice_url"]), 20, "the payment")  # noqa: B023 - used at once
    for kind, times in (("429", 1), ("502", 2), ("lost_answer", 2)):
        fault = {"match": "POST /refundStarPayment", "kind": kind, "times": times}
        shop.telegram("POST", "faults", fault | ({"after_s": 2} if kind == "429" else {}))
    shop.advance(905)  # an order that is on its way just then meets its 503 too
    until(lambda: refund_calls(shop) >= 3, 30, "the first tries")
    shop.kill()
    shop.processes["jobs"] = shop.processes.pop("standby")
    until(lambda: all(came_back(*pair) for pair in zip(people, orders, strict=True)), 60, "the refunds")
    shop.esimgo("DELETE", "faults")
    made = shop.refunds()
    print(f"\nR5: {len(made)} charges, {refund_calls(shop)} calls, most refunds of one charge: {most(made)}")
    assert (len(made), most(made)) == (4, 1)
    until(lambda: all(refunds_told(person) for person in people), 30, "the messages")
    written = shop.sql(
        "SELECT reference, count(*) FROM notification JOIN orders ON orders.id = order_id"
        " WHERE kind = 'refunded' GROUP BY reference"
    )
    assert [dict(written)[order["id"]] for order in orders] == [1] * 4


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
def test_every_pre_checkout_is_answered_whoever_hangs(
    shop: Stack, traveller: Callable[..., Traveller], silent: str
) -> None:
    """50 at once, and each again as after a lost answer: the same answer. On a machine that does much else
    one is told to tap again, and does. How fast: `make bench`.
    """
    people = [traveller() for _ in range(BUYERS)]
    questions = questions_of(shop, people)
    let_hang(shop, silent)
    with ThreadPoolExecutor(BUYERS + 4) as threads:
        hung = [threads.submit(person.order, "th-1gb-7d") for person in people[:4] if silent == "telegram"]
        first = list(threads.map(lambda update: let_in(shop, update), questions))
        again = list(threads.map(lambda asked: ask(shop, asked.update), first))
        assert len([future.result() for future in hung]) == len(hung)
    allowed = sum(bool(asked.answer["ok"]) for asked in first)
    taps = sum(asked.taps for asked in first)
    print(f"\nR6, {silent} hangs: {allowed} of {BUYERS} allowed, each twice, after {taps} taps")
    assert [asked.answer for asked in first] == again
    assert allowed == BUYERS
    refused = ask(shop, too_much(questions[0]))
    assert (refused["ok"], bool(refused["error_message"])) == (False, True)


class Asked(NamedTuple):
    """A question that was answered for good, and how often somebody has tapped for that."""

    update: dict[str, Any]
    answer: dict[str, Any]
    taps: int


def let_in(shop: Stack, update: dict[str, Any]) -> Asked:
    """A tap is a question of its own; one that was not let in because others were is not remembered."""
    for tap in range(TAPS):
        asked = update | {"update_id": update["update_id"] + tap * 1000 * BUYERS}
        answer = ask(shop, asked)
        if answer["ok"] or "Many people are paying" not in answer["error_message"]:
            break
    return Asked(asked, answer, tap + 1)


def too_much(update: dict[str, Any]) -> dict[str, Any]:
    """Somebody else's question, with another sum than that of the order."""
    query = update["pre_checkout_query"]
    other = {"id": f"{query['id']}-of-another-sum", "total_amount": query["total_amount"] + 1}
    return {"update_id": update["update_id"] + BUYERS, "pre_checkout_query": query | other}
