"""The same request gives the same order: a key that the client chose stands for one order, for two days.

Once that order has ended unpaid, and no charge on it can be on its way any more, there is nothing left to
repeat, and the key may be used for a new one. It is written in the transaction that places the order, so
there is never the one without the other.
"""

import hashlib
from datetime import datetime, timedelta

from peewee import IntegrityError

from webapp import orders
from webapp.base import clock
from webapp.models import Customer, IdempotencyKey, Order, Plan
from webapp.models.db import transaction
from webapp.models.orders import CHARGED_WITHIN
from webapp.state import restoration

KEPT_FOR = timedelta(hours=48)
"""Longer than any order can be late; after that a key may be used again."""


class Conflict(Exception):
    """The key already stands for a request that asked for something else."""


def recall(customer: Customer, key: str, asked_for: str) -> Order | None:
    """The order that this key stands for, in whatever state it is now; None for a new key. Raises Conflict.

    `asked_for` is what the request means, not what it resolves to: a bundle may serve another plan tomorrow.
    """
    known = _known(customer, key)
    if known is None or _is_free(known):
        return None
    if known.digest != _digest(asked_for):
        raise Conflict
    order: Order = known.order
    return order


def place(customer: Customer, plan: Plan, key: str, asked_for: str) -> Order:
    """orders.place(), remembered under the key. Who comes second gets the first one's order, or Conflict."""
    try:
        with transaction():
            _let_go(customer, key)
            order = orders.place(customer, plan)
            IdempotencyKey.create(customer=customer, key=key, digest=_digest(asked_for), order=order)
            return order
    except IntegrityError:
        first = recall(customer, key, asked_for)
        if first is None:
            raise
        return first


def purge(now: datetime) -> int:
    """Forget keys that nobody can be waiting with any more; returns how many."""
    return int(IdempotencyKey.delete().where(IdempotencyKey.created_at < now - KEPT_FOR).execute())


def _known(customer: Customer, key: str) -> IdempotencyKey | None:
    return IdempotencyKey.get_or_none(IdempotencyKey.customer == customer, IdempotencyKey.key == key)


def _is_free(known: IdempotencyKey) -> bool:
    return _has_ended_unpaid(known.order) or known.created_at < clock.now() - KEPT_FOR


def _has_ended_unpaid(order: Order) -> bool:
    """For good: nobody has to be asked whether it was paid. Where the shop was just brought back from a copy,
    a payment may have been made of which the copy does not tell.
    """
    is_known = restoration.known_since() < clock.now() - CHARGED_WITHIN
    return order.stage == "expired" and not order.may_have_been_charged and is_known


def _let_go(customer: Customer, key: str) -> None:
    """Make room for a new row. Of several at once one deletes the old row, and the others wait for it."""
    known = _known(customer, key)
    if known is not None and _is_free(known):
        known.delete_instance()


def _digest(asked_for: str) -> str:
    return hashlib.sha256(asked_for.encode()).hexdigest()
