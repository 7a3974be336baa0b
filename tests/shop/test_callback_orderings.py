"""Callbacks come late, twice and in any order: what is written down in the end is the same."""

import json
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.shop.factories import BUNDLE, after, bundles, details, make_esim
from tests.shop.standins import Provider
from tests.shop.test_callbacks import signed
from webapp import esims
from webapp.base.config import Config
from webapp.esims import callbacks
from webapp.models import Assignment, Callback, Esim, Notification, Order, OrderEvent, UsagePoint, db
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("database")


def test_five_callbacks_in_every_order_and_twice_end_in_the_same_state(
    config: Config, provider: Provider
) -> None:
    started_at = after(-3600)
    esim = make_esim()
    clean: dict[Any, list[Any]] = {model: list(model.select().dicts()) for model in (Order, Esim, Assignment)}
    events = life_of(esim, started_at)
    ends = set()
    for turn in permutations(range(len(events))):
        start_over(clean)
        for place, number in enumerate(turn):
            happen(provider, esim, max(turn[: place + 1]), started_at)
            for _ in range(2):
                raw = json.dumps(events[number]).encode()
                assert callbacks.receive(raw, signed(raw), config, Funnel())
            callbacks.apply_waiting()
            for due in esims.due():
                esims.refresh(due, provider)
        ends.add(state())
    print(f"R7: 120 orders of 5 callbacks, each sent twice: {len(ends)} final state")
    (end,) = ends
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


def start_over(clean: dict[Any, list[Any]]) -> None:
    with db.transaction():
        for model in (Callback, UsagePoint, Notification, OrderEvent):
            model.delete().execute()
        for model, rows in clean.items():
            for row in rows:
                model.update(row).where(model.id == row["id"]).execute()


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
