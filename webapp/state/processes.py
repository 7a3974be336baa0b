"""Which processes of the shop run, and with which settings each was started.

A process reads its settings once, when it starts. So that it can be told which one still runs with old ones,
it leaves a fingerprint of each setting, made with a key that is not in the database.
"""

import hmac
import json
import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Process
from webapp.state.leases import process_started

ALIVE_S = 90
"""Whoever has not said for so long that it is here has ended; they say it at least every 30 s."""
FORGOTTEN_AFTER = timedelta(days=1)
FINGERPRINT_BYTES = 8
KEY = "TELEGRAM_BOT_TOKEN"
"""The setting that keys the fingerprints: when it differs, so do all others, which says nothing."""
OF_ONE_PROCESS = {"BIND_ADDRESS", "PORT", "METRICS_PORT"}
OF_ONE_HOST = {"CA_FILE", "FORGOTTEN_FILE", "LEGAL_FILE", "TRUSTED_PROXIES"}


class Outdated(NamedTuple):
    """A process that runs with other settings than yours."""

    kind: str
    host: str
    started_at: datetime
    settings: tuple[str, ...]


def began(kind: str, config: Config) -> None:
    """This process, a "web" or the "jobs", begins with these settings."""
    _forget_who_has_ended()
    now, mine = clock.now(), _me()
    told = mine | {
        "kind": kind,
        "pid_started": process_started(os.getpid()),
        "started_at": now,
        "seen_at": now,
        "settings": json.dumps(_fingerprints(config)),
    }
    Process.insert(told).on_conflict(
        conflict_target=[Process.host, Process.pid],
        update={name: value for name, value in told.items() if name not in mine},
    ).execute()


def still_here() -> None:
    mine = _me()
    here = (Process.host == mine["host"]) & (Process.pid == mine["pid"])
    Process.update(seen_at=clock.now()).where(here).execute()


def outdated(config: Config) -> list[Outdated]:
    """Processes alive that were started with other settings than these, each with the names that differ."""
    ours, found = _fingerprints(config), []
    for row in Process.select().order_by(Process.kind, Process.started_at):
        differ = _differences(ours, json.loads(row.settings), row.host == socket.gethostname())
        if differ and _is_alive(row):
            found.append(Outdated(row.kind, row.host, row.started_at, differ))
    return found


def _me() -> dict[str, str | int]:
    return {"host": socket.gethostname(), "pid": os.getpid()}


def _forget_who_has_ended() -> None:
    long_ago = clock.now() - FORGOTTEN_AFTER
    for row in Process.select():
        if row.seen_at < long_ago or (row.host == socket.gethostname() and not _is_alive(row)):
            row.delete_instance()


def _is_alive(row: Process) -> bool:
    if row.host == socket.gethostname():
        return process_started(row.pid) == row.pid_started
    return bool(abs(clock.now() - row.seen_at) < timedelta(seconds=ALIVE_S))


def _differences(ours: Mapping[str, str], theirs: Mapping[str, str], is_here: bool) -> tuple[str, ...]:
    if ours.get(KEY) != theirs.get(KEY):
        return (KEY,)
    may_differ = OF_ONE_PROCESS if is_here else OF_ONE_PROCESS | OF_ONE_HOST
    names = (ours.keys() | theirs.keys()) - may_differ
    return tuple(sorted(name for name in names if ours.get(name) != theirs.get(name)))


def _fingerprints(config: Config) -> dict[str, str]:
    key = f"settings of {config.telegram_bot_token}".encode()
    values = {name.upper(): getattr(config, name) for name in type(config).model_fields}
    made = {name: hmac.digest(key, repr(value).encode(), "sha256") for name, value in values.items()}
    return {name: digest[:FINGERPRINT_BYTES].hex() for name, digest in made.items()}
