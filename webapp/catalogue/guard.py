"""When much of the catalogue would vanish at once, it is more likely a mistake than the truth.

Then nothing disappears until the owner has said that it may, or eSIM Go tells of it again.
"""

import logging
from enum import Enum, auto

from webapp.base import clock
from webapp.models import Setting

log = logging.getLogger("catalogue")

MOST_PERCENT = 20

_HELD = "catalogue.held"
_ACCEPTED = "catalogue.accepted"


class Verdict(Enum):
    """On bundles that were on sale and are not on the list that was read."""

    GO = auto()
    DOUBTED = auto()
    HELD = auto()
    UNTOLD = auto()


class NothingHeld(Exception):
    """There is nothing to accept."""


def judge(known: int, missing: int, *, whole: bool, unread: int) -> Verdict:
    """A list that was cut short proves nothing. A row that nobody could read may be any of the missing.

    What the owner has accepted does not count against the catalogue.
    """
    if not whole:
        return Verdict.UNTOLD
    if 0 < missing <= unread:
        return Verdict.DOUBTED
    unexpected = missing - int(Setting.read(_ACCEPTED) or 0)
    return Verdict.GO if unexpected * 100 <= known * MOST_PERCENT else Verdict.HELD


def note(known: int, missing: int, verdict: Verdict) -> None:
    """Told once as an error; a later list that was read whole, and has shrunk less, ends it."""
    before = Setting.read(_HELD)
    if verdict is Verdict.HELD:
        at = clock.now().isoformat() if before is None else before["at"]
        Setting.write(_HELD, {"at": at, "known": known, "missing": missing})
        if before is None:
            log.error("eSIM Go lists %s of %s bundles no more: they stay until you accept it", missing, known)
    elif verdict is not Verdict.UNTOLD:
        Setting.write(_HELD, None)
        Setting.write(_ACCEPTED, None)


def held() -> dict[str, object] | None:
    """{"at", "known", "missing"} of what waits for the owner's word."""
    found: dict[str, object] | None = Setting.read(_HELD)
    return found


def accept() -> int:
    """The next sync may drop as many bundles as are missing now; returns how many. Errors: NothingHeld."""
    found = Setting.read(_HELD)
    if found is None:
        raise NothingHeld
    missing = int(found["missing"])
    Setting.write(_ACCEPTED, missing)
    return missing
