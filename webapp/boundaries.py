"""Named crash points. A test kills the process at one of them, as a power cut would.

`boundary("order.post.sent")` does nothing unless KILL_AT (development only) names it.
"""

import os
import signal

_kill_at: str | None = None


def kill_at(name: str | None) -> None:
    global _kill_at
    _kill_at = name


def boundary(name: str) -> None:
    if name == _kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
