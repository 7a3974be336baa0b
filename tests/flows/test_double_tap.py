"""R14: fifty taps at once are one order, on the page and through the API, with a key and without."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from threading import Barrier

import pytest
import requests

from tests.stack import PLAN, Traveller

TAPS = 50

pytestmark = pytest.mark.flow

Tap = Callable[[str, dict[str, str]], requests.Response]


def on_the_page(web: str, headers: dict[str, str]) -> requests.Response:
    headers = headers | {"HX-Request": "true"}
    return requests.post(f"{web}/orders", data={"plan_id": PLAN}, headers=headers, timeout=60)


def through_the_api(web: str, headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{web}/api/esimgo/order", json={"plan_id": PLAN}, headers=headers, timeout=60)


def with_a_key(web: str, headers: dict[str, str]) -> requests.Response:
    return through_the_api(web, headers | {"Idempotency-Key": "one-purchase"})


def order_of(answer: requests.Response) -> str:
    """The order that an answer is about."""
    if "/api/" in answer.url:
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])
    assert answer.status_code == 200, answer.text
    return answer.headers["HX-Push-Url"].split("/")[-1].split("?")[0]


def bought(buyer: Traveller) -> set[str]:
    """Every order in the buyer's history."""
    return set(re.findall(r"/orders/([\w-]+)", buyer.fragment("/esims").text))


@pytest.mark.parametrize(
    "taps",
    [[on_the_page], [through_the_api], [with_a_key], [on_the_page, through_the_api, with_a_key]],
    ids=["page", "api", "key", "mixed"],
)
def test_fifty_taps_at_once_are_one_order(john: Traveller, taps: list[Tap]) -> None:
    headers, together = john.headers, Barrier(TAPS)

    def press(tap: Tap) -> str:
        together.wait()
        return order_of(tap(john.stack.web, headers))

    with ThreadPoolExecutor(TAPS) as pool:
        orders = set(pool.map(press, islice(cycle(taps), TAPS)))
    ways = ", ".join(tap.__name__ for tap in taps)
    print(f"\nR14: {TAPS} taps at once, {ways}: {len(orders)} order")
    assert len(orders) == 1
    assert bought(john) == orders
