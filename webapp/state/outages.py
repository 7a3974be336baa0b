"""What is not working now, and what that means for a buyer.

The jobs process writes down whether eSIM Go answers; pages read it. A short outage is bridged by the queue
(orders wait and resume); after a minute the shop stops taking money for what it cannot deliver.
"""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.base import clock
from webapp.models import Setting
from webapp.models.db import rows
from webapp.state import incidents, leases, switches

log = logging.getLogger(__name__)

PAUSE_AFTER = timedelta(seconds=60)
BALANCE_EVERY = timedelta(minutes=10)
BALANCE_LAGS = timedelta(seconds=5)

_FAILING = "provider.failing_since"
_PAYMENTS = "telegram.failing_since"
_NOT_BUYING = "provider.not_buying_since"
_BALANCE_AT = "provider.balance_at"
_BALANCE_TOLD_AT = "provider.balance_told_at"
_SHORT_OF = "provider.short_of_thousandths"
_OTHER_CURRENCY = "provider.other_currency_since"
_GENERATION = "catalogue.generation"
_SYNCED = "catalogue.synced_at"

_SHOWN = (
    _FAILING,
    _NOT_BUYING,
    _SHORT_OF,
    _OTHER_CURRENCY,
    _PAYMENTS,
    _GENERATION,
    _SYNCED,
    switches.NAME,
)
_STATE = (
    f"SELECT {', '.join(['MAX(CASE WHEN name = ? THEN value END)'] * len(_SHOWN))}, "  # noqa: S608 - no values
    "(SELECT CAST(expires_at AS TEXT) FROM lease WHERE name = ?) "
    f"FROM setting WHERE name IN ({', '.join('?' * len(_SHOWN))})"
)
"""One row: with SQLite every row more is one more wait for the other threads."""


@dataclass(frozen=True)
class Outages:
    """`switched_off`: by the owner (switches.py)."""

    provider_failing: bool
    sales_paused: bool
    out_of_funds: bool
    other_currency: bool
    jobs_missing: bool
    payments_failing: bool
    switched_off: tuple[str, ...] = ()

    @property
    def payments_off(self) -> bool:
        return switches.PAYMENTS in self.switched_off

    def is_closed(self, area: str) -> bool:
        """Has the owner closed this place? The rest of the shop may be open."""
        return switches.area(area) in self.switched_off

    def sells(self, area: str) -> bool:
        return not self.sales_paused and not self.is_closed(area)


@dataclass(frozen=True)
class State:
    """What pages show that is neither about their customer nor in their address: the catalogue's generation,
    whether its prices have grown old, and what does not work.
    """

    generation: int
    stale: bool
    outages: Outages


def state(catalogue_ttl_s: int) -> State:
    """All of it in one statement, because every page asks."""
    known = _known()
    return State(
        known.get(_GENERATION, 0), _is_stale(_moment(known.get(_SYNCED)), catalogue_ttl_s), _outages(known)
    )


def now() -> Outages:
    return _outages(_known())


def _known() -> dict[str, Any]:
    """The settings that are there and not null; under "lease" the end of the jobs process's lease."""
    (found,) = rows(_STATE, *_SHOWN, leases.NAME, *_SHOWN)
    told = {name: json.loads(text) for name, text in zip(_SHOWN, found, strict=False) if text is not None}
    return {name: value for name, value in told.items() if value is not None} | {"lease": found[-1]}


def _outages(known: dict[str, Any]) -> Outages:
    failing, not_buying = (_moment(known.get(name)) for name in (_FAILING, _NOT_BUYING))
    funds = _SHORT_OF in known
    other_currency = _OTHER_CURRENCY in known
    off = tuple(sorted(known.get(switches.NAME, ())))
    led_until = _moment(known["lease"])
    jobs_missing = led_until is None or clock.now() - led_until >= PAUSE_AFTER
    return Outages(
        provider_failing=failing is not None or not_buying is not None,
        sales_paused=(
            funds
            or other_currency
            or jobs_missing
            or switches.SALES in off
            or _is_long(failing)
            or _is_long(not_buying)
        ),
        out_of_funds=funds,
        other_currency=other_currency,
        jobs_missing=jobs_missing,
        payments_failing=_PAYMENTS in known,
        switched_off=off,
    )


