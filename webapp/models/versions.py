"""Does the database have the tables that this code knows? Asked once, when a process starts: later it may be
migrated under it, for a new version is rolled out while the old one serves.
"""

from collections.abc import Callable

from peewee import PeeweeException

from webapp.base.config import ConfigError
from webapp.models import db


def refuse_newer() -> None:
    """Raises ConfigError when a newer version has migrated the database. One that is away says nothing."""
    if newer := _known(db.unknown_migrations):
        raise ConfigError(
            f"the database was migrated by a newer version of Simka ({newer[-1]}): start that version, or "
            "bring back a copy from before the upgrade"
        )


def refuse_unmigrated() -> None:
    """Raises ConfigError when tables are missing. A database that is away says nothing."""
    if missing := _known(db.pending_migrations):
        raise ConfigError(
            f"the database lacks {len(missing)} migrations ({missing[0]}): run `flask --app wsgi migrate`"
        )


def _known(ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except PeeweeException as error:
        if db.trouble(error):
            return []
        raise
