"""Do callbacks arrive as they should? They are set up by hand, in a portal that shows us the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.base.config import Config
from webapp.esims.callbacks import refusals
from webapp.esims.callbacks.receiving import UNSIGNED
from webapp.models import Callback, Setting

PATH = "/api/esimgo/webhook"

_ADDRESS = "provider.callback_url"


@dataclass(frozen=True)
class SelfCheck:
    """`encoding` of the signature (base64 or hex) is of the last signed one that is still kept (30 days).

    `pattern`: by reason ("unsigned", "forged") of two days, where it is more than a stranger's knock.
    `address`: the callback URL of the organisation, None while it was never read. Refusals of seven days.
    """

    encoding: str | None
    last_at: datetime | None
    last_kind: str
    unsigned_at: datetime | None
    refused_unsigned: int
    refused_forged: int
    pattern: Mapping[str, int]
    address: str | None
    wanted: str
    hints_allowed: bool

    @property
    def address_fits(self) -> bool:
        return (self.address or "").strip().rstrip("/").casefold() == self.wanted.casefold()


def address_seen(url: str) -> None:
    """The organisation's callback URL, as eSIM Go just told it."""
    if Setting.read(_ADDRESS) != url:
        Setting.write(_ADDRESS, url)


def self_check(config: Config) -> SelfCheck:
    signed = _last(Callback.signature != UNSIGNED)
    unsigned = _last(Callback.signature == UNSIGNED)
    return SelfCheck(
        encoding=signed.signature if signed else None,
        last_at=signed.received_at if signed else None,
        last_kind=signed.kind if signed else "",
        unsigned_at=unsigned.received_at if unsigned else None,
        refused_unsigned=refusals.lately("unsigned"),
        refused_forged=refusals.lately("forged"),
        pattern=refusals.pattern(),
        address=Setting.read(_ADDRESS),
        wanted=config.public_url + PATH,
        hints_allowed=config.esimgo_unsigned_hints == "on",
    )


def _last(of_this_sort: object) -> Callback | None:
    last: Callback | None = Callback.select().where(of_this_sort).order_by(Callback.id.desc()).first()
    return last
