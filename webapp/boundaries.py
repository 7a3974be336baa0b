"""Named crash points. A test kills the process at one of them, as a power cut would, or pauses it there.

`boundary("order.post.sent")` does nothing unless KILL_AT (development only) names it; `KILL_AT=stop:NAME`
pauses the process until somebody sends SIGCONT.
"""

import os
import signal

STOP = "stop:"

_kill_at: str | None = None
_signal = signal.SIGKILL


def kill_at(name: str | None) -> None:
    global _kill_at, _signal
    stops = (name or "").startswith(STOP)
    _kill_at = name and name.removeprefix(STOP)
    _signal = signal.SIGSTOP if stops else signal.SIGKILL


def boundary(name: str) -> None:
    if name == _kill_at:
        os.kill(os.getpid(), _signal)
