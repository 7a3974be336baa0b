"""A leader that is paused for longer than its lease, and then wakes up: a standby leads by then."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.cases import Case
from tests.crash.matrix import Matrix, Told
from tests.crash.test_matrix import check, end_of
from tests.stack import until

pytestmark = pytest.mark.flow

LEASE_S = "2"


@pytest.mark.parametrize("crash_point", ["order.intent.committed", "order.post.sent"])
def test_a_paused_leader_wakes_up_and_nothing_is_bought_twice(matrix: Matrix, crash_point: str) -> None:
    shop = matrix.shop
    matrix.calm()
    while (told := paused_at(crash_point, matrix)) is None:
        matrix.end()
    sleeper = shop.processes.pop("jobs")
    try:
        led = shop.count("jobs", "leading, epoch")
        shop.spawn("jobs", "jobs", LEASE_S=LEASE_S)
        until(lambda: shop.count("jobs", "leading, epoch") > led, 120, "the take-over")
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.wait(120) == 1, "who has lost the lease ends"
    finally:
        sleeper.kill()
        sleeper.wait()
    matrix.come_to_rest()
    told.how = "paused there for longer than the lease"
    print(f"\n{crash_point}, SIGSTOP: {told.how}; {end_of(told)}")
    check(matrix)


def paused_at(crash_point: str, matrix: Matrix) -> Told | None:
    """None when another of its threads was just writing: then an SQLite file is nobody else's."""
    told = matrix.paid(Case(crash_point))
    matrix.shop.spawn("jobs", "jobs", KILL_AT=f"stop:{crash_point}", LEASE_S=LEASE_S)
    until(lambda: is_paused(matrix.shop.processes["jobs"].pid), 120, f"paused at {crash_point}")
    return None if is_locked(matrix.config.database_url) else told


def is_locked(url: str) -> bool:
    if not url.startswith("sqlite:///"):
        return False
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.5)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def is_paused(pid: int) -> bool:
    """All of its threads: the signal reaches one after the other, and until then they come and go."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    try:
        return {path.read_text().rpartition(")")[2].split()[0] for path in threads} == {"T"}
    except (FileNotFoundError, ProcessLookupError):
        return False
