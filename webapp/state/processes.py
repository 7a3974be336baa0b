"""Which processes of the shop run, and with which settings each was started.

A process reads its settings once, when it starts. So that it can be told which one still runs with old ones,
it leaves a fingerprint of each setting; whoever reads the row learns no secret from it.
"""

import json
import os
import socket
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Process, new_reference
from webapp.state.leases import process_started

ALIVE_S = 90
"""Whoever has not said for so long that it is here has ended; they say it at least every 30 s."""
FORGOTTEN_AFTER = timedelta(days=1)
FINGERPRINT_BYTES = 2
"""Enough to see a change, too little to guess a secret by."""


class Outdated(NamedTuple):
    """A process that runs with other settings than yours."""

    kind: str
    host: str
    started_at: datetime
    settings: tuple[str, ...]


def began(kind: str, config: Config) -> None:
    """This process begins as the one of its kind ("web", "jobs") on this host."""
    now, salt = clock.now(), new_reference()
    told = {
        "kind": kind,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "pid_started": process_started(os.getpid()),
        "started_at": now,
        "seen_at": now,
        "salt": salt,
        "settings": json.dumps(_fingerprints(config, salt)),
    }
    Process.delete().where(Process.seen_at < now - FORGOTTEN_AFTER).execute()
    Process.insert(told).on_conflict(
        conflict_target=[Process.kind, Process.host],
        update={name: value for name, value in told.items() if name not in {"kind", "host"}},
    ).execute()


def still_here(kind: str) -> None:
    here = (Process.kind == kind) & (Process.host == socket.gethostname()) & (Process.pid == os.getpid())
    Process.update(seen_at=clock.now()).where(here).execute()


def outdated(config: Config) -> list[Outdated]:
    """Processes alive that were started with other settings than these, each with the names that differ."""
    found = []
    for row in Process.select().order_by(Process.kind, Process.host):
        ours, theirs = _fingerprints(config, row.salt), json.loads(row.settings)
        differ = sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))
        if differ and _is_alive(row):
            found.append(Outdated(row.kind, row.host, row.started_at, tuple(differ)))
    return found


def _is_alive(row: Process) -> bool:
    if row.host == socket.gethostname():
        return process_started(row.pid) == row.pid_started
    return bool(abs(clock.now() - row.seen_at) < timedelta(seconds=ALIVE_S))


def _fingerprints(config: Config, salt: str) -> dict[str, str]:
    values = {name.upper(): getattr(config, name) for name in type(config).model_fields}
    return {
        name: blake2b(repr(value).encode(), digest_size=FINGERPRINT_BYTES, key=salt.encode()).hexdigest()
        for name, value in values.items()
    }
