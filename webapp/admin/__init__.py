"""What the merchant does by hand: find an order, help it, and see who has done what."""

from webapp.admin.audit import Overtaken, acting, lately
from webapp.admin.finding import find, latest, owed, stuck
from webapp.admin.helping import Way, act, seen, ways
from webapp.admin.journal import Entry, journal
from webapp.admin.switching import turn
from webapp.admin.wishes import ask

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
