"""Who has done what to the shop: written in the transaction of the action."""

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.models import AdminEvent, Customer
from webapp.models.db import transaction


class StaleState(Exception):
    """Things are not as they were seen any more: nothing was done, and nothing is written down."""


@contextmanager
def acting(who: Customer, action: str, subject: str = "", detail: str = "") -> Iterator[None]:
    """What is done in here is written down as done by `who`; not when it raises."""
    with transaction():
        yield
        AdminEvent.create(
            telegram_user_id=who.telegram_user_id, action=action, subject=subject[:250], detail=detail[:2000]
        )


def latest_events(limit: int = 100) -> list[AdminEvent]:
    """The newest first."""
    return list(AdminEvent.select().order_by(AdminEvent.id.desc()).limit(limit))
