"""Orders as the merchant looks for them: by what a customer has told, and those that do not get on."""

import re
from datetime import timedelta

from webapp.base import clock
from webapp.models import OPEN_STAGES, Assignment, Esim, Order, Payment, Refund, names

MOST = 30
STUCK_AFTER = timedelta(minutes=5)
"""Paid and not finished for so long: the same as the alert counts."""
LEAST_DIGITS = 4
"""Of an ICCID: fewer would fit too many."""


def find(query: str) -> list[Order]:
    """By the reference of the order, of its eSIM or of eSIM Go's order; by the customer's Telegram number or
    name (whole words of it, or the username); by the last digits of the ICCID. The newest first, at most 30.
    """
    asked = query.strip()
    if not asked or "\0" in asked:
        return []
    exact = (Order.reference == asked) | (Order.esimgo_order_id == asked)
    for where in (exact, *_by_number(asked), *_by_name(asked)):
        if found := _newest(where):
            return found
    return []


def latest() -> list[Order]:
    return _newest(Order.id > 0)


def stuck() -> list[Order]:
    """Paid, and not finished in time; the longest first."""
    late = Order.select().where(Order.stage.in_(OPEN_STAGES), Order.paid_at < clock.now() - STUCK_AFTER)
    return list(late.order_by(Order.paid_at).limit(MOST))


def owed() -> list[Order]:
    """Whose money is on its way back for longer than it should be; the longest first."""
    late = Refund.select(Payment.order).join(Payment)
    late = late.where(Refund.done_at.is_null(), Refund.created_at < clock.now() - STUCK_AFTER)
    return list(Order.select().where(Order.id.in_(late)).order_by(Order.paid_at).limit(MOST))


def _by_number(asked: str) -> list[object]:
    digits = re.sub(r"[\s-]", "", asked)
    if not re.fullmatch(r"\d{1,20}", digits):
        return []
    wheres: list[object] = []
    if int(digits) < 2**63:
        wheres.append(Order.telegram_user_id == int(digits))
    if len(digits) >= LEAST_DIGITS:
        ending = Esim.select(Esim.id).where(Esim.iccid.endswith(digits)).limit(MOST)
        ids = [esim.id for esim in ending]
        carried = Assignment.select(Assignment.order).where(Assignment.esim.in_(ids or [0]))
        brought = Esim.select(Esim.order).where(Esim.id.in_(ids or [0]))
        wheres.append(Order.id.in_(brought) | Order.id.in_(carried))
    return wheres


def _by_name(asked: str) -> list[object]:
    esim = Esim.select(Esim.order).where(Esim.reference == asked)
    called = [customer.id for customer in names.called(asked, MOST)]
    return [Order.id.in_(esim), Order.customer.in_(called or [0])]


def _newest(where: object) -> list[Order]:
    return list(Order.select().where(where).order_by(Order.created_at.desc(), Order.id.desc()).limit(MOST))
