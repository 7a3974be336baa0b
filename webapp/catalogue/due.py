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
_AS_OF = "catalogue.as_of"
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


def request_news() -> None:
    """Read it again for somebody who waits for it, but not at once after a reading that has failed."""
    now, tried_at, read_at = clock.now(), _tried_at(), synced_at()
    has_failed = tried_at is not None and (read_at is None or tried_at > read_at)
    if tried_at is None or not has_failed or now - tried_at >= REST:
        request_sync()


def begun() -> datetime:
    """From now on it counts as tried; for a shop without a catalogue only once a page was read, because it
    may be starting before its provider. Returns when that was.
    """
    now = clock.now()
    Setting.write(_ASKED, None)
    if synced_at() is not None:
        page_read(0, None, 0)
    return now


def page_read(page: int, pages: int | None, bundles: int) -> None:
    """What others may know of a reading under way: pages and bundles so far, `pages` when it is told."""
    told = {"at": clock.now().isoformat(), "page": page, "pages": pages, "bundles": bundles}
    Setting.write(_PROGRESS, told)


def done(begun_at: datetime) -> None:
    """What it says, it says as of the moment at which it was begun."""
    Setting.write_time(_SYNCED, clock.now())
    Setting.write_time(_AS_OF, begun_at)


def is_read_since(moment: datetime | None) -> bool:
    """Was a reading that is finished begun after this moment?"""
    as_of = Setting.read_time(_AS_OF)
    return moment is None or (as_of is not None and moment < as_of)


def synced_at() -> datetime | None:
    return Setting.read_time(_SYNCED)


def progress() -> dict[str, Any] | None:
    """{"at", "page", "pages", "bundles"} of the last reading, or of the one under way."""
    told: dict[str, Any] | None = Setting.read(_PROGRESS)
    return told


def _tried_at() -> datetime | None:
    told = progress()
    return None if told is None else datetime.fromisoformat(told["at"])
