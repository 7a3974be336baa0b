"""`python -m sandbox.keep COMMAND ...`: run it, and run it again whenever it ends or its files have changed.

So that killing one process of `make run` by hand shows how the shop recovers, and a change is seen at once.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from watchfiles import PythonFilter, watch

from sandbox import clock

WATCHED = ("webapp", "jobs", "sandbox", "templates", "static", "wsgi.py")
BESIDE_PYTHON = (".html", ".css", ".js", ".svg", ".po", ".txt", ".toml", ".json")
STOPS_WITHIN_S = 8
"""A web process that was told to end lets its worker go on for 3 s."""


def main(command: list[str]) -> None:
    signal.signal(signal.SIGTERM, _end)
    child = None
    try:
        while True:
            child, ended = subprocess.Popen(command, process_group=0), threading.Event()
            threading.Thread(target=_stop_when_changed, args=(child, ended), daemon=True).start()
            code = child.wait()
            ended.set()
            _signal(child, signal.SIGKILL)  # a worker that has outlived it would still hold the port
            print(f"ended with {code}; starting again", flush=True)
            clock.sleep(1)
    except KeyboardInterrupt:
        if child is not None:
            _stop(child)


def _stop_when_changed(child: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    only = PythonFilter(extra_extensions=BESIDE_PYTHON)
    for changes in watch(*WATCHED, watch_filter=only, stop_event=ended, debounce=500, raise_interrupt=False):
        named = ", ".join(sorted({Path(path).name for _, path in changes})[:3])
        print(f"{named} has changed", flush=True)
        _stop(child)
        return


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(STOPS_WITHIN_S)
    _signal(child, signal.SIGKILL)


def _signal(child: "subprocess.Popen[bytes]", number: int) -> None:
    """To it and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _end(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1:])
