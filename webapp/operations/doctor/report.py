"""Findings that travel from the jobs process to whoever shows them, and the words for each."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from webapp.base import clock
from webapp.models import Setting
from webapp.operations.doctor.findings import Finding
from webapp.operations.doctor.words import Words, words

JOB = "check_external"

_KEPT = "doctor.outside"


class Report(NamedTuple):
    at: datetime
    findings: tuple[Finding, ...]


def save_report(findings: Iterable[Finding]) -> None:
    Setting.write(_KEPT, {"at": clock.now().isoformat(), "found": [found.plain() for found in findings]})


def last_report() -> Report | None:
    """What was found outside the last time; None while nobody has looked."""
    last = Setting.read(_KEPT)
    if last is None:
        return None
    return Report(
        datetime.fromisoformat(last["at"]), tuple(Finding(code, values) for code, values in last["found"])
    )


def worded(found: Finding) -> Words:
    """In the language at hand, with its values filled in."""
    state, sentence, remedy = words()[found.code]
    return Words(state, sentence % found.values, remedy % found.values)
