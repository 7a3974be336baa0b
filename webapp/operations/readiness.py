"""Does what selling needs work? A thread of the web process tries it, /readyz and the alarms read the result.

What counts is when a part last worked, so a thread that hangs in a database says the same as an error.
"""

import logging
import threading
from collections.abc import Callable, Mapping

from peewee import PeeweeException

from webapp.base import clock
from webapp.models import OPEN_STAGES, Order, Payment, Setting, db
from webapp.state import leases

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 5.0
FAILS_AFTER_S = 10.0
"""A part that has not worked for so long does not work."""
WRITES_WITHIN_S = 2.0
SAMPLE = 20

OF_THE_DATABASE = ("database", "orders", "write")


class Readiness:
    """Of one process, in memory. `look` is for one thread; the answers may be read by any."""

    def __init__(self, lease_s: float) -> None:
        """Nothing is known to work before the first look."""
        self._parts: Mapping[str, Callable[[], bool]] = {
            "database": _answers,
            "orders": self._can_be_read,
            "migrations": lambda: not db.pending_migrations(),  # newer ones are a new version, rolled out
            "scheduler": lambda: leases.seen_within(2 * lease_s),
            "write": _can_be_written,
        }
        self._lock = threading.Lock()
        self._worked_at: dict[str, float] = {}
        self._errors: dict[str, str] = {}
        self._damage = ""
        self._under_way = 0

    def look(self) -> None:
        """Try every part; what is away altogether is not waited for part by part."""
        db.keep_connection()
        for name, works in self._parts.items():
            if self._try(name, works) == "away":
                return

    def _try(self, name: str, works: Callable[[], bool]) -> db.Trouble | None:
        try:
            is_well, error, trouble = works(), "", None
        except PeeweeException as raised:
            trouble = db.trouble(raised)
            is_well, error = False, f"{trouble or type(raised).__name__}: {raised}"
            log.error("not ready: %s: %s", name, error)
        with self._lock:
            self._errors[name] = error
            if is_well:
                self._worked_at[name] = clock.monotonic()
        return trouble

    def _can_be_read(self) -> bool:
        """The newest orders and payments, all of each, and those that wait."""
        for model in (Order, Payment):
            list(model.select().order_by(model.id.desc()).limit(SAMPLE))
        self._under_way = Order.select().where(Order.stage.in_(OPEN_STAGES)).count()
        return True

    def look_for_damage(self) -> None:
        """Read the whole database, as far as that finds damage: a look at a few rows would miss most."""
        db.keep_connection()
        try:
            found = db.damage()
        except PeeweeException as error:
            found = str(error) if db.trouble(error) == "damaged" else ""
        with self._lock:
            self._damage = found

    def parts(self) -> dict[str, bool]:
        """By name: has it worked within FAILS_AFTER_S?"""
        now = clock.monotonic()
        with self._lock:
            last = {name: self._worked_at.get(name, float("-inf")) for name in self._parts}
            damage = self._damage
        well = {name: now - at <= FAILS_AFTER_S for name, at in last.items()}
        return well | {"integrity": not damage}

    def trouble(self) -> str:
        """What is wrong with the database, in one line; "" when it works."""
        well = self.parts()
        failing = [name for name in OF_THE_DATABASE if not well[name]]
        with self._lock:
            told = [f"{name}: {self._errors.get(name) or 'no answer'}" for name in failing]
            damage = [f"damaged: {self._damage}"] if self._damage else []
        if not (wrong := damage or told[:1]):
            return ""
        return f"{wrong[0]}; {self._under_way} paid orders were under way when it last answered"


def _answers() -> bool:
    return bool(db.rows("SELECT 1"))


def _can_be_written() -> bool:
    """One commit, in turn with those of the sales."""
    with db.turn(WRITES_WITHIN_S):
        Setting.write_time("readiness.written_at", clock.now())
    return True
