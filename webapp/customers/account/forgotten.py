"""Whoever has deleted their data stays forgotten when the shop is brought back from a copy that knew them.

Who that is lies under a digest of their Telegram number, in the database and in FORGOTTEN_FILE beside it: the
leader writes the file, and each new leader reads it before a message goes out. Whoever comes back later is a
new customer, and stays.
"""

import logging
import os
from datetime import datetime
from pathlib import Path

from webapp.base import clock
from webapp.base.config import ROOT, Config
from webapp.customers.account.forgetting import forget
from webapp.models import AbuseCounter, Customer
from webapp.models.abuse_counters import FORGOTTEN, FORGOTTEN_FOR, digests
from webapp.state import restoration

log = logging.getLogger(__name__)

Digests = dict[str, datetime]
"""When the data of each was deleted last."""


def forget_again(config: Config) -> int:
    """Forget whom the file names and the database has; returns how many that were. Whoever has an order under
    way is forgotten when it has ended. From now on the file has whom the database names, too.
    """
    if not restoration.is_to_forget():
        return 0
    try:
        left, gone = _compare(config)
    except (OSError, ValueError):
        log.exception("the file of those who have deleted their data could not be read or written")
        left, gone = {"whoever it names"}, 0  # tried again; messages do not wait for a disk
    restoration.forgot(is_all=not left)
    return gone


def _compare(config: Config) -> tuple[set[str], int]:
    """Both ways. Whom an order keeps for now, and how many are gone."""
    told, known = read(config), _known()
    missing = {digest: at for digest, at in told.items() if known.get(digest, restoration.BEGINNING) < at}
    left, gone = _forget(missing) if missing else (set(), 0)
    for digest in missing.keys() - left:
        AbuseCounter.note_forgotten(digest, missing[digest])
    every = told | _known() | {digest: told[digest] for digest in left}
    if every != told or _has_old_lines(config, told):
        _write(config, every)
    return left, gone


def read(config: Config) -> Digests:
    """Without what is so old that no copy of then is brought back."""
    path = ROOT / config.forgotten_file
    if not path.exists():
        return {}
    since = clock.now() - FORGOTTEN_FOR
    rows = (line.split() for line in path.read_text().splitlines() if line.strip())
    told = {digest: datetime.fromisoformat(at) for digest, at in rows}
    return {digest: at for digest, at in told.items() if at > since}


def _has_old_lines(config: Config, told: Digests) -> bool:
    path = ROOT / config.forgotten_file
    return path.exists() and len(path.read_text().splitlines()) != len(told)


def _known() -> Digests:
    rows = AbuseCounter.select(AbuseCounter.key, AbuseCounter.at).where(AbuseCounter.purpose == FORGOTTEN)
    return {row.key: row.at for row in rows}


def _forget(missing: Digests) -> tuple[set[str], int]:
    """Whom an order keeps for now, and how many are gone."""
    digest_of = digests()
    left, gone = set(), 0
    for customer in Customer.select().where(Customer.deleted_at.is_null()):
        digest = digest_of(FORGOTTEN, customer.telegram_user_id)
        if digest in missing and customer.created_at < missing[digest]:
            done = forget(customer, missing[digest])
            gone += done
            left |= set() if done else {digest}
    return left, gone


def _write(config: Config, every: Digests) -> None:
    """Whole or not at all, readable by its owner alone."""
    path: Path = ROOT / config.forgotten_file
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{digest} {at.isoformat()}\n" for digest, at in sorted(every.items()))
    unfinished.replace(path)
