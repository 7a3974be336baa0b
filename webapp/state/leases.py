"""Leadership: one row says which jobs process may act, with an epoch that grows with every new leader.

A claim is made in a transaction that also reads this row, so a leader that lost it cannot begin anything.

No clock is compared with another's: on the leader's own machine a lease ends when the machine has counted so
far, and elsewhere when the leader was not heard of for so long as the one who waits has counted.
"""

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from peewee import Expression

from webapp.base import clock
from webapp.models import Lease, new_reference
from webapp.models.db import locking, transaction
from webapp.state import restoration

NAME = "jobs"
TOLD_WITHIN_S = 1


@dataclass(frozen=True)
class Leadership:
    """Proof of having led: compare with the row before every claim."""

    owner: str
    epoch: int


class Watch:
    """What a standby has seen of the leader, which may be on another machine. Not for several threads."""

    def __init__(self) -> None:
        self._heard: tuple[str, int, int] | None = None
        self._heard_s = 0.0

    def silent_s(self, row: Lease) -> float:
        """For how long the leader has not renewed its lease, as far as was looked."""
        beat = (row.owner, row.epoch, row.beats)
        if beat != self._heard:
            self._heard, self._heard_s = beat, clock.steady()
        return clock.steady() - self._heard_s


def acquire(ttl_s: float, watch: Watch | None = None) -> Leadership | None:
    """Become the leader if nobody is: no row, a lease that was released or has run out, or a holder of this
    host that has died. `watch`, asked again and again, also notices that a leader elsewhere is gone.
    """
    with transaction():
        row = _locked_row()
        if not (_is_free(row) or _is_dead(row) or (watch is not None and watch.silent_s(row) >= ttl_s)):
            return None
        mine = Leadership(owner=new_reference(), epoch=row.epoch + 1)
        Lease.update(
            owner=mine.owner,
            epoch=mine.epoch,
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_started=process_started(os.getpid()),
            **_ends_in(ttl_s),
        ).where(Lease.name == NAME).execute()
        restoration.begin(row.expires_at)
        return mine


def _locked_row() -> Lease:
    """The row, for this transaction alone; before the first leader, one that has run out."""
    nobody = {"owner": "", "epoch": 0, "host": "", "pid": 0, "pid_started": "", "expires_at": clock.now()}
    Lease.insert(name=NAME, **nobody).on_conflict_ignore().execute()
    row: Lease = locking(Lease.select().where(Lease.name == NAME), "FOR UPDATE").get()
    return row


def renew(leadership: Leadership, ttl_s: float) -> bool:
    """Hold on for another `ttl_s` seconds; False when somebody else leads now."""
    return bool(Lease.update(**_ends_in(ttl_s)).where(_is(leadership)).execute())


def keep(leadership: Leadership, ttl_s: float) -> bool:
    """Renew when a third of the time has passed, or at once when time was moved; else only look."""
    row = Lease.get_or_none(Lease.name == NAME)
    if row is None or (row.owner, row.epoch) != (leadership.owner, leadership.epoch):
        return False
    left_s = row.until_s - clock.steady()
    told_s = (row.expires_at - clock.now()).total_seconds()
    is_spent = left_s < ttl_s * 2 / 3 or abs(told_s - left_s) > TOLD_WITHIN_S
    return renew(leadership, ttl_s) if is_spent else True


def release(leadership: Leadership) -> None:
    """Let a standby in at once. The row stays, for its epoch."""
    Lease.update(owner="", expires_at=clock.now()).where(_is(leadership)).execute()


def holds(leadership: Leadership) -> bool:
    """Am I the leader? Stays true until the end of the writing transaction that asks, and no longer."""
    return bool(locking(Lease.select().where(_is(leadership)), "FOR SHARE").exists())


def seen_within(seconds: float) -> bool:
    """Has a leader been alive during the last `seconds`?"""
    row = Lease.get_or_none(Lease.name == NAME)
    return row is not None and bool(row.expires_at > clock.now() - timedelta(seconds=seconds))


def _is(leadership: Leadership) -> Expression:
    return (Lease.name == NAME) & (Lease.owner == leadership.owner) & (Lease.epoch == leadership.epoch)


def _ends_in(ttl_s: float) -> dict[str, Any]:
    return {
        "boot": clock.boot(),
        "until_s": clock.steady() + ttl_s,
        "beats": Lease.beats + 1,
        "expires_at": clock.now() + timedelta(seconds=ttl_s),
    }


def _is_free(row: Lease) -> bool:
    has_run_out = row.boot == clock.boot() and clock.steady() >= row.until_s
    return not row.owner or has_run_out


def _is_dead(row: Lease) -> bool:
    return row.host == socket.gethostname() and process_started(row.pid) != row.pid_started


def process_started(pid: int) -> str:
    """The kernel's start time of a process: a reused pid is another process. "" when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if not _exists(pid) else "unknown"
    return "" if fields[0] == "Z" else fields[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
