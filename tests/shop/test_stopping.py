"""The jobs process ends when it is told to, whatever it is doing at that moment."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from jobs import runner

GIVE_UP_S = 20


@pytest.fixture
def scheduler() -> Iterator[BlockingScheduler]:
    """With something to do all the time. Should it not end by itself, the test fails and does not hang."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    scheduler = BlockingScheduler(timezone="UTC")
    scheduler.add_job(lambda: None, "interval", seconds=0.01)
    yield scheduler
    for number, handler in before.items():
        signal.signal(number, handler)


def ends_by_itself(scheduler: BlockingScheduler) -> bool:
    late = threading.Event()

    def give_up() -> None:
        late.set()
        scheduler.shutdown(wait=False)

    timer = threading.Timer(GIVE_UP_S, give_up)
    timer.start()
    scheduler.start()
    timer.cancel()
    return not late.is_set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_word_that_comes_while_a_job_is_handed_out_is_not_lost(
    scheduler: BlockingScheduler, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    real: Callable[..., Any] = ThreadPoolExecutor.submit_job
    told: list[signal.Signals] = []

    def submit(self: ThreadPoolExecutor, *given: Any) -> Any:
        if not told:
            told.append(number)
            os.kill(os.getpid(), number)
        return real(self, *given)

    monkeypatch.setattr(ThreadPoolExecutor, "submit_job", submit)
    runner.stop_when_told(scheduler)
    assert ends_by_itself(scheduler)
    assert told == [number]


def test_a_word_before_the_beginning_counts_too(scheduler: BlockingScheduler) -> None:
    runner.stop_when_told(scheduler)
    os.kill(os.getpid(), signal.SIGTERM)
    assert ends_by_itself(scheduler)
