"""Time that passes only while everybody waits, and processes that can be killed or paused in the middle.

Every thread of the shop, every customer and every update on its way is a greenlet. When one sleeps, whoever
is due next goes on; nothing else ever switches. A run is therefore the same each time, costs no waiting, and
the places where threads can overtake each other (outside calls, pauses) are exactly those of the real thing.
"""

import heapq
import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from greenlet import getcurrent, greenlet

BEGINNING = datetime(2030, 5, 1, tzinfo=UTC)
SHORTEST_S = 0.001  # a shorter pause could be lost in the rounding of a float, and last for ever


class PowerCut(BaseException):
    """The process is gone: nothing of it runs any more, no handler of errors either."""


@dataclass(eq=False)
class Process:
    """What dies or stands still together."""

    name: str
    pid: int
    alive: bool = True
    paused: bool = False
    threads: set[Any] = field(default_factory=set)
    stalled: list[Any] = field(default_factory=list)


class MachineClock:
    """The clock of the shop's machine, which somebody may set; it stands in for the module `datetime`."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.off_s = 0.0

    def now(self, zone: tzinfo | None = None) -> datetime:
        return self._hub.now(zone) + timedelta(seconds=self.off_s)


class Hub:
    """Clock, scheduler and power switch. It can stand in for the modules `time` and `datetime` of a clock."""

    CLOCK_BOOTTIME = CLOCK_MONOTONIC = 0

    def __init__(self, may_switch: Callable[[], bool] = lambda: True) -> None:
        self.now_s = 0.0
        self.machine = MachineClock(self)
        self.outside = Process("outside", 1)
        self._may_switch = may_switch
        self._main = getcurrent()
        self._numbers = itertools.count(100)
        self._due: list[tuple[float, int, Any, Process]] = []
        self._current = self.outside
        self._dying: list[Process] = []
        self.around: Callable[[], AbstractContextManager[Any]] = nullcontext
        """What surrounds the work of each thread."""

    # what a clock asks

    def now(self, _zone: tzinfo | None = None) -> datetime:
        return BEGINNING + timedelta(seconds=self.now_s)

    def monotonic(self) -> float:
        return self.now_s

    def clock_gettime(self, _clock: int) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let the others go on for so long."""
        assert self._may_switch(), "somebody waits inside a transaction"
        wake_at = self.now_s + max(seconds, SHORTEST_S)
        me = getcurrent()
        if me is self._main:
            self.run_until(wake_at)
            return
        process = self._current
        if not process.alive:
            raise PowerCut
        self._push(wake_at, me, process)
        self._main.switch()

    # processes

    @property
    def current(self) -> Process:
        return self._current

    def process(self, name: str) -> Process:
        return Process(name, next(self._numbers))

    def spawn(self, process: Process, work: Callable[..., object], *given: Any, after_s: float = 0.0) -> None:
        """A thread of that process, which begins when it is its turn."""

        def run() -> None:
            try:
                with self.around():
                    work(*given)
            except PowerCut:
                self._dying.append(process)
            finally:
                process.threads.discard(thread)

        thread = greenlet(run, parent=self._main)
        process.threads.add(thread)
        self._push(self.now_s + after_s, thread, process)

    def cut(self, process: Process) -> None:
        """kill -9: every thread of it ends where it stands."""
        assert getcurrent() is self._main, "a thread ends its process by PowerCut"
        process.alive = False
        before, self._current = self._current, process
        while process.threads:
            with suppress(PowerCut):  # one that has not begun yet has nobody to catch it
                process.threads.pop().throw(PowerCut)
        self._current = before

    def pause(self, process: Process) -> None:
        """SIGSTOP."""
        process.paused = True

    def resume(self, process: Process) -> None:
        """SIGCONT: what was due meanwhile is overdue."""
        process.paused = False
        stalled, process.stalled = process.stalled, []
        for thread in stalled:
            self._push(self.now_s, thread, process)

    # time

    def run_until(self, moment_s: float) -> None:
        assert getcurrent() is self._main
        before = self._current
        while self._due and self._due[0][0] <= moment_s:
            at_s, _, thread, process = heapq.heappop(self._due)
            self.now_s = max(self.now_s, at_s)
            self._go_on(thread, process)
            while self._dying:
                self.cut(self._dying.pop())
        self._current = before
        self.now_s = max(self.now_s, moment_s)

    def run_while(self, condition: Callable[[], bool], at_most_s: float, step_s: float = 1.0) -> bool:
        """Until the condition does not hold any more; False when it still does after so long."""
        give_up_s = self.now_s + at_most_s
        while condition():
            if self.now_s >= give_up_s:
                return False
            self.run_until(self.now_s + step_s)
        return True

    def _go_on(self, thread: Any, process: Process) -> None:
        if not process.alive or thread.dead:
            return
        if process.paused:
            process.stalled.append(thread)
            return
        self._current = process
        thread.switch()
        assert self._may_switch(), "somebody left a transaction open"

    def _push(self, at_s: float, thread: Any, process: Process) -> None:
        heapq.heappush(self._due, (at_s, next(self._numbers), thread, process))


class Turn:
    """Stands in for threading.Condition where only one thread runs at a time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __enter__(self) -> "Turn":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, timeout: float | None = None) -> bool:
        """Look again soon: whoever waits for a condition has to look again anyway."""
        self._hub.sleep(min(0.1, timeout if timeout is not None else 0.1))
        return True

    def notify_all(self) -> None:
        pass


class Alone:
    """Stands in for a lock of one process; whoever holds it when the power is cut holds it no longer."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._holders: set[Process] = set()

    def __enter__(self) -> None:
        while self._hub.current in self._holders:
            self._hub.sleep(0.1)
        self._holders.add(self._hub.current)

    def __exit__(self, *_: object) -> None:
        self._holders.discard(self._hub.current)
