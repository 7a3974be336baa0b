"""What is not working now, and what that means for a buyer.

The jobs process writes down whether eSIM Go answers; pages read it. A short outage is bridged by the queue
(orders wait and resume); after a minute the shop stops taking money for what it cannot deliver.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp import alarms, clock, leases
from webapp.models import Setting

PAUSE_AFTER = timedelta(seconds=60)
BALANCE_EVERY = timedelta(minutes=10)
BALANCE_LAGS = timedelta(seconds=5)

_FAILING = "provider.failing_since"
_PAYMENTS = "telegram.failing_since"
_NOT_BUYING = "provider.not_buying_since"
_BALANCE_AT = "provider.balance_at"
_BALANCE_TOLD_AT = "provider.balance_told_at"
_SHORT_OF = "provider.short_of_thousandths"


@dataclass(frozen=True)
class Outages:
    provider_failing: bool
    sales_paused: bool
    out_of_funds: bool
    jobs_missing: bool
    payments_failing: bool


def now() -> Outages:
    failing = Setting.read_time(_FAILING)
    not_buying = Setting.read_time(_NOT_BUYING)
    funds = Setting.read(_SHORT_OF) is not None
    jobs_missing = not leases.seen_within(PAUSE_AFTER.total_seconds())
    return Outages(
        provider_failing=failing is not None or not_buying is not None,
        sales_paused=funds or jobs_missing or _is_long(failing) or _is_long(not_buying),
        out_of_funds=funds,
        jobs_missing=jobs_missing,
        payments_failing=Setting.read(_PAYMENTS) is not None,
    )


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
    synced_at = Setting.read_time("catalogue.synced_at")
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
    alarms.ring("out_of_funds", detail="eSIM Go's balance does not cover an order; sales are closed")


def balance_seen(balance: int) -> None:
    """The balance (thousandths) as eSIM Go just told it."""
    Setting.write("provider.balance", balance)
    Setting.write_time(_BALANCE_TOLD_AT, clock.now() - BALANCE_LAGS)
    Setting.write_time(_BALANCE_AT, clock.now())


def balance() -> tuple[int, datetime] | None:
    """The balance (thousandths) as it was last told, and since when purchases may not be in it yet."""
    told_at = Setting.read_time(_BALANCE_TOLD_AT)
    return None if told_at is None else (Setting.read("provider.balance"), told_at)


def funds_seen(balance: int) -> None:
    """eSIM Go would sell again: reopen if the balance covers what was missing."""
    short_of = Setting.read(_SHORT_OF)
    if short_of is not None and balance >= short_of:
        Setting.write(_SHORT_OF, None)
        alarms.clear("out_of_funds")
