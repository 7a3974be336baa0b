"""`python -m sandbox.keep COMMAND ...`: run it, and run it again whenever it ends or its files have changed.

So that killing one process of `make run` by hand shows how the shop recovers, and a change is seen at once.
"""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

from watchfiles import DefaultFilter, watch

from sandbox import clock

FOLDERS = ("webapp", "jobs", "sandbox", "templates", "static")


def main(command: list[str]) -> None:
    signal.signal(signal.SIGTERM, _end)
    child = None
    try:
        while True:
            child, ended = subprocess.Popen(command), threading.Event()
            threading.Thread(target=_stop_when_changed, args=(child, ended), daemon=True).start()
            code = child.wait()
            ended.set()
            print(f"ended with {code}; starting again", flush=True)
            clock.sleep(1)
    except KeyboardInterrupt:
        if child is not None:
            _stop(child)


def _stop_when_changed(child: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    for changes in watch(
        *FOLDERS, watch_filter=DefaultFilter(), stop_event=ended, debounce=500, raise_interrupt=False
    ):
        named = ", ".join(sorted({Path(path).name for _, path in changes})[:3])
        print(f"{named} has changed", flush=True)
        _stop(child)
        return


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(4)
    except subprocess.TimeoutExpired:
        child.kill()


def _end(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1:])
