"""`python -m sandbox.keep COMMAND ...`: run it, and run it again whenever it ends.

So that killing one process of `make run` by hand shows how the shop recovers.
"""

import signal
import subprocess
import sys
from types import FrameType

from sandbox import clock


def main(command: list[str]) -> None:
    signal.signal(signal.SIGTERM, _end)
    child = None
    try:
        while True:
            child = subprocess.Popen(command)
            code = child.wait()
            print(f"ended with {code}; starting again", flush=True)
            clock.sleep(1)
    except KeyboardInterrupt:
        if child is not None:
            _stop(child)


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
