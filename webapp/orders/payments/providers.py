"""What a payment provider does for the shop, and what can go wrong with it, named by what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from webapp.base.money import NANO


@dataclass(frozen=True)
class Question:
    """May this be charged? `payer` is a Telegram user id, `amount` in the smallest unit of `currency`."""

    provider: str
    reference: str
    payer: int
    currency: str
    amount: int


@dataclass(frozen=True)
class Charge:
    """Somebody has paid. `at`: when, by the payment provider."""

    provider: str
    reference: str
    payer: int
    currency: str
    amount: int
    charge_id: str
    at: datetime


@dataclass(frozen=True)
class Credit:
    """What a statement lists of a charge, in billionths of the smallest unit (Stars: nanostars): its amount,
    and what an affiliate got beside it. The amount is what was credited or, should the provider list it so,
    what was paid.
    """

    nano: int
    commission: int = 0

    def fits(self, price: int) -> bool:
        """Is it what a charge of this price leaves in a statement?"""
        return price * NANO in {self.nano, self.nano + self.commission}

    @property
    def whole(self) -> int:
        """What was paid, as far as the line alone can tell."""
        return -(-(self.nano + self.commission) // NANO)

    def credited(self, paid: int) -> int:
        """What of a charge of this amount has arrived, in billionths."""
        return self.nano if self.nano != paid * NANO else self.nano - self.commission


@dataclass(frozen=True)
class Movement:
    """A line of the statement that is about nothing we sell. `nano`: nanostars, negative where they went."""

    line_id: str
    kind: str
    nano: int
    at: datetime


@dataclass(frozen=True)
class Entry:
    """A line of the statement: a charge, or (`charge` is None) the way back of the one with this id. What it
    is where we have no such charge, `otherwise` says.
    """

    charge_id: str
    charge: Charge | None
    credit: Credit | None = None
    otherwise: Movement | None = None


class Page(NamedTuple):
    """Lines as far as they are understood, and how many there were: less than a full page is the last."""

    entries: Sequence[Entry]
    length: int
    movements: Sequence[Movement] = ()


class PaymentProvider(Protocol):
    """All that the shop asks of a payment provider. Errors: ProviderError and nothing else."""

    name: str
    currency: str
    page_length: int

    def invoice(self, title: str, about: str, reference: str, amount: int) -> str:
        """A link that opens the payment sheet."""

    def refund(self, payer: int, charge_id: str) -> None:
        """All of the charge goes back; a second time is AlreadyBack, never a second refund."""

    def balance(self) -> int:
        """What refunds can be paid from, in billionths of the smallest unit (nanostars)."""

    def is_answering(self) -> bool:
        """Does it answer at all now?"""

    def statement(self, offset: int) -> Page:
        """What came and went, the oldest first, from that line on."""


class ProviderError(Exception):
    """Root of everything that a payment provider raises: refused, unless a leaf says more."""


class Later(ProviderError):
    """Not done; to be asked again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class NoAnswer(ProviderError):
    """Not reached, or the answer was lost: it may or may not have happened."""


class AlreadyBack(ProviderError):
    """The charge went back before: for who wants it back, that is success."""


class NotCovered(ProviderError):
    """Not done: the balance does not cover it now."""
