"""Everything the emulated provider remembers, as plain JSON values: the state file is the state.

Whoever reads or changes it holds `lock` (the app does so around every request) and calls `touch` after a
change. Amounts with the ending `_m` are thousandths, `_b` are bytes; moments are ISO text.
"""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sandbox import clock
from sandbox.esimgo import callbacks as say
from sandbox.esimgo import stamps
from sandbox.esimgo.callbacks import Callbacks
from sandbox.esimgo.catalogue import Catalogue
from sandbox.esimgo.delivery import Delivery
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.habits import Habits
from sandbox.esimgo.offers import Bundle, Offers
from sandbox.server import StateFile

Esim = dict[str, Any]
Assignment = dict[str, Any]
Order = dict[str, Any]
Stock = dict[str, Any]

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SMDP_HOST = "rsp.example.com"
UNUSED_LIFE = timedelta(days=365)
LOW_BALANCE_M = 100_000
LOW_BALANCE_PERCENTS = (100, 75, 50, 10)
MOST_QUEUED = 30


class World:
    def __init__(
        self,
        file: StateFile,
        delivery: Delivery,
        balance_m: int,
        habits: Habits,
        offers: Offers | None = None,
    ) -> None:
        self.lock = file.lock
        self.catalogue = Catalogue(offers)
        self._first_habits = habits
        self.callbacks = Callbacks(delivery)
        self.adopt(habits)
        self._file, self._first_balance_m = file, balance_m
        self.changes = 0
        self.balance_m = balance_m
        self.orders: dict[str, Order] = {}
        self.esims: dict[str, Esim] = {}
        self.stock: list[Stock] = []
        self._unfinished: list[Order] = []
        self._restore()

    def reset(self) -> None:
        """As on the first day, but the clock stays: the shop has already seen the time."""
        self._begin()
        self.adopt(self._first_habits)
        self.callbacks.forget()
        self.touch()

    def adopt(self, habits: Habits) -> None:
        self.habits, self.callbacks.signature = habits, habits.signature

    def touch(self) -> None:
        self.changes += 1

    def save(self) -> None:
        """Call this without the lock and before the answer leaves: what was acknowledged is kept."""
        self._file.save(self._snapshot)

    # money

    def spend(self, amount_m: int) -> None:
        """Take money from the balance and warn when it falls through one of the documented marks."""
        before, self.balance_m = self.balance_m, self.balance_m - amount_m
        for percent in LOW_BALANCE_PERCENTS:
            mark = LOW_BALANCE_M * percent // 100
            if self.balance_m < mark <= before:
                self.warn_of_balance("LowBalance")
        self.touch()

    def warn_of_balance(self, alert: str) -> None:
        self.callbacks.send(say.balance(alert, self.balance_m, LOW_BALANCE_M))

    def receive(self, amount_m: int, alert: str) -> None:
        """Money comes in, and is told as Topup, AutoTopup or eSIMGoTopup."""
        before, self.balance_m = self.balance_m, self.balance_m + amount_m
        self.callbacks.send(say.money_in(alert, before, self.balance_m))
        self.touch()

    # eSIMs

    def esim(self, iccid: object) -> Esim:
        """Refused(403) for anybody else's, which is how the API answers."""
        esim = self.esims.get(str(iccid))
        if esim is None or esim.get("deleted"):
            raise Refused(403, "ICCID not accessible by the user")
        return esim

    def new_esim(self, profile: str) -> Esim:
        iccid = self.new_iccid()
        esim: Esim = {
            "iccid": iccid,
            "matchingId": "-".join(_letters(5) for _ in range(4)),
            "smdpAddress": SMDP_HOST,
            "profileStatus": "Released",
            "profileName": profile,
            "pin": f"{secrets.randbelow(10**4):04d}",
            "puk": f"{secrets.randbelow(10**8):08d}",
            "customerRef": "",
            "state": "active",
            "firstInstalled": None,
            "attached": False,
            "lastSeen": None,
            "assignedDate": stamps.seconds(clock.now()),
            "assignments": [],
            "history": [],
        }
        self.esims[iccid] = esim
        return esim

    def assign(self, esim: Esim, bundle: Bundle, reference: str, paid_m: int) -> Assignment:
        """Queue a bundle on an eSIM; it starts with its first use."""
        data_b = max(0, bundle["dataAmount"]) * 1_000_000
        assignment: Assignment = {
            "id": str(self._new_number()),
            "name": bundle["name"],
            "reference": reference,
            "paid_m": paid_m,
            "assigned": stamps.nanoseconds(),
            "ready": self._ready(),
            "days": bundle["duration"],
            "unlimited": bundle["unlimited"],
            "initial_b": data_b,
            "remaining_b": data_b,
            "used_b": 0,
            "start": None,
            "end": None,
            "revoked": False,
        }
        esim["assignments"].append(assignment)
        self.note(esim, "Bundle Applied", bundle["name"])
        return assignment

    def _ready(self) -> str | None:
        """When a new bundle leaves the state processing; None = at once."""
        wait_s = self.habits.assignment_s
        return stamps.seconds(clock.now() + timedelta(seconds=wait_s)) if wait_s else None

    def note(self, esim: Esim, event: str, bundle_name: str = "") -> None:
        """A line in the eSIM's history."""
        esim["history"].append({"name": event, "bundleName": bundle_name, "date": stamps.nanoseconds()})
        self.touch()

    def assignments(self) -> Iterator[tuple[Esim, Assignment]]:
        for esim in self.esims.values():
            for assignment in esim["assignments"]:
                yield esim, assignment

    # inventory

    def add_stock(self, bundle: Bundle, quantity: int, paid_m: int) -> None:
        self.stock.append(
            {
                "id": self._new_number(),
                "name": bundle["name"],
                "total": quantity,
                "remaining": quantity,
                "paid_m": paid_m,
                "expiry": (clock.now() + UNUSED_LIFE).date().isoformat(),
            }
        )
        self.touch()

    def stock_of(self, name: str) -> list[Stock]:
        """What is left of a bundle, first to expire first."""
        today = clock.now().date().isoformat()
        return [
            stock
            for stock in self.stock
            if stock["name"] == name and stock["remaining"] and stock["expiry"] >= today
        ]

    # orders

    def add_order(self, order: Order) -> Order:
        self.orders[order["orderReference"]] = order
        self._unfinished.append(order)
        self.touch()
        return order

    def unfinished(self) -> list[Order]:
        """Orders that are still being processed; remembered apart, for this is asked on every call."""
        self._unfinished = [order for order in self._unfinished if order["status"] == "processing"]
        return list(self._unfinished)

    # bookkeeping

    def _begin(self) -> None:
        self.balance_m = self._first_balance_m
        self.orders, self.esims, self.stock = {}, {}, []
        self._unfinished = []
        self.catalogue.start_over()

    def _restore(self) -> None:
        state = self._file.load()
        if state is None:
            return
        try:
            self.balance_m, self.stock = int(state["balance_m"]), list(state["stock"])
            self.orders, self.esims = dict(state["orders"]), dict(state["esims"])
            self._unfinished = list(self.orders.values())
            self._edit_again(state.get("edits", []))
        except (KeyError, TypeError, ValueError):
            self._file.set_aside()
            self._begin()

    def _edit_again(self, edits: list[dict[str, Any]]) -> None:
        """What was changed for a catalogue of another size may not fit this one."""
        for wish in edits:
            with suppress(ValueError):
                self.catalogue.edit(wish)

    def _snapshot(self) -> dict[str, Any]:
        return {
            "balance_m": self.balance_m,
            "orders": self.orders,
            "esims": self.esims,
            "stock": self.stock,
            "edits": self.catalogue.edits,
        }

    def new_iccid(self) -> str:
        """Random rather than counted: a shop keeps the old ones when this world begins anew."""
        while True:
            digits = f"8944501{secrets.randbelow(10**11):011d}"
            iccid = digits + _luhn(digits)
            if iccid not in self.esims:
                return iccid

    def _new_number(self) -> int:
        return 300_000_000 + secrets.randbelow(600_000_000)


def new_reference() -> str:
    return str(uuid.uuid4())


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def _luhn(digits: str) -> str:
    """The check digit that ends an ICCID (ITU-T E.118)."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)
