"""The API's several ways to write a moment, and to read one."""

import secrets
from datetime import UTC, datetime
from functools import lru_cache

from sandbox import clock
from sandbox.esimgo.errors import Refused


def nanoseconds() -> str:
    """Now, as in `createdDate`: nine decimals and Z."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{secrets.randbelow(1000):03d}Z"


def seconds(moment: datetime) -> str:
    """As in `startTime`: whole seconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def microseconds(moment: datetime) -> str:
    """As in `lastSeen`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> str:
    """As in `firstInstalledDateTime` of the assignments."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=20_000)  # GET /orders looks at the date of every order
def parse(text: str) -> datetime:
    """An aware moment; Refused(400) when it is none. Decimals beyond microseconds are cut."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, f"{text!r} is not a date and time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
