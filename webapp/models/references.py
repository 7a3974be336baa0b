"""Names of ours that strangers may see."""

import secrets


def new_reference() -> str:
    """Random, unguessable, safe in a URL and in Telegram's invoice payload (1 to 128 bytes)."""
    return secrets.token_urlsafe(12)
