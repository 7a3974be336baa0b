"""Leadership: one at a time, handed over when its holder is gone, with an epoch that only grows."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import after, lead
from webapp.base import clock
from webapp.base.config import ROOT, Config
from webapp.models import Lease, db
from webapp.state import leases
from webapp.state.leases import Leadership

pytestmark = pytest.mark.usefixtures("database")

CONTENDER = """
import sys
from webapp.models import db
from webapp.state import leases
db.bind(sys.argv[1])
print("there", flush=True)
sys.stdin.readline()
print(leases.acquire(600) is not None, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """Another process of this machine, alive for as long as a test wants."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def held_by(pid: int, *, host: str = "", started: str = "", epoch: int = 4, name: str = leases.NAME) -> None:
    """Write down that this process leads, for a long time to come."""
    Lease.create(
        name=name,
        owner="another",
        host=host or socket.gethostname(),
        pid=pid,
        pid_started=started or start_of(pid),
        epoch=epoch,
        expires_at=after(600),
        boot="another boot" if host else clock.boot(),
        until_s=clock.steady() + 600,
    )


def start_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_the_first_leads_and_the_second_does_not() -> None:
    first = lead()
    assert leases.acquire(600) is None
    assert leases.holds(first)
    row = Lease.get()
    assert (row.host, row.pid, row.pid_started) == (socket.gethostname(), os.getpid(), start_of(os.getpid()))


def test_another_lease_is_another_matter(advance: Advance) -> None:
    held_by(1, host="elsewhere", started="1", name="another")
    before = Lease.get().__data__
    assert not leases.seen_within(60)
    first = lead(15)
    advance(6)
    assert leases.keep(first, 15)
    leases.release(first)
    assert lead().epoch == 2
    assert Lease.get(Lease.name == "another").__data__ == before


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_epoch(advance: Advance) -> None:
    first = lead(15)
    advance(16)
    second = lead(15)
    assert second.epoch > first.epoch
    assert leases.holds(second)
    assert not leases.holds(first)


def test_a_renewed_lease_does_not_run_out(advance: Advance) -> None:
    first = lead(15)
    for _ in range(3):
        advance(10)
        assert leases.renew(first, 15)
    assert leases.acquire(15) is None


@pytest.mark.usefixtures("still")
def test_a_lease_is_kept_by_a_look_until_a_third_of_it_has_passed(advance: Advance) -> None:
    first, until = lead(15), after(15)
    advance(5)
    assert leases.keep(first, 15)
    assert Lease.get().expires_at == until, "only looked at"
    advance(0.001)
    assert leases.keep(first, 15)
    assert Lease.get().expires_at == after(15)


def test_who_does_not_lead_keeps_nothing(advance: Advance) -> None:
    assert not leases.keep(Leadership("nobody", 1), 15), "nobody has led yet"
    first = lead(15)
    assert not leases.keep(Leadership(first.owner, first.epoch + 1), 15)
    assert not leases.keep(Leadership("somebody", first.epoch), 15)
    advance(16)
    second = lead(15)
    assert not leases.keep(first, 15)
    assert leases.keep(second, 15)


def test_who_has_lost_the_lease_cannot_renew_or_release_it(advance: Advance) -> None:
    first = lead(15)
    advance(16)
    second = lead(15)
    assert not leases.renew(first, 600)
    leases.release(first)
    assert leases.acquire(15) is None
    assert leases.renew(second, 15)


def test_a_release_lets_a_standby_in_and_the_epoch_still_grows() -> None:
    epochs = []
    for _ in range(4):
        leader = lead()
        epochs.append(leader.epoch)
        leases.release(leader)
    assert epochs == [1, 2, 3, 4]


def test_owner_and_epoch_both_count() -> None:
    first = lead()
    assert not leases.holds(Leadership(first.owner, first.epoch + 1))
    assert not leases.holds(Leadership("somebody", first.epoch))


def test_a_dead_leader_of_this_host_is_replaced_at_once(process: "subprocess.Popen[bytes]") -> None:
    held_by(process.pid)
    assert leases.acquire(15) is None, "it is alive"
    end(process)
    assert lead().epoch == 5


def test_a_killed_leader_that_nobody_has_buried_counts_as_dead(process: "subprocess.Popen[bytes]") -> None:
    held_by(process.pid)
    process.kill()
    give_up = clock.monotonic() + 60
    while (leadership := leases.acquire(15)) is None and clock.monotonic() < give_up:
        clock.sleep(0.01)
    assert leadership is not None


def test_a_reused_process_number_is_another_process(process: "subprocess.Popen[bytes]") -> None:
    held_by(process.pid, started="1")
    assert lead().epoch == 5


@pytest.fixture
def no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose kernel tells nobody about the processes of others."""

    def refuse(*_values: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)


def test_a_process_that_the_kernel_does_not_tell_of_is_asked_for_by_its_number(
    process: "subprocess.Popen[bytes]", no_proc: None
) -> None:
    assert leases.process_started(process.pid) == "unknown"
    end(process)
    assert leases.process_started(process.pid) == ""


def test_a_process_of_somebody_else_is_there(
    process: "subprocess.Popen[bytes]", no_proc: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[tuple[int, int]]()

    def refuse(pid: int, signal: int) -> None:
        asked.append((pid, signal))
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", refuse)
        assert leases.process_started(process.pid) == "unknown"
    assert asked == [(process.pid, 0)], "a signal that does no harm"


def test_a_killed_process_that_nobody_has_buried_has_no_start(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert leases.process_started(process.pid) == ""


def test_whatever_a_process_is_called_its_start_is_found(tmp_path: Path) -> None:
    """Its name stands between brackets, before the numbers, and may have some itself."""
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([odd, "600"])
    try:
        assert leases.process_started(process.pid) == start_of(process.pid)
    finally:
        process.kill()
        process.wait()


def test_a_leader_on_another_host_leads_for_as_long_as_it_is_heard_of(advance: Advance) -> None:
    held_by(2**22 + 1, host="another-host", started="1")
    watch = leases.Watch()
    for _ in range(4):
        assert leases.acquire(15, watch) is None
        Lease.update(beats=Lease.beats + 1).execute()
        advance(14)
    assert leases.acquire(15, watch) is None, "it has just been heard of"
    advance(14.9)
    assert leases.acquire(15, watch) is None
    assert leases.acquire(15) is None, "who has only just come cannot know"
    advance(0.2)
    second = leases.acquire(15, watch)
    assert second is not None
    assert second.epoch == 5


@pytest.mark.parametrize("ahead_s", [-86_400, -1200, 1200, 86_400])
def test_a_leader_on_another_host_whose_clock_is_wrong_is_replaced_as_soon(
    advance: Advance, ahead_s: float
) -> None:
    held_by(2**22 + 1, host="another-host", started="1")
    Lease.update(expires_at=after(600 + ahead_s), until_s=ahead_s).execute()
    watch = leases.Watch()
    assert leases.acquire(15, watch) is None
    advance(14)
    assert leases.acquire(15, watch) is None
    advance(2)
    assert leases.acquire(15, watch) is not None


def test_seen_within_tells_for_how_long_nobody_has_led(advance: Advance) -> None:
    assert not leases.seen_within(60)
    lead(15)
    assert leases.seen_within(0)
    advance(30)
    assert leases.seen_within(60)
    advance(60)
    assert not leases.seen_within(60)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("ago_s", "seen"), [(59.9, True), (60, False)])
def test_a_leader_is_seen_until_so_long_after_its_lease(advance: Advance, ago_s: float, seen: bool) -> None:
    lead(15)
    advance(15 + ago_s)
    assert leases.seen_within(60) is seen


def test_of_many_threads_at_once_one_leads() -> None:
    gate, won = threading.Barrier(8), []

    def contend() -> None:
        db.keep_connection()
        try:
            gate.wait(60)
            won.append(leases.acquire(600))
        finally:
            db.database.close()

    threads = [threading.Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(won) == 8
    assert sum(leadership is not None for leadership in won) == 1


def test_of_two_processes_at_once_one_leads(config: Config) -> None:
    rivals = [rival(config.database_url) for _ in range(2)]
    assert [_told(each) for each in rivals] == ["there", "there"]
    for each in rivals:
        _go_on(each)
    assert sorted(_told(each) for each in rivals) == ["False", "True"]
    for each in rivals:
        each.communicate("\n", timeout=60)


def rival(database_url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CONTENDER, database_url],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _told(rival: "subprocess.Popen[str]") -> str:
    assert rival.stdout is not None
    return rival.stdout.readline().strip()


def _go_on(rival: "subprocess.Popen[str]") -> None:
    assert rival.stdin is not None
    rival.stdin.write("\n")
    rival.stdin.flush()
