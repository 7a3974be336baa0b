"""Callbacks come late, twice and in any order: what is written down in the end is the same."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.shop.factories import BUNDLE, after, bundles, details, make_esim
from tests.shop.standins import Provider
from tests.shop.test_callbacks import signed
from webapp import esims
from webapp.base.config import Config
from webapp.esims import callbacks
from webapp.models import Assignment, Callback, Esim, Notification, Order, OrderEvent, db
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("database")


def test_five_callbacks_in_every_order_and_twice_end_in_the_same_state(
    config: Config, provider: Provider
) -> None:
    """Orders that begin alike are one until they part: from there each goes on with the same database."""
    started_at = after(-3600)
    esim = make_esim()
    events = life_of(esim, started_at)

    def come(number: int, last: int) -> None:
        happen(provider, esim, last, started_at)
        for _ in range(2):
            raw = json.dumps(events[number]).encode()
            assert callbacks.receive(raw, signed(raw), config, Funnel())
        callbacks.apply_waiting()
        for due in esims.due():
            esims.refresh(due, provider)

    def ends(before: tuple[int, ...] = ()) -> Iterator[str]:
        """Of every order that begins so."""
        if len(before) == len(events):
            yield state()
            return
        with closing(copied()) as copy:
            for number in sorted(set(range(len(events))) - set(before)):
                come(number, max((*before, number)))
                yield from ends((*before, number))
                put_back(copy)

    told = list(ends())
    print(f"R7: {len(told)} orders of 5 callbacks, each sent twice: {len(set(told))} final state")
    assert len(told) == 120
    (end,) = set(told)
    assert "'active'" in end
    assert "600000000" in end


def life_of(esim: Esim, started_at: datetime) -> list[dict[str, Any]]:
    """In the order in which they happen."""
    bundle = {"name": BUNDLE, "initialQuantity": 3_000_000_000, "startTime": started_at.isoformat()}
    return [
        {"alertType": "Profile Status Change", "iccid": esim.iccid, "profileStatus": "Installed"},
        {"alertType": "FirstAttachment", "iccid": esim.iccid},
        {"alertType": "FirstUse", "iccid": int(esim.iccid), "bundle": bundle},
        *(
            {"alertType": "Utilisation", "iccid": esim.iccid, "bundle": bundle | {"remainingQuantity": left}}
            for left in (1_500_000_000, 600_000_000)
        ),
    ]


def happen(provider: Provider, esim: Esim, last: int, started_at: datetime) -> None:
    """The provider as it is after the event with this number."""
    left = [3_000_000_000, 3_000_000_000, 3_000_000_000, 1_500_000_000, 600_000_000][last]
    starts = {"startTime": started_at.isoformat()} if last >= 2 else {}
    provider.details = details(esim, "Installed", started_at - timedelta(minutes=5))
    provider.bundles = bundles("active" if last >= 2 else "queued", remainingQuantity=left, **starts)


def copied() -> sqlite3.Connection:
    """The database as it is now, in memory."""
    copy = sqlite3.connect(":memory:")
    db.database.connection().backup(copy)
    return copy


def put_back(copy: sqlite3.Connection) -> None:
    copy.backup(db.database.connection())


def state() -> str:
    """Everything that following writes, without the moments at which we looked, and without the message that
    it is on a phone: whoever is connected before that is known is told of that alone.
    """
    kind = Notification.kind
    ours = {
        "checked_at",
        "next_refresh_at",
        "labelled_at",
        "received_at",
        "id",
        "at",
        "created_at",
        "body",
    }  # a body is sealed
    rows = [
        *(Order.select().dicts()),
        *(Esim.select().dicts()),
        *(Assignment.select().dicts()),
        *(Notification.select(Notification.kind).where(kind != "activated").order_by(kind).dicts()),
        *(OrderEvent.select().dicts()),
        *(Callback.select().order_by(Callback.digest).dicts()),
    ]
    return repr([sorted((k, str(v)) for k, v in row.items() if k not in ours) for row in rows])
