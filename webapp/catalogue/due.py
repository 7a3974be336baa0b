"""When the catalogue is read again: when it has grown old, or somebody asks.

eSIM Go's terms forbid constant polling, so a reading that failed is not repeated for a minute, whoever leads
by then.
"""

from datetime import datetime, timedelta
from typing import Any

from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Setting

REST = timedelta(minutes=1)

_ASKED = "catalogue.asked_at"
_SYNCED = "catalogue.synced_at"
_PROGRESS = "catalogue.progress"


def is_due(config: Config) -> bool:
    if Setting.read(_ASKED) is not None:
        return True
    now, read_at, tried_at = clock.now(), synced_at(), _tried_at()
    if read_at is not None and now - read_at < timedelta(seconds=config.catalogue_ttl_s):
        return False
    return tried_at is None or now - tried_at >= REST


def request_sync() -> None:
    """Read it again now, however fresh it is."""
    Setting.write_time(_ASKED, clock.now())


def begun() -> None:
    """From now on it counts as tried; for a shop without a catalogue only once a page was read, because it
    may be starting before its provider.
    """
    Setting.write(_ASKED, None)
    if synced_at() is not None:
        page_read(0, None, 0)


def page_read(page: int, pages: int | None, bundles: int) -> None:
    """What others may know of a reading under way: pages and bundles so far, `pages` when it is told."""
    told = {"at": clock.now().isoformat(), "page": page, "pages": pages, "bundles": bundles}
    Setting.write(_PROGRESS, told)


def done() -> None:
    Setting.write_time(_SYNCED, clock.now())


def synced_at() -> datetime | None:
    return Setting.read_time(_SYNCED)


def progress() -> dict[str, Any] | None:
    """{"at", "page", "pages", "bundles"} of the last reading, or of the one under way."""
    told: dict[str, Any] | None = Setting.read(_PROGRESS)
    return told


def _tried_at() -> datetime | None:
    told = progress()
    return None if told is None else datetime.fromisoformat(told["at"])
