"""Somebody puts an older file of the database back, with `cp` and no mark, after the shop has sold on."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.stack import Stack, Traveller, running, until

pytestmark = [pytest.mark.flow, pytest.mark.long]

OWNER = 5005
FILES = ("simka.db", "simka.db-wal")
SOLD_SINCE = 6


def copy(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for name in FILES:
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copy(source / name, target / name)


def stop(shop: Stack) -> None:
    for name in ("jobs", "web"):
        shop.processes[name].terminate()
        shop.processes[name].wait(60)
    (shop.folder / "simka.db-shm").unlink(missing_ok=True)


def test_a_file_that_was_copied_back_buys_nothing_twice_and_forgets_no_buyer(tmp_path: Path) -> None:
    settings = {"ADMIN_TELEGRAM_IDS": str(OWNER), "ALERT_CHAT_ID": str(OWNER)}
    with running(tmp_path, **settings) as shop:
        owner = shop.customer(OWNER)
        before = shop.customer(2001)
        before.reaches(before.buy(), "ready")
        waiting, asked, lost = (shop.customer(2002 + number) for number in range(3))
        under_way = [
            (lost, lost.buy_into("reset_after_commit", times=1)),
            (waiting, waiting.buy_into("429", times=50)),
            (asked, asked.buy_into("429", times=50)),
        ]
        copy(tmp_path, tmp_path / "copy")
        shop.esimgo("DELETE", "faults")
        for person, reference in under_way:
            person.reaches(reference, "ready", seconds=60, faster=True)
        later = [shop.customer(3001 + number) for number in range(SOLD_SINCE)]
        since = [(person, person.buy()) for person in later]
        for person, reference in since:
            person.reaches(reference, "ready", seconds=60, faster=True)
        bought = {order["orderReference"] for order in shop.provider_orders()}
        assert len(bought) == 1 + len(under_way) + SOLD_SINCE
        named = "SELECT 1 FROM esim WHERE labelled_at IS NULL"
        until(shop.hurried(lambda: not shop.sql(named)), 60, "an eSIM bears the reference of its order")
        shop.advance(6 * 3600)

        stop(shop)
        copy(tmp_path / "copy", tmp_path)
        shop.start_web()
        shop.start_jobs()
        until(lambda: shop.answers(f"{shop.web}/healthz"), 30, "the shop")
        for person, reference in under_way + since:
            until(
                shop.hurried(partial(_is_ready, person, reference)),
                60,
                f"{reference} in the copy",
            )
        assert {order["orderReference"] for order in shop.provider_orders()} == bought, "bought twice"
        assert shop.refunds() == []
        told = until(lambda: [text for text in owner.texts() if "copy" in text], 60, "the alert")
        assert told
        new = shop.customer(4001)
        new.reaches(new.buy(), "ready", seconds=60, faster=True)


def _is_ready(person: Traveller, reference: str) -> bool:
    answer = person.stack.get(f"/api/esimgo/status/{reference}", headers=person.headers)
    return answer.status_code == 200 and answer.json()["stage"] == "ready"
