"""Delivered by its deadline, or refunded."""

from jobs.context import Context
from webapp import orders


def run(_context: Context) -> None:
    orders.enforce_deadlines()
