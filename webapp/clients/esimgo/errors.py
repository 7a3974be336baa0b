"""What can go wrong with eSIM Go, named by what the caller must do about it.

No error of requests or urllib3 passes this boundary: theirs carry addresses, and ours may be logged.
"""

from typing import Literal


class EsimGoError(Exception):
    """Root of everything that this package raises.

    `asked` is False where eSIM Go was not asked at all: our own budget or breaker held the call back.
    """

    asked = True


class NotSent(EsimGoError):
    """The request never left: refused, DNS, connect timeout, TLS. Surely nothing happened; try again."""


class TryLater(EsimGoError):
    """The request was not worked on. Surely nothing was bought; try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float, message: str = "") -> None:
        super().__init__(message or f"try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class RateLimited(TryLater):
    """429: everybody who shares this address has to wait, not this caller alone."""


class Refused(EsimGoError):
    """Refused for a reason in the request. Surely nothing was bought; the same request will fail again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class OutOfFunds(Refused):
    """The prepaid balance does not cover it: tell the owner, keep the order."""


Denial = Literal["wrong_key", "address_not_whitelisted", "no_access"]


class AccessDenied(EsimGoError):
    """401 or 403. Surely nothing was bought; only a person can put it right.

    `may_be`: what it can be; two of them look the same from here.
    """

    def __init__(self, status: int, message: str, may_be: tuple[Denial, ...] = ()) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message
        self.may_be = may_be

    @property
    def is_about_the_request(self) -> bool:
        """The key is good, but not for what was asked: an eSIM or a bundle that is not ours to have."""
        return self.may_be == ("no_access",)


class NotThere(EsimGoError):
    """What was asked for does not exist, or does not belong to this organisation."""


class Gone(EsimGoError):
    """It existed and was deactivated for good (410)."""


class Unclear(EsimGoError):
    """A call that costs was sent and its outcome is not known: look it up, never repeat it blindly."""


class Unavailable(EsimGoError):
    """A call that costs nothing got no answer. It may be repeated."""


class Unusable(Unavailable):
    """An answer came and makes no sense: garbage, too large, a redirect. At once again is no use."""
