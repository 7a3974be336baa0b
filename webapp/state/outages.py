"""What is not working now, and what that means for a buyer.

The jobs process writes down whether eSIM Go answers; pages read it. A short outage is bridged by the queue
(orders wait and resume); after a minute the shop stops taking money for what it cannot deliver.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.base import clock
from webapp.models import Setting
from webapp.models.db import rows
from webapp.state import leases, provider, shop_time, switches

PAUSE_AFTER = timedelta(seconds=60)
MAY_BE_LATE = timedelta(minutes=10)

_PAYMENTS = "telegram.failing_since"
_GENERATION = "catalogue.generation"
_SYNCED = "catalogue.synced_at"

_SHOWN = (
    provider.FAILING,
    provider.NOT_BUYING,
    provider.SHORT_OF,
    provider.OTHER_CURRENCY,
    shop_time.WRONG,
    _PAYMENTS,
    _GENERATION,
    _SYNCED,
    switches.NAME,
)
_STATE = (
    f"SELECT {', '.join(['MAX(CASE WHEN name = ? THEN value END)'] * len(_SHOWN))}, "  # noqa: S608 - no values
    "(SELECT CAST(expires_at AS TEXT) FROM lease WHERE name = ?), "
    "(SELECT CAST(zero AS TEXT) FROM boot WHERE name = ?) "
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
    """The settings that are there and not null; under "lease" the end of the jobs process's lease. Whoever
    asks here also learns whether the shop's time was corrected.
    """
    (found,) = rows(_STATE, *_SHOWN, leases.NAME, clock.boot(), *_SHOWN)
    shop_time.adopt(_moment(found[-1]))
    told = {name: json.loads(text) for name, text in zip(_SHOWN, found, strict=False) if text is not None}
    return {name: value for name, value in told.items() if value is not None} | {"lease": found[-2]}


def _outages(known: dict[str, Any]) -> Outages:
    failing, not_buying = (_moment(known.get(name)) for name in (provider.FAILING, provider.NOT_BUYING))
    funds = provider.SHORT_OF in known
    other_currency = provider.OTHER_CURRENCY in known
    off = tuple(sorted(known.get(switches.NAME, ())))
    led_until = _moment(known["lease"])
    jobs_missing = led_until is None or clock.now() - led_until >= PAUSE_AFTER
    return Outages(
        provider_failing=failing is not None or not_buying is not None,
        sales_paused=(
            funds
            or other_currency
            or jobs_missing
            or shop_time.WRONG in known
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


def _moment(text: str | None) -> datetime | None:
    """SQLite keeps moments in UTC without saying so."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_long(since: datetime | None) -> bool:
    return since is not None and clock.now() - since > PAUSE_AFTER


def payments_reachable(reachable: bool) -> None:
    """After asking Telegram for an invoice link: did it give one?"""
    provider.mark(_PAYMENTS, not reachable)


def is_catalogue_stale(ttl_s: int) -> bool:
    """Has the catalogue not been read for so long that its prices may not hold?"""
    return _is_stale(Setting.read_time(_SYNCED), ttl_s)


def _is_stale(synced_at: datetime | None, ttl_s: int) -> bool:
    return synced_at is not None and clock.now() - synced_at > timedelta(seconds=2 * ttl_s) + MAY_BE_LATE
