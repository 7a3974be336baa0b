"""Orders that nobody has paid for end."""

from jobs.context import Context
from webapp import orders


def run(_context: Context) -> None:
    orders.expire()
