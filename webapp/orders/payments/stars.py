"""Telegram Stars (Bot API 10.2): whole numbers of the currency XTR, refunded in full and at most once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from webapp.base import clock
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import AlreadyRefunded, BadCall, BalanceTooLow, SlowDown, TelegramError
from webapp.clients.telegram.updates import Partner, PreCheckoutQuery, StarTransaction, SuccessfulPayment
from webapp.models import is_reference
from webapp.orders.payments.providers import (
    AlreadyBack,
    Charge,
    Credit,
    Entry,
    Later,
    Movement,
    NoAnswer,
    NotCovered,
    Page,
    ProviderError,
    Question,
)

NAME = "stars"
CURRENCY = "XTR"
PAGE = 100
ADDED = "added"
"""The payload of an invoice by which the owner adds Stars to the balance (adding.py)."""


class Stars:
    name = NAME
    currency = CURRENCY
    page_length = PAGE

    def __init__(self, bot: BotApi) -> None:
        self._bot = bot

    def invoice(self, title: str, about: str, reference: str, amount: int) -> str:
        with _our_errors():
            return self._bot.create_invoice_link(
                title=title, description=about, payload=reference, stars=amount
            )

    def refund(self, payer: int, charge_id: str) -> None:
        with _our_errors():
            self._bot.refund_star_payment(payer, charge_id)

    def balance(self) -> int:
        with _our_errors():
            return self._bot.get_my_star_balance().nano

    def is_answering(self) -> bool:
        try:
            self._bot.get_me()
        except TelegramError:
            return False
        return True

    def statement(self, offset: int) -> Page:
        with _our_errors():
            found = self._bot.get_star_transactions(offset, PAGE)
        ours = [row for row in found.transactions if _is_ours(row)]
        others = [_movement(row) for row in found.transactions if not _is_ours(row)]
        return Page([entry for row in ours if (entry := _entry(row))], found.length, others)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except SlowDown as error:
        raise Later(error.retry_after_s) from error
    except AlreadyRefunded as error:
        raise AlreadyBack(str(error)) from error
    except BalanceTooLow as error:
        raise NotCovered(str(error)) from error
    except BadCall as error:
        raise ProviderError(str(error)) from error
    except TelegramError as error:
        raise NoAnswer(str(error)) from error


def _is_ours(row: StarTransaction) -> bool:
    """Stars also move for other reasons (gifts, ads, withdrawals, another product of this bot): ours is what
    belongs to an invoice of ours. Its refund need not say so.
    """
    partner = row.source or row.receiver
    if partner is None or partner.user is None:
        return False
    silent = not row.incoming and not partner.invoice_payload
    return silent or is_reference(partner.invoice_payload)


def _entry(row: StarTransaction) -> Entry | None:
    if row.source is None:
        says_so = row.receiver is not None and row.receiver.invoice_payload
        return Entry(row.id, None, otherwise=None if says_so else _movement(row))
    if row.source.user is None:
        return None
    affiliate = row.source.affiliate
    credit = Credit(row.nano, affiliate.nano if affiliate is not None else 0)
    charge = _charge(row.source.user.id, row.source.invoice_payload, credit.whole, row.id, row.date)
    return Entry(row.id, charge, credit)


def _movement(row: StarTransaction) -> Movement:
    now = clock.now()
    return Movement(
        row.id,
        _kind(row.source or row.receiver),
        row.nano if row.incoming else -row.nano,
        min(row.date or now, now),
    )


def _kind(partner: Partner | None) -> str:
    if partner is None:
        return "other"
    if partner.invoice_payload:
        return ADDED if partner.invoice_payload == ADDED else "foreign"
    return partner.type or "other"


def _charge(payer: int, reference: str, amount: int, charge_id: str, at: datetime | None) -> Charge:
    now = clock.now()
    return Charge(NAME, reference, payer, CURRENCY, amount, charge_id, min(at or now, now))


def question(query: PreCheckoutQuery) -> Question:
    """`pre_checkout_query`: to be answered within 10 s."""
    return Question(NAME, query.invoice_payload, query.from_user.id, query.currency, query.total_amount)


def charge(payer: int, paid: SuccessfulPayment, at: datetime | None = None) -> Charge:
    """`successful_payment`, the only proof that somebody has paid; `at`: the date of its message."""
    made = _charge(payer, paid.invoice_payload, paid.total_amount, paid.telegram_payment_charge_id, at)
    return replace(made, currency=paid.currency)
