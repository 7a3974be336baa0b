"""A database that is full, damaged or moved away: a sentence for people, one line in the log, and nothing is
given up for it.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import deliver_notifications, runner, send_alerts
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Person, text
from tests.shop.disks import small_disk
from tests.shop.factories import lead, make_order
from tests.shop.standins import Bot, Provider
from tests.shop.troubles import TROUBLES, damaged
from webapp.base.config import Config
from webapp.customers import notifications
from webapp.models import Order

PLAN = "tr-3gb-30d"
SENTENCES = {"en": "so nothing is charged", "ru": "поэтому деньги не списываются"}


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Iterator[Config]:
    """The database lies on a disk of its own, which a test can fill."""
    with small_disk(tmp_path / "disk", "4m") as disk:
        shutil.copy(config.database_url.removeprefix("sqlite:///"), disk / "simka.db")
        yield changed(config, database_url=f"sqlite:///{disk}/simka.db")


@pytest.fixture
def file(database: Config) -> Path:
    return Path(database.database_url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("trouble", ["full", "damaged", "away"])
@pytest.mark.parametrize("language", SENTENCES)
def test_a_customer_reads_a_sentence_and_the_log_says_it_in_one_line(
    shelves: None,
    owner: Person,
    file: Path,
    trouble: str,
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner.language = language
    assert owner.get(f"/account?lang={language}").status_code == 200
    with TROUBLES[trouble](file), caplog.at_level(logging.WARNING):
        answer = owner.post(f"/orders?lang={language}", plan_id=PLAN)
        said = owner.browser.post("/api/esimgo/order", json={"plan_id": PLAN}, headers=owner.headers)
    assert (answer.status_code, SENTENCES[language] in text(answer)) == (503, True), text(answer)
    assert (said.status_code, said.json and said.json["error"]["code"]) == (503, "unavailable")
    assert [record.getMessage()[: 16 + len(trouble)] for record in caplog.records] == [
        f"the database is {trouble}"
    ] * 2
    assert [record for record in caplog.records if record.exc_info] == [], "no traceback"
    assert owner.post("/orders", plan_id=PLAN).status_code < 400, "and it goes on by itself"
    assert Order.select().count() == 1


def test_a_job_says_it_in_one_line_and_no_message_is_given_up(
    database: Config, bot: Bot, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = make_order("failed")
    notifications.enqueue(order, "failed")
    context = Context(database, Provider(), bot, lead(), {})
    context.time.has_looked = True
    with damaged(file), caplog.at_level(logging.WARNING):
        assert not runner.run(deliver_notifications, context)
        assert not runner.run(send_alerts, context)
    assert [record.getMessage()[:23] for record in caplog.records] == ["the database is damaged"] * 2
    assert [record for record in caplog.records if record.exc_info] == []
    assert runner.run(deliver_notifications, context)
    assert len(bot.messages) == 1
