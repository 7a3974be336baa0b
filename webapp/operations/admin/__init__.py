"""What the merchant does by hand: find an order, help it, and see who has done what."""

from webapp.operations.admin.audit import Overtaken, acting, lately
from webapp.operations.admin.finding import find, latest, owed, stuck
from webapp.operations.admin.helping import Way, act, seen, ways
from webapp.operations.admin.job_requests import ask
from webapp.operations.admin.journal import Entry, journal
from webapp.operations.admin.switching import turn

__all__ = [
    "Entry",
    "Overtaken",
    "Way",
    "act",
    "acting",
    "ask",
    "find",
    "journal",
    "lately",
    "latest",
    "owed",
    "seen",
    "stuck",
    "turn",
    "ways",
]
