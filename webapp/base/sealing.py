"""Secrets lie in the database sealed: encrypted with the newest of DATA_KEYS (Fernet), so that a copy of the
database is no bag of bearer secrets.

What is stored names its key, `3f9a1c2e:gAAAA…`: it is known without trying which keys are still needed.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken

NAME_LENGTH = 8
MARK = ":gAAAA"
"""What stands between the name of the key and the rest: a Fernet token begins so until the year 2106."""


class Sealed(str):
    """A secret as it lies in the database."""

    __slots__ = ()


class CannotOpen(Exception):
    """Its key is not at hand, or it has been tampered with. Says nothing of what is inside."""


def derived_key(secret: str) -> str:
    """A key for development, where nobody sets one."""
    return urlsafe_b64encode(hmac.digest(b"data", secret.encode(), hashlib.sha256)).decode()


def name_of(key: str) -> str:
    """Tells keys apart and nothing about them."""
    return hashlib.sha256(key.encode()).hexdigest()[:NAME_LENGTH]


class Keys:
    """The keys of one database: it is sealed with the first of them, and opened with any.

    `keys`: 32 bytes in URL-safe base64 each, the newest first; without any nothing can be sealed or opened.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = {name_of(key): Fernet(key) for key in keys}

    @property
    def names(self) -> list[str]:
        """The newest first."""
        return list(self._keys)

    def seal(self, text: str) -> Sealed:
        if not self._keys:
            raise RuntimeError("no DATA_KEYS: the database was bound without keys")
        name, key = next(iter(self._keys.items()))
        return Sealed(f"{name}:{key.encrypt(text.encode()).decode()}")

    def unseal(self, sealed: str) -> str:
        """What was sealed. Raises CannotOpen."""
        name, _, token = sealed.partition(":")
        if name not in self._keys:
            raise CannotOpen(f"no key of DATA_KEYS is {name}" if is_sealed(sealed) else "it is not sealed")
        try:
            return self._keys[name].decrypt(token).decode()
        except InvalidToken:
            raise CannotOpen(f"the key {name} does not fit") from None


def is_sealed(text: str) -> bool:
    return text[NAME_LENGTH : NAME_LENGTH + len(MARK)] == MARK
