"""The statement of a payment provider against our rows, both ways.

A charge that nobody told us of is found, and served or given back; a refund that was made elsewhere is noted.
What we have and the statement has not is told to the owner.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from peewee import fn

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.base.money import NANO
from webapp.clients.telegram.botapi import BotApi
from webapp.models import Order, Payment, Refund, Setting, StarMovement
from webapp.models.db import transaction
from webapp.orders.payments.booking import book, confirm, set_aside
from webapp.orders.payments.providers import Charge, Credit, Entry, Movement, PaymentProvider
from webapp.orders.payments.refunds import refund_seen
from webapp.orders.payments.registry import PROVIDERS, provider_for
from webapp.state import incidents, outages, restoration, star_balance

log = logging.getLogger(__name__)

OVERLAP = 100
MOST_PAGES = 50
READ_EVERY = timedelta(minutes=10)
AFTER_A_COPY = timedelta(seconds=15)
"""So often until it was read once since the shop came back from a copy."""
MISSED_AFTER = timedelta(seconds=60)
MISSED_UNTIL = timedelta(minutes=10)
ACTED_ON = timedelta(hours=24)
LISTED_WITHIN = timedelta(minutes=30)
COMMISSION_FOR = timedelta(days=30)
MOST_COMMISSION = 800
"""Thousandths: more than this Telegram lets no affiliate have."""


def reconcile(bot: BotApi, config: Config) -> int:
    """Read what is new in each statement; returns how much of it was new to us. Raises ProviderError.

    Every 10 min; sooner when a charge was allowed and nobody has told us that it was made, and at once while
    payments do not answer: whoever comes is told so until a statement is read.
    """
    if not _is_due():
        return 0
    Setting.write_time("statement.read_at", clock.now())
    new = sum(_reconcile(provider_for(name, bot), config) for name in PROVIDERS)
    outages.payments_reachable(True)
    catalogue.follow_commission(_commission(), config)
    return new


def ask_for_statement() -> None:
    """Somebody wants it read now: the next time it is due."""
    Setting.write_time("statement.read_at", None)


def _is_due() -> bool:
    now, read_at = clock.now(), Setting.read_time("statement.read_at")
    if read_at is not None and now - read_at >= AFTER_A_COPY and not restoration.knows_refunds():
        return True
    if read_at is None or now - read_at >= READ_EVERY or outages.now().payments_failing:
        return True
    missed = Payment.select().where(
        Payment.state == "created",
        Payment.created_at.between(now - MISSED_UNTIL, now - MISSED_AFTER),
    )
    return now - read_at >= MISSED_AFTER and missed.exists()


def _reconcile(provider: PaymentProvider, config: Config) -> int:
    began_at, name = clock.now(), f"statement.{provider.name}.offset"
    offset = max(0, Setting.read(name, 0) - OVERLAP)
    entries, movements, end, complete = _read(provider, offset)
    crash_point("statement.read")
    _note_movements(movements)
    gone_back = {entry.charge_id for entry in entries if entry.charge is None}
    new = sum(_take(list(part), gone_back, config) for part in _parts(entries))
    Setting.write(name, end)
    if offset == 0:
        star_balance.list_begun()
    if complete:
        restoration.statement_read(began_at)
        _miss(provider, began_at - LISTED_WITHIN)
    return new


def _read(provider: PaymentProvider, offset: int) -> tuple[list[Entry], list[Movement], int, bool]:
    """The lines from `offset` on, the line after the last one, and whether that is the end. A statement that
    is shorter than it was is another one, and read from its beginning.
    """
    entries: list[Entry] = []
    movements: list[Movement] = []
    for number in range(MOST_PAGES):
        page = provider.statement(offset)
        if number == 0 and page.length == 0 and offset > 0:
            return _read(provider, 0)
        entries += page.entries
        movements += page.movements
        offset += page.length
        if page.length < provider.page_length:
            return entries, movements, offset, True
    return entries, movements, offset, False


def _parts(entries: list[Entry], size: int = 100) -> Iterator[Iterable[Entry]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def _take(entries: list[Entry], gone_back: set[str], config: Config) -> int:
    ids = [entry.charge_id for entry in entries]
    known = {row.charge_id for row in Payment.select(Payment.charge_id).where(Payment.charge_id.in_(ids))}
    new = 0
    for entry in entries:
        if entry.charge is None:
            new += refund_seen(entry.charge_id, actor="statement")
        elif entry.charge_id not in known:
            new += _unheard_of(_as_paid(entry.charge, entry.credit), entry.charge_id in gone_back, config)
            crash_point("statement.booked")
    _note_movements(_no_refunds(entries))
    _mark_listed(entries)
    return new


def _no_refunds(entries: list[Entry]) -> list[Movement]:
    """What went to somebody without a word for what, and was no charge of ours: a gift, perhaps."""
    ids = [entry.charge_id for entry in entries if entry.otherwise is not None]
    ours = {row.charge_id for row in Payment.select(Payment.charge_id).where(Payment.charge_id.in_(ids))}
    return [entry.otherwise for entry in entries if entry.otherwise and entry.charge_id not in ours]


def _as_paid(charge: Charge, credit: Credit | None) -> Charge:
    """The charge with the price of its order, where that is what its line means: the sale of an affiliate is
    listed for less than was paid.
    """
    order = Order.get_or_none(Order.reference == charge.reference)
    if order is None or credit is None or not credit.fits(order.stars):
        return charge
    return replace(charge, amount=order.stars)


def _unheard_of(charge: Charge, went_back: bool, config: Config) -> bool:
    """Served if there is time, or given back: the deadline counts from the charge. The shop does not act by
    itself on an old one, for perhaps it is our rows that are lost, and it was delivered long ago: it is
    booked, and a person decides.
    """
    if went_back:
        return _book_as_refunded(charge)
    if clock.now() - charge.at > ACTED_ON:
        return set_aside(charge)
    log.warning("a payment that nobody told us of", extra={"order": charge.reference})
    return confirm(charge, config)


def _book_as_refunded(charge: Charge) -> bool:
    order = Order.get_or_none(Order.reference == charge.reference)
    with transaction():
        return book(charge, order) is not None and refund_seen(charge.charge_id, actor="statement")


def _mark_listed(entries: list[Entry]) -> None:
    now = clock.now()
    came = [entry.charge_id for entry in entries if entry.charge is not None]
    went = [entry.charge_id for entry in entries if entry.charge is None]
    if came:
        Payment.update(listed_at=now).where(
            Payment.charge_id.in_(came), Payment.listed_at.is_null()
        ).execute()
        _note_credit({entry.charge_id: entry.credit for entry in entries if entry.credit is not None})
    if went:
        theirs = Payment.select(Payment.id).where(Payment.charge_id.in_(went))
        Refund.update(listed_at=now).where(Refund.payment.in_(theirs), Refund.listed_at.is_null()).execute()


def _note_movements(movements: Iterable[Movement]) -> None:
    """What moves Stars besides our sales: never served or refunded by us, and part of the balance."""
    rows = [
        {"line_id": one.line_id, "outgoing": one.nano < 0, "kind": one.kind, "nano": one.nano, "at": one.at}
        for one in movements
    ]
    with transaction():
        for start in range(0, len(rows), 100):
            StarMovement.insert_many(rows[start : start + 100]).on_conflict_ignore().execute()


def _note_credit(credits: Mapping[str, Credit]) -> None:
    """What has arrived of each charge, once."""
    new = Payment.credited_nano.is_null() & Payment.charge_id.in_(list(credits))
    for payment in Payment.select(Payment.id, Payment.charge_id, Payment.amount).where(new):
        credit = credits[str(payment.charge_id)]
        Payment.update(
            credited_nano=credit.credited(payment.amount), commission_nano=credit.commission
        ).where(Payment.id == payment.id).execute()


def _commission() -> int:
    """The largest part of a price, in thousandths, that did not arrive lately: an affiliate's, mostly."""
    lately = (Payment.listed_at > clock.now() - COMMISSION_FOR) & (Payment.amount > 0)
    missing = (Payment.amount * NANO - Payment.credited_nano) / Payment.amount
    largest = Payment.select(fn.MAX(missing)).where(lately, Payment.credited_nano.is_null(False)).scalar()
    return min(-(-int(largest or 0) * 1000 // NANO), MOST_COMMISSION)


def _miss(provider: PaymentProvider, since: datetime) -> None:
    """What we have booked and the statement does not know."""
    unlisted = (
        Payment.listed_at.is_null() & (Payment.confirmed_at < since) & (Payment.provider == provider.name)
    )
    for payment in Payment.select().where(unlisted, Payment.state != "created").limit(20):
        incidents.open("payment_not_listed", str(payment.charge_id), f"{payment.amount} {payment.currency}")
    gone = Refund.listed_at.is_null() & (Refund.done_at < since) & (Payment.provider == provider.name)
    for refund in Refund.select(Refund, Payment).join(Payment).where(gone).limit(20):
        incidents.open("refund_not_listed", str(refund.payment.charge_id), "done, and not in the statement")
