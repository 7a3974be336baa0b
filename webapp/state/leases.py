"""Leadership: one row says which jobs process may act, with an epoch that grows with every new leader.

A claim is made in a transaction that also reads this row, so a leader that lost it cannot begin anything.
"""

import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from peewee import Expression

from webapp.base import clock
from webapp.models import Lease, new_reference
from webapp.models.db import locking, transaction
from webapp.state import restoration

NAME = "jobs"


@dataclass(frozen=True)
class Leadership:
    """Proof of having led: compare with the row before every claim."""

    owner: str
    epoch: int


def acquire(ttl_s: float) -> Leadership | None:
    """Become the leader if nobody is: no row, an expired one, or a holder of this host that has died."""
    with transaction():
        row = _locked_row()
        if row.expires_at > clock.now() and not _is_dead(row):
            return None
        mine = Leadership(owner=new_reference(), epoch=row.epoch + 1)
        Lease.update(
            owner=mine.owner,
            epoch=mine.epoch,
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_started=process_started(os.getpid()),
            expires_at=clock.now() + timedelta(seconds=ttl_s),
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
    until = clock.now() + timedelta(seconds=ttl_s)
    return bool(Lease.update(expires_at=until).where(_is(leadership)).execute())


def keep(leadership: Leadership, ttl_s: float) -> bool:
    """Renew when a third of the time has passed, or at once when the clock was moved; else only look."""
    row = Lease.get_or_none(Lease.name == NAME)
    if row is None or (row.owner, row.epoch) != (leadership.owner, leadership.epoch):
        return False
    spent = clock.now() > row.expires_at - timedelta(seconds=ttl_s * 2 / 3)
    return renew(leadership, ttl_s) if spent else True


def release(leadership: Leadership) -> None:
    """Let a standby in at once. The row stays, for its epoch."""
    Lease.update(expires_at=clock.now()).where(_is(leadership)).execute()


def holds(leadership: Leadership) -> bool:
    """Am I the leader? Stays true until the end of the writing transaction that asks, and no longer."""
    return bool(locking(Lease.select().where(_is(leadership)), "FOR SHARE").exists())


def seen_within(seconds: float) -> bool:
    """Has a leader been alive during the last `seconds`?"""
    row = Lease.get_or_none(Lease.name == NAME)
    return row is not None and bool(row.expires_at > clock.now() - timedelta(seconds=seconds))


def _is(leadership: Leadership) -> Expression:
    return (Lease.name == NAME) & (Lease.owner == leadership.owner) & (Lease.epoch == leadership.epoch)


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
