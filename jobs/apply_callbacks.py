"""Stored callbacks of eSIM Go make their eSIMs due."""

from jobs.context import Context
from webapp.esims import callbacks


def run(_context: Context) -> None:
    callbacks.apply_waiting()
