"""Named crash points: moments at which a process may die. A test kills it there, as a power cut would, pauses
it, or acts in the middle.

`crash_point("order.post.sent")` does nothing unless it is watched. The watcher is a context variable: KILL_AT
(development only) is set around every request and every run of a job, and a test sets its own around what it
calls. Threads that a job starts for its calls pass no crash points, so none of them has to inherit it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

STOP = "stop:"

Watcher = Callable[[str], object]


def _nobody(_name: str) -> None:
    """Nothing happens at any crash point."""


_watcher: ContextVar[Watcher] = ContextVar("watcher of crash points", default=_nobody)


def crash_point(name: str) -> None:
    _watcher.get()(name)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """`watcher` is called with the name of each crash point that this thread passes inside the block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def armed(kill_at: str | None) -> AbstractContextManager[None]:
    """What KILL_AT says: SIGKILL to this process at the crash point of that name; `stop:NAME` sends SIGSTOP
    instead, which lasts until somebody sends SIGCONT. None: nothing happens, and no watcher is replaced.
    """
    if not kill_at:
        return nullcontext()
    name = kill_at.removeprefix(STOP)
    number = signal.SIGSTOP if kill_at.startswith(STOP) else signal.SIGKILL

    def end(passed: str) -> None:
        if passed == name:
            os.kill(os.getpid(), number)

    return watched(end)
