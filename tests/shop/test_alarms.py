"""R31: alarms need nothing that they tell of. The database is really full, damaged, locked or moved away."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from jobs import expire_unpaid, runner, schedule
from jobs.context import Context
from jobs.failures import CHECKS_EVERY_S, Told
from tests.proof import proved
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.disks import small_disk
from tests.shop.factories import PLAN, lead, make_order, make_plan
from tests.shop.standins import Bot, Provider
from tests.shop.test_alerts import Post
from tests.shop.troubles import TROUBLES, damaged
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.mail.errors import TryLater
from webapp.clients.telegram.errors import NotReached
from webapp.models import Incident
from webapp.operations import alerts, readiness, watchdog
from webapp.operations.beginning import Beginning
from webapp.operations.readiness import Readiness
from webapp.operations.watchdog import Watch

OWNERS_CHAT = 777
WITHIN_S = 60
PAGES = ("/", "/shop/tr", f"/plans/{PLAN}", "/help")


class Time:
    """What clock.monotonic says; it passes for those who watch."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr("webapp.base.clock.monotonic", time)
    monkeypatch.setattr(readiness, "WRITES_WITHIN_S", 0.1)
    return time


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Iterator[Config]:
    """The database lies on a disk of its own, which a test can fill."""
    with small_disk(tmp_path / "disk", "4m") as disk:
        shutil.copy(config.database_url.removeprefix("sqlite:///"), disk / "simka.db")
        yield changed(config, database_url=f"sqlite:///{disk}/simka.db", alert_chat_id=OWNERS_CHAT)


class House:
    """A web process, whose threads take their turns as time passes."""

    def __init__(self, browser: FlaskClient, config: Config, bot: Bot, time: Time, advance: Advance) -> None:
        self.browser, self.bot, self._time, self._advance = browser, bot, time, advance
        self._readiness: Readiness = browser.application.extensions["shop"].readiness
        self.watch = Watch(bot, config, self._readiness, Beginning("web", config))
        self._damage_due = time()

    def passes(self, seconds: float) -> list[str]:
        """What the owner is told meanwhile."""
        before, end = len(self.bot.messages), self._time() + seconds
        while self._time() < end:
            self._readiness.look()
            if self._time() >= self._damage_due:
                self._readiness.look_for_damage()
                self._damage_due = self._time() + watchdog.DAMAGE_EVERY_S
            self.watch.tell()
            self._time.seconds += readiness.LOOKS_EVERY_S
            self._advance(readiness.LOOKS_EVERY_S)
        return [text for chat, text, _ in self.bot.messages[before:] if chat == OWNERS_CHAT]

    def until_told(self) -> float:
        began = self._time()
        while not self.passes(readiness.LOOKS_EVERY_S):
            assert self._time() - began < 600, "nobody was told"
        return self._time() - began

    def ready(self) -> tuple[int, list[str]]:
        """How /readyz answers, and which parts fail."""
        answer = self.browser.get("/readyz")
        return answer.status_code, [name for name, works in (answer.json or {}).items() if not works]

    def shown(self) -> list[int]:
        return [self.browser.get(path).status_code for path in PAGES]


@pytest.fixture
def house(browser: FlaskClient, config: Config, bot: Bot, time: Time, advance: Advance) -> House:
    house = House(browser, config, bot, time, advance)
    lead(10**9)
    make_plan()
    make_order("paid")
    assert house.passes(30) == []
    return house


FAILING = {"full": "write", "damaged": "integrity", "locked": "write", "away": "database"}


