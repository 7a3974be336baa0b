"""What the merchant does by hand: find an order, help it, and see who has done what."""

from webapp.operations.admin.audit import StaleState, acting, latest_events
from webapp.operations.admin.books import AUDIT, accept_missing, settle_order, stockable
from webapp.operations.admin.finding import find, latest, owed, stuck
from webapp.operations.admin.job_requests import enqueue
from webapp.operations.admin.journal import Entry, journal
from webapp.operations.admin.remedies import Remedy, act, remedies, version

__all__ = [
    "AUDIT",
    "Entry",
    "Remedy",
    "StaleState",
    "accept_missing",
    "act",
    "acting",
    "enqueue",
    "find",
    "journal",
    "latest",
    "latest_events",
    "owed",
    "remedies",
    "settle_order",
    "stockable",
    "stuck",
    "version",
]