def failing_since() -> datetime | None:
    """Since when eSIM Go has given no good answer, to reading or to buying; None while all is well."""
    since = [moment for name in (_FAILING, _NOT_BUYING) if (moment := Setting.read_time(name)) is not None]
    return min(since, default=None)


def key_accepted(refusal: str = "") -> None:
    """eSIM Go took the API key, or said why not."""
    if refusal:
        incidents.open("key_refused", detail=refusal)
    else:
        incidents.close("key_refused")


def _moment(text: str | None) -> datetime | None:
    """SQLite keeps moments in UTC without saying so."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_long(since: datetime | None) -> bool:
    return since is not None and clock.now() - since > PAUSE_AFTER


def provider_reachable(reachable: bool) -> None:
    """After every call to eSIM Go: did it answer at all?"""
    _mark(_FAILING, not reachable)


def purchase_failed() -> None:
    """An order, or asking for one, got no good answer: buying may not work even where reading does."""
    _mark(_NOT_BUYING, True)


def purchase_worked() -> None:
    """An order, or the question whether it would be taken, was answered well."""
    _mark(_NOT_BUYING, False)


def payments_reachable(reachable: bool) -> None:
    """After asking Telegram for an invoice link: did it give one?"""
    _mark(_PAYMENTS, not reachable)


def is_catalogue_stale(ttl_s: int) -> bool:
    """Has the catalogue not been read for so long that its prices may not hold?"""
    return _is_stale(Setting.read_time(_SYNCED), ttl_s)


def _is_stale(synced_at: datetime | None, ttl_s: int) -> bool:
    return synced_at is not None and clock.now() - synced_at > timedelta(seconds=2 * ttl_s) + BALANCE_EVERY


def _mark(name: str, wrong: bool) -> None:
    """Only a change is written: most calls change nothing."""
    if wrong != (Setting.read(name) is not None):
        Setting.write_time(name, clock.now() if wrong else None)


def is_buying_in_doubt() -> bool:
    return Setting.read(_NOT_BUYING) is not None or Setting.read(_SHORT_OF) is not None


def needs_a_look() -> bool:
    """Is it time to ask for the balance? Every 10 min; every few seconds while something is wrong."""
    if Setting.read(_FAILING) is not None or is_buying_in_doubt():
        return True
    seen_at = Setting.read_time(_BALANCE_AT)
    return seen_at is None or clock.now() - seen_at >= BALANCE_EVERY


def ask_for_balance(not_within: timedelta = timedelta()) -> bool:
    """Somebody says that the balance has changed: ask for it now, unless it was asked for just now."""
    seen_at = Setting.read_time(_BALANCE_AT)
    if seen_at is not None and clock.now() - seen_at < not_within:
        return False
    Setting.write_time(_BALANCE_AT, None)
    return True


def out_of_funds(cost: int) -> None:
    """An order of `cost` thousandths was refused for lack of balance: sales close until it is covered."""
    Setting.write(_SHORT_OF, cost)
    incidents.open("out_of_funds", detail="eSIM Go's balance does not cover an order; sales are closed")


def balance_seen(balance: int) -> None:
    """The balance (thousandths) as eSIM Go just told it."""
    Setting.write("provider.balance", balance)
    Setting.write_time(_BALANCE_TOLD_AT, clock.now() - BALANCE_LAGS)
    Setting.write_time(_BALANCE_AT, clock.now())


def currency_seen(told: str, ours: str) -> None:
    """The currency of the account: in another one than ours every price is wrong, so sales close."""
    if not told:
        return
    other = told.upper() != ours
    if other and Setting.read(_OTHER_CURRENCY) is None:
        log.error("eSIM Go's prices are in %s and the shop's in %s: sales are closed", told, ours)
    _mark(_OTHER_CURRENCY, other)


def balance() -> tuple[int, datetime] | None:
    """The balance (thousandths) as it was last told, and since when purchases may not be in it yet."""
    told_at = Setting.read_time(_BALANCE_TOLD_AT)
    return None if told_at is None else (Setting.read("provider.balance"), told_at)


def funds_seen(balance: int) -> None:
    """eSIM Go would sell again: reopen if the balance covers what was missing."""
    short_of = Setting.read(_SHORT_OF)
    if short_of is not None and balance >= short_of:
        Setting.write(_SHORT_OF, None)
        incidents.close("out_of_funds")
