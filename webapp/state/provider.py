"""What eSIM Go's answers say of it: does it answer, does it sell, does its balance last.

The jobs process writes it down; outages.py says what it means for a buyer.
"""

import logging
from datetime import datetime, timedelta

from webapp.base import clock
from webapp.models import ProviderBalance, Setting
from webapp.models.db import transaction
from webapp.state import incidents

log = logging.getLogger(__name__)

BALANCE_EVERY = timedelta(minutes=10)
BALANCE_LAGS = timedelta(seconds=5)
THE_ROW = 1

FAILING = "provider.failing_since"
NOT_BUYING = "provider.not_buying_since"
SHORT_OF = "provider.short_of_thousandths"
OTHER_CURRENCY = "provider.other_currency_since"
"""Names of settings: since when, or by how much. Null while all is well."""


# --- does it answer


def failing_since() -> datetime | None:
    """Since when eSIM Go has given no good answer, to reading or to buying; None while all is well."""
    since = [moment for name in (FAILING, NOT_BUYING) if (moment := Setting.read_time(name)) is not None]
    return min(since, default=None)


def key_accepted(refusal: str = "") -> None:
    """eSIM Go took the API key, or said why not."""
    if refusal:
        incidents.open("key_refused", detail=refusal)
    else:
        incidents.close("key_refused")


def reachable(answered: bool) -> None:
    """After every call to eSIM Go: did it answer at all?"""
    mark(FAILING, not answered)


def purchase_failed() -> None:
    """An order, or asking for one, got no good answer: buying may not work even where reading does."""
    mark(NOT_BUYING, True)


def purchase_worked() -> None:
    """An order, or the question whether it would be taken, was answered well."""
    mark(NOT_BUYING, False)


def is_buying_in_doubt() -> bool:
    return Setting.read(NOT_BUYING) is not None or Setting.read(SHORT_OF) is not None


def mark(name: str, wrong: bool) -> None:
    """Since when something is wrong. Only a change is written: most calls change nothing."""
    if wrong != (Setting.read(name) is not None):
        Setting.write_time(name, clock.now() if wrong else None)


# --- its balance


def balance() -> tuple[int, datetime] | None:
    """The balance (thousandths) as it was last told, and since when purchases may not be in it yet."""
    known = _balance()
    return None if known.amount is None or known.told_at is None else (known.amount, known.told_at)


def needs_a_look() -> bool:
    """Is it time to ask for the balance? Every 10 min; every few seconds while something is wrong."""
    if Setting.read(FAILING) is not None or is_buying_in_doubt():
        return True
    known = _balance()
    if known.seen_at is None or (known.wanted_at is not None and known.wanted_at >= known.seen_at):
        return True
    return bool(clock.now() - known.seen_at >= BALANCE_EVERY)


def ask_for_balance(not_within: timedelta = timedelta()) -> bool:
    """Somebody says that the balance has changed: ask for it now, unless it was asked for just now."""
    seen_at, now = _balance().seen_at, clock.now()
    if seen_at is not None and now - seen_at < not_within:
        return False
    _write(wanted_at=now)
    return True


def balance_seen(balance: int, asked_at: datetime | None = None) -> None:
    """The balance (thousandths) as eSIM Go just told it, asked for at `asked_at` (now, if not said)."""
    now = clock.now()
    _write(amount=balance, told_at=now - BALANCE_LAGS, seen_at=asked_at or now)


def out_of_funds(cost: int) -> None:
    """An order of `cost` thousandths was refused for lack of balance: sales close until it is covered."""
    with transaction():
        Setting.write(SHORT_OF, cost)
        incidents.open("out_of_funds", detail="eSIM Go's balance does not cover an order; sales are closed")


def funds_seen(balance: int) -> None:
    """eSIM Go would sell again: reopen if the balance covers what was missing."""
    with transaction():
        short_of = Setting.read(SHORT_OF)
        if short_of is not None and balance >= short_of:
            Setting.write(SHORT_OF, None)
            incidents.close("out_of_funds")


def currency_seen(told: str, ours: str) -> None:
    """The currency of the account: in another one than ours every price is wrong, so sales close."""
    if not told:
        return
    other = told.upper() != ours
    if other and Setting.read(OTHER_CURRENCY) is None:
        log.error("eSIM Go's prices are in %s and the shop's in %s: sales are closed", told, ours)
    mark(OTHER_CURRENCY, other)


def _balance() -> ProviderBalance:
    return ProviderBalance.get_or_none() or ProviderBalance()


def _write(**told: int | datetime) -> None:
    row = ProviderBalance.insert(id=THE_ROW, **told)
    row.on_conflict(conflict_target=[ProviderBalance.id], update=told).execute()
