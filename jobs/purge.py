"""Once a day, what nobody can ask for again is deleted."""

from jobs.context import Context
from webapp.operations import retention


def run(_context: Context) -> None:
    retention.purge()
