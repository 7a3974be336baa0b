"""Every night: all that was paid is delivered, returned, refunded or in flight."""

from jobs.context import Context
from webapp.books import ledger


def run(_context: Context) -> None:
    ledger.check_new()
