"""Names of ours that strangers may see."""

import re
import secrets

_FORM = re.compile("[A-Za-z0-9_-]{16}", re.ASCII)


def new_reference() -> str:
    """Random, unguessable, safe in a URL and in Telegram's invoice payload (1 to 128 bytes)."""
    return secrets.token_urlsafe(12)


def is_reference(text: str) -> bool:
    """Has it the form of one? The invoice of another product on the same bot says something else."""
    return _FORM.fullmatch(text) is not None
