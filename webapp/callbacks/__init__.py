"""What eSIM Go tells us. Stored before it is acknowledged, applied by a job; a hint to look, never a fact."""

from webapp.callbacks.applying import apply, apply_waiting
from webapp.callbacks.checking import SelfCheck, address_seen, self_check
from webapp.callbacks.events import Event, Kind, read
from webapp.callbacks.receiving import MAX_BYTES, receive

__all__ = [
    "MAX_BYTES",
    "Event",
    "Kind",
    "SelfCheck",
    "address_seen",
    "apply",
    "apply_waiting",
    "read",
    "receive",
    "self_check",
]
