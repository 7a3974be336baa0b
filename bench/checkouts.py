"""R6: how soon Telegram has its answer before it takes the money, while eSIM Go or Telegram hangs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.checkouts import ask, let_hang, questions_of
from tests.stack import Stack, running
from webapp.base import clock

BUYERS, HANGING = 50, 4
GOAL_S = 1
TELEGRAM_WAITS_S = 10


@dataclass(frozen=True)
class Answers:
    """`seconds` of each; `refused` of those who could have paid."""

    seconds: list[float]
    refused: int

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99) - 1]


def measure(folder: Path) -> dict[str, Answers]:
    """By who hangs."""
    with running(folder) as shop:
        return {
            "eSIM Go": _answers(shop, "esimgo", first=30_000),
            "Telegram": _answers(shop, "telegram", first=31_000),
        }


def _answers(shop: Stack, silent: str, first: int) -> Answers:
    """50 ask at once, and then each again, as after a lost answer."""
    shop.reset()
    people = [shop.customer(first + number) for number in range(BUYERS)]
    questions = questions_of(shop, people)
    let_hang(shop, silent)
    with ThreadPoolExecutor(BUYERS + HANGING) as threads:
        for person in people[:HANGING] if silent == "telegram" else ():
            threads.submit(person.order, "th-1gb-7d")  # waits for its invoice, in a thread of the web process
        told = [
            answer for _ in range(2) for answer in threads.map(lambda update: _timed(shop, update), questions)
        ]
    return Answers([seconds for seconds, _ in told], sum(not answer["ok"] for _, answer in told))


def _timed(shop: Stack, update: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = clock.monotonic()
    answer = ask(shop, update)
    return clock.monotonic() - began, answer