@pytest.mark.proof
@pytest.mark.parametrize("trouble", FAILING)
def test_the_owner_hears_of_it_within_a_minute_and_readyz_names_it(
    house: House,
    config: Config,
    trouble: str,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    times = 5 if in_full else 1
    file, waited, shown = Path(config.database_url.removeprefix("sqlite:///")), [], list[int]()
    for _ in range(times):
        assert house.ready() == (200, [])
        with TROUBLES[trouble](file):
            waited.append(house.until_told())
            status, failing = house.ready()
            assert (status, FAILING[trouble] in failing) == (503, True), failing
            if trouble in {"full", "locked"}:
                shown += house.shown()
            text = house.bot.messages[-1][1]
            assert all(word in text for word in (f"{trouble}:", "1 paid orders", "“database_failing”")), text
            assert house.passes(120) == [], "it is known"
        (over,) = house.passes(40)
        assert over.startswith("✅")
    assert max(waited) <= WITHIN_S
    assert set(shown) <= {200}
    assert Incident.select().count() == 0, "nobody needed a row for it"
    pages = f", {len(shown)} pages shown meanwhile" if shown else ""
    run, figure = f"{times} times {trouble}", f"told after {max(waited):.0f} s at most, /readyz 503{pages}"
    print(f"\nR31: {run}: {figure}")
    row = proved.Row(f"R31 alarms need nothing they report on: {trouble}", run, figure, "–")
    record_property(proved.ROW, list(row))


def test_a_short_stop_is_not_told_but_readyz_says_it(house: House, config: Config) -> None:
    with TROUBLES["away"](Path(config.database_url.removeprefix("sqlite:///"))):
        assert house.passes(15) == []
        assert house.ready()[0] == 503
    assert house.passes(60) == []
    assert house.ready() == (200, [])


def test_a_look_that_never_comes_back_is_an_error_too(house: House, time: Time) -> None:
    assert house.ready() == (200, [])
    time.seconds += readiness.FAILS_AFTER_S + 1
    assert house.ready()[0] == 503
    house.watch.tell()
    time.seconds += watchdog.TOLD_AFTER_S
    house.watch.tell()
    assert "no answer" in house.bot.messages[-1][1]


def test_it_comes_by_email_when_the_chat_is_deaf_and_is_repeated_until_somebody_takes_it(
    house: House, config: Config, monkeypatch: pytest.MonkeyPatch, time: Time, advance: Advance
) -> None:
    def deaf(method: str) -> None:
        raise NotReached("no connection")

    post = Post()
    monkeypatch.setattr(alerts, "Mailer", post)
    mailed = changed(
        config,
        alert_email="owner@shop.example",
        smtp_url="smtp://127.0.0.1:25",
        smtp_from="shop@shop.example",
    )
    house = House(house.browser, mailed, house.bot, time, advance)
    house.bot.mood, post.error = deaf, TryLater("later")
    with damaged(Path(config.database_url.removeprefix("sqlite:///"))):
        assert house.passes(120) == []
        post.error = None
        house.passes(30)
        (letter,) = post.letters
        assert "damaged" in letter.get_content()


# --- jobs


@pytest.mark.parametrize("job", ["submit_paid_orders", "send_alerts", "deliver_notifications"])
def test_a_job_that_fails_again_and_again_is_told_within_a_minute_without_jobs(
    config: Config, database: Config, bot: Bot, time: Time, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of those that would tell, too."""

    def fails(_context: Context) -> None:
        raise ValueError("a mistake of ours")

    context = Context(config, Provider(), bot, lead(), schedule.NAMES)
    told = Told(context.failures, schedule.EVERY_S, bot, config)
    ticks = schedule.Ticks(context)
    (entry,) = (entry for entry in schedule.SCHEDULE if entry.job is schedule.NAMES[job])
    with monkeypatch.context() as broken:
        broken.setattr(entry.job, "run", fails)
        began = time()
        while not bot.messages:
            assert time() - began < 600, "nobody was told"
            ticks.tick(entry._replace(every_s=1))
            if (time() - began) % CHECKS_EVERY_S == 0:
                told.tell()
            time.seconds += 1
    print(f"\nR31: {job} fails again and again: told after {time() - began:.0f} s")
    assert time() - began <= WITHIN_S
    assert f"{job}: ValueError" in bot.messages[0][1]
    monkeypatch.setattr(entry.job, "run", lambda _context: None)
    time.seconds += schedule.LONGEST_REST_S
    ticks.tick(entry._replace(every_s=1))
    told.tell()
    assert bot.messages[-1][1].startswith("✅")


def test_an_outage_of_esim_go_and_a_single_failure_are_no_failing_job(
    config: Config, database: Config, bot: Bot, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(config, Provider(), bot, lead(), schedule.NAMES)
    errors: list[Exception] = [ValueError("once"), *([Unavailable("away")] * 50)]

    def fails(_context: Context) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(expire_unpaid, "run", fails)
    while errors:
        assert not runner.run(expire_unpaid, context)
        time.seconds += 5
        assert context.failures.lasting(schedule.EVERY_S) == ""


def test_a_job_that_runs_once_a_day_is_told_when_it_fails_once(
    config: Config, database: Config, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_context: Context) -> None:
        raise ValueError("a mistake of ours")

    context = Context(config, Provider(), bot, lead(), schedule.NAMES)
    monkeypatch.setattr(schedule.NAMES["purge"], "run", fails)
    runner.run(schedule.NAMES["purge"], context)
    assert context.failures.lasting(schedule.EVERY_S) == "purge: ValueError, 1 times"


def test_the_clock_of_these_tests_is_the_shops(time: Time) -> None:
    time.seconds += 7
    assert clock.monotonic() == 1007.0
