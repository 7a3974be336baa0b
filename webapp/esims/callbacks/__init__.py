"""What eSIM Go tells us. Stored before it is acknowledged, applied by a job; a hint to look, never a fact."""

from webapp.esims.callbacks.applying import apply, apply_waiting
from webapp.esims.callbacks.checking import SelfCheck, address_seen, self_check
from webapp.esims.callbacks.events import Event, Kind, read
from webapp.esims.callbacks.receiving import MAX_BYTES, receive

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
