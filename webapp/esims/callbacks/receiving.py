"""The door: what is proved to be eSIM Go's is stored before it is acknowledged."""

import hashlib
from datetime import timedelta

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo import signature
from webapp.esims.callbacks import refusals
from webapp.esims.callbacks.events import read
from webapp.models import Callback
from webapp.models.db import group_commit
from webapp.state.funnel import Funnel

MAX_BYTES = 64 * 1024
UNSIGNED = "none"
MOST_UNSIGNED = 600
"""Unsigned ones that are stored in a minute, of all senders: anybody can send them."""


def receive(raw: bytes, signature_header: str | None, config: Config, funnel: Funnel) -> bool:
    """Store a callback once, however often it comes; False for one that nobody may send, which is counted in
    `funnel`.

    Version 3 is signed. Version 2 is not, and is taken as a hint when the owner allows it.
    """
    proof = _proof(raw, signature_header, config)
    if proof is None:
        refusals.count("forged" if signature_header else "unsigned", funnel)
        return False
    body = raw.decode("utf-8", "replace")
    row = {"digest": _digest(raw, proof), "body": body, "signature": proof, "kind": read(body).kind.value}
    group_commit(Callback.insert(row).on_conflict_ignore().execute)
    return True


def _proof(raw: bytes, header: str | None, config: Config) -> str | None:
    if header:
        keys = [key for key in (config.esimgo_api_key, config.esimgo_api_key_previous) if key]
        return signature.verify(raw, header, keys)
    return UNSIGNED if config.esimgo_unsigned_hints == "on" and not _too_many() else None


def _too_many() -> bool:
    unsigned = Callback.select().where(Callback.signature == UNSIGNED).order_by(Callback.received_at.desc())
    earlier = unsigned.offset(MOST_UNSIGNED - 1).first()
    return earlier is not None and clock.now() - earlier.received_at < timedelta(minutes=1)


def _digest(raw: bytes, proof: str) -> str:
    """An unsigned copy that is sent ahead must not make the signed one look like a repetition."""
    return hashlib.sha256(raw if proof != UNSIGNED else b"unsigned:" + raw).hexdigest()
