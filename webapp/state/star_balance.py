"""How many Stars the bot has, as Telegram last told (getMyStarBalance)."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.base import clock
from webapp.models import Setting
from webapp.models.db import locking

FRESH_FOR = timedelta(minutes=10)

_NAME = "stars.balance"
_LIST_BEGUN = "stars.list_begun"


class StarBalance(NamedTuple):
    """`asked_at`: what was paid or refunded since is not in it, or perhaps is."""

    nano: int
    asked_at: datetime

    @property
    def is_fresh(self) -> bool:
        """Also not when the clock was moved back since."""
        return timedelta(0) <= clock.now() - self.asked_at <= FRESH_FOR


def seen(nano: int, asked_at: datetime) -> None:
    Setting.write(_NAME, [nano, asked_at.isoformat()])


def list_begun() -> None:
    """All that has moved Stars is written down from the first line of Telegram's list on."""
    Setting.write(_LIST_BEGUN, True)


def is_list_whole() -> bool:
    """Not in a shop that is older than this writing down: what moved before is in the balance too."""
    return bool(Setting.read(_LIST_BEGUN, False))


def known() -> StarBalance | None:
    """None while it was never told."""
    return _read(Setting.read(_NAME))


def locked() -> StarBalance | None:
    """The same, while nobody else counts what is left of it: call it in a transaction."""
    Setting.insert(name=_NAME, value="null").on_conflict_ignore().execute()
    row = locking(Setting.select().where(Setting.name == _NAME), "FOR UPDATE").get()
    return _read(json.loads(row.value))


def _read(told: list[str] | None) -> StarBalance | None:
    return None if told is None else StarBalance(int(told[0]), datetime.fromisoformat(told[1]))
