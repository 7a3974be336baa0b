"""Several writers at once, as real processes."""

import subprocess
import sys
from dataclasses import dataclass, field

from webapp.base.config import ROOT


@dataclass
class Writer:
    """A process of tests/databases/writers.py."""

    work: str
    url: str
    times: int
    process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.databases.writers", self.work, self.url, str(self.times)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.says() == "there"

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def told(self) -> list[str]:
        """Everything it says until it ends."""
        heard, asked = self.process.stdout, self.process.stdin
        assert heard is not None and asked is not None
        asked.close()
        with heard:
            lines = heard.read()  # what `says` has read ahead is in it, and nowhere else
        self.process.wait(120)
        return lines.split()


def together(work: str, url: str, times: int, processes: int = 2) -> list[list[str]]:
    """What each of the processes has told; they began at the same time, and ended well."""
    writers = [Writer(work, url, times) for _ in range(processes)]
    for writer in writers:
        writer.go()
    told = [writer.told() for writer in writers]
    assert [writer.process.returncode for writer in writers] == [0] * processes
    return told
