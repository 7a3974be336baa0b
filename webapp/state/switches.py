"""What the owner has switched off: all sales, payments, messages to customers, or the sales of one place."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from webapp.base import clock
from webapp.models import Setting
from webapp.models.db import locking, transaction

NAME = "shop.switched_off"
"""One row, so that a page that asks for other settings too asks once."""

SALES, PAYMENTS, MESSAGES = "sales", "payments", "messages"
SHOP = (SALES, PAYMENTS, MESSAGES)


class Off(NamedTuple):
    """Since when something is off, and by whom (telegram_user_id)."""

    by: int
    at: datetime


def area(code: str) -> str:
    """The switch of one place."""
    return f"area {code}"


def off() -> Mapping[str, Off]:
    """Everything that is off, by the name of its switch."""
    told = Setting.read(NAME, {})
    return {name: Off(by, datetime.fromisoformat(at)) for name, (by, at) in sorted(told.items())}


def is_off(name: str) -> bool:
    return name in Setting.read(NAME, {})


def turn(name: str, by: int, *, on: bool) -> bool:
    """False when it stood so already: then it stays whose it was."""
    with transaction():
        told = _locked()
        if (name not in told) is on:
            return False
        if on:
            del told[name]
        else:
            told[name] = [by, clock.now().isoformat()]
        Setting.write(NAME, told)
    return True


def _locked() -> dict[str, list[object]]:
    Setting.insert(name=NAME, value="{}").on_conflict_ignore().execute()
    row = locking(Setting.select().where(Setting.name == NAME), "FOR UPDATE").get()
    told: dict[str, list[object]] = json.loads(row.value)
    return told
