"""The jobs process: every job has its place in the schedule, none can take another down, one leads."""

import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger
from peewee import OperationalError

from jobs import expire_unpaid, refresh_esims, runner, schedule, sync_catalogue
from jobs.__main__ import main
from jobs.context import Context
from jobs.counting import Every
from tests.shop.conftest import Advance
from tests.shop.factories import (
    after,
    details,
    lead,
    make_customer,
    make_esim,
    make_order,
    near,
)
from tests.shop.offers import TR_3GB, pages
from tests.shop.standins import Bot, Provider
from webapp.base import clock
from webapp.base.config import ROOT, Config
from webapp.clients.esimgo.errors import AccessDenied, EsimGoError, Unavailable
from webapp.clients.esimgo.payloads import CataloguePage, EsimDetails, Organisation
from webapp.models import Esim, JobRequest, Lease, Order, Plan
from webapp.state import leases
from webapp.state.leases import Leadership, Watch

NO_JOBS = {
    *("__init__", "__main__", "context", "counting", "doctor", "failures", "metrics", "runner"),
    *("schedule", "smoke"),
}


@pytest.fixture
def context(database: Config, provider: Provider, bot: Bot) -> Context:
    return Context(database, provider, bot, lead(), schedule.NAMES)


def job(error: Exception | None = None) -> ModuleType:
    """A job that ends well, or like this."""
    module = ModuleType("jobs.invented")

    def run(_context: Context) -> None:
        if error is not None:
            raise error

    module.run = run  # type: ignore[attr-defined] # what makes it a job
    return module


# --- the schedule


def test_every_job_is_in_the_schedule() -> None:
    written = {path.stem for path in (ROOT / "jobs").glob("*.py")} - NO_JOBS
    assert set(schedule.NAMES) == written
    assert len(schedule.SCHEDULE) + len(schedule.ON_REQUEST) == len(written)


def test_every_job_says_what_it_is_for_and_can_be_run() -> None:
    for entry in schedule.SCHEDULE:
        assert callable(entry.job.run)
        assert 0 < entry.every_s <= 86_400
        assert len(entry.purpose) > 10
        assert entry.job.__doc__


@pytest.mark.parametrize(
    ("name", "every_s"),
    [
        ("submit_paid_orders", 0.2),
        ("collect_accepted", 3),
        ("reconcile_unknown", 10),
        ("refresh_esims", 2),
        ("apply_callbacks", 1),
        ("deliver_notifications", 1),
        ("issue_refunds", 5),
        ("enforce_deadlines", 5),
        ("expire_unpaid", 60),
    ],
)
def test_jobs_run_as_often_as_promised(name: str, every_s: float) -> None:
    (entry,) = [entry for entry in schedule.SCHEDULE if entry.job is schedule.NAMES[name]]
    assert entry.every_s == every_s


def test_each_class_of_work_has_a_thread_of_its_own_and_no_job_overtakes_itself(context: Context) -> None:
    ticking = ticks_of(context, Every)
    assert len(ticking) == len(schedule.SCHEDULE)
    classes = {entry.executor for entry in schedule.SCHEDULE}
    assert {"purchases", "orders", "reads", "chat", "local"} <= classes
    assert {scheduled.executor for scheduled in ticking} == classes
    for scheduled in ticking:
        assert scheduled.trigger.interval.total_seconds() <= schedule.LONGEST_TICK_S


def test_what_runs_once_a_day_may_take_long_and_holds_up_nothing_else() -> None:
    rarely = {entry.executor for entry in schedule.SCHEDULE if entry.every_s >= 86_400}
    often = {entry.executor for entry in schedule.SCHEDULE if entry.every_s < 86_400}
    assert rarely & often == set()


def test_only_refunds_go_side_by_side(context: Context) -> None:
    at_once = {ticking.id: ticking.max_instances for ticking in ticks_of(context, Every)}
    assert at_once.pop("jobs.issue_refunds") == schedule.EXECUTORS["refunds"] > 1
    assert set(at_once.values()) == {1}


def test_a_job_that_is_longer_than_its_tick_is_no_news(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What hangs for half a minute would warn thirty times."""
    over, ticks = threading.Event(), threading.Event()

    def hang(_context: Context) -> None:
        ticks.set()
        over.wait(60)

    slow = ModuleType("jobs.slow")
    slow.run = hang  # type: ignore[attr-defined] # what makes it a job
    monkeypatch.setattr(schedule, "SCHEDULE", (schedule.Entry(slow, 0.02, "reads", "for this test"),))
    scheduler = schedule.scheduled(schedule.Ticks(context))
    thread = threading.Thread(target=scheduler.start)
    thread.start()
    assert ticks.wait(60)
    over.wait(0.2)  # ten ticks
    over.set()
    scheduler.shutdown()
    thread.join(60)
    assert [record.getMessage() for record in caplog.records if "skipped" in record.getMessage()] == []


def test_a_new_leader_runs_every_job_at_once_and_not_only_when_it_first_ticks(context: Context) -> None:
    at_once = ticks_of(context, DateTrigger)
    assert [scheduled.args[0] for scheduled in at_once] == list(schedule.SCHEDULE)


def ticks_of(context: Context, trigger: type[BaseTrigger]) -> list[Any]:
    """What the scheduler is to call in this way."""
    found = schedule.scheduled(schedule.Ticks(context)).get_jobs()
    return [scheduled for scheduled in found if isinstance(scheduled.trigger, trigger)]


def test_a_rare_job_is_due_by_the_shops_clock(context: Context, advance: Advance) -> None:
    runs: list[Context] = []
    rare = ModuleType("jobs.rare")
    rare.run = runs.append  # type: ignore[attr-defined] # what makes it a job
    ticks, entry = schedule.Ticks(context), schedule.Entry(rare, 60, "local", "for this test")
    for seconds, times in ((0, 1), (0, 1), (59, 1), (2, 2), (0, 2)):
        advance(seconds)
        ticks.tick(entry)
        assert len(runs) == times


def test_a_rare_job_ticks_often_and_runs_when_due(context: Context, advance: Advance) -> None:
    ticks, entry = schedule.Ticks(context), schedule.Entry(expire_unpaid, 60, "local", "for this test")
    ticks.tick(entry)
    order = make_order(created_at=after(-3600))
    ticks.tick(entry)
    assert order.fresh().as_written("stage") == "awaiting_payment"
    advance(61)
    ticks.tick(entry)
    assert order.fresh().as_written("stage") == "expired"


# --- one run


def test_a_job_that_ends_well_says_so(context: Context) -> None:
    assert runner.run(job(), context)


@pytest.mark.parametrize(
    "error", [RuntimeError("ours"), KeyError("x"), Unavailable("no"), AccessDenied(401, "k")]
)
def test_an_exception_stays_inside_and_is_logged(
    context: Context, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert not runner.run(job(error), context)
    (record,) = [record for record in caplog.records if record.name == "jobs"]
    ours = not isinstance(error, EsimGoError)
    assert (record.levelname, record.exc_info is not None) == ("ERROR" if ours else "WARNING", ours)
    assert getattr(record, "job") == "invented"  # noqa: B009 - set by `extra`


def test_no_job_fails_on_an_empty_shop(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Provider, "catalogue_pages", lambda self, per_page: iter(()), raising=False)
    nobody = Organisation.model_validate({"name": "Invented", "balance": 0})
    monkeypatch.setattr(Provider, "organisation", lambda self: nobody, raising=False)
    assert [name for name, module in schedule.NAMES.items() if not runner.run(module, context)] == []


def test_an_outage_postpones_the_esim_that_met_it(context: Context, provider: Provider) -> None:
    esim = make_esim()
    provider.details = Unavailable("no answer")
    assert not runner.run(refresh_esims, context)
    assert near(Esim.get_by_id(esim.id).next_refresh_at, after(30))


def test_all_esims_that_are_due_are_looked_at(context: Context, provider: Provider) -> None:
    first = make_esim()
    second = make_esim(make_order("ready", make_customer(2)))

    def esim(iccid: str) -> EsimDetails:
        return details(first if iccid == first.iccid else second, "Enabled")

    provider.esim = esim  # type: ignore[method-assign] # two profiles, two answers
    assert runner.run(refresh_esims, context)
    assert [order.stage for order in Order.select()] == ["active", "active"]


def test_the_catalogue_is_read_again_when_it_is_old(
    context: Context, provider: Provider, advance: Advance
) -> None:
    read: list[int] = []

    def catalogue_pages(per_page: int = 500) -> Iterator[CataloguePage]:
        read.append(1)
        return pages([TR_3GB])

    provider.catalogue_pages = catalogue_pages  # type: ignore[method-assign] # counts
    for pause in (0, context.config.catalogue_ttl_s - 60, 120):
        advance(pause)
        assert runner.run(sync_catalogue, context)
    assert (len(read), Plan.select().count()) == (2, 1)


# --- who leads


def test_one_job_once_under_the_lease(database: Config) -> None:
    order = make_order(created_at=after(-3600))
    assert schedule.run_once(database, "expire_unpaid") == 0
    assert order.fresh().as_written("stage") == "expired"
    assert lead().epoch == 2, "it has led, and has let go"


@pytest.mark.parametrize(
    ("name", "result", "status"), [("expire_unpaid", "done", 0), ("refresh_esims", "failed", 1)]
)
def test_one_job_once_is_asked_of_the_leader_while_one_lives(
    context: Context,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    result: str,
    status: int,
) -> None:
    def leader(_seconds: float) -> None:
        assert runner.run(schedule.NAMES["answer_requests"], context)

    monkeypatch.setattr("webapp.base.clock.sleep", leader)
    provider.details = Unavailable("no answer")
    make_esim()
    order = make_order(created_at=after(-3600))
    assert schedule.run_once(context.config, name) == status
    assert order.fresh().as_written("stage") == ("expired" if name == "expire_unpaid" else "awaiting_payment")
    request = JobRequest.get()
    assert (request.name, request.result, near(request.done_at, clock.now())) == (name, result, True)


def test_a_leader_that_does_not_answer_is_not_waited_for_for_ever(
    database: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lead()
    monkeypatch.setattr(schedule, "LONGEST_WAIT_S", 0)
    assert schedule.run_once(database, "expire_unpaid") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert JobRequest.get().done_at is None


def test_a_job_that_fails_is_told_to_who_ran_it(database: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schedule.NAMES, "expire_unpaid", job(RuntimeError("ours")))
    assert schedule.run_once(database, "expire_unpaid") == 1
    assert lead().epoch == 2


@pytest.mark.usefixtures("still")
def test_the_heartbeat_keeps_the_lease_and_ends_when_told(database: Config, advance: Advance) -> None:
    leader = lead(1)
    heartbeat = runner.Heartbeat(leader, 0.06)
    Lease.update(expires_at=after(-10), until_s=clock.steady() - 10).execute()
    heartbeat.start()
    for _ in range(3000):
        if leases.seen_within(0):
            break
        heartbeat.join(0.02)
    heartbeat.stop()
    assert leases.holds(leader)
    assert not heartbeat.is_alive()
    assert Lease.get().expires_at > after(-5)


def test_who_finds_somebody_else_leading_ends_at_once(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    lead()
    monkeypatch.setattr("jobs.runner.os._exit", ended.append)
    heartbeat = runner.Heartbeat(Leadership("nobody", 0), 0.06)
    heartbeat.start()
    for _ in range(3000):
        if ended:
            break
        heartbeat.join(0.02)
    heartbeat.stop()
    assert ended[:1] == [1]


@pytest.mark.parametrize(("failures", "ends"), [(1, False), (10**6, True)])
def test_a_locked_database_is_waited_out_for_as_long_as_the_lease_lasts(
    database: Config, monkeypatch: pytest.MonkeyPatch, failures: int, ends: bool
) -> None:
    def keep(_leadership: Leadership, _ttl_s: float) -> bool:
        tries.append(1)
        if len(tries) == 3:
            third.set()
        if len(tries) <= failures:
            raise OperationalError("database is locked")
        return True

    tries: list[int] = []
    ended: list[int] = []
    third = threading.Event()
    monkeypatch.setattr(leases, "keep", keep)
    monkeypatch.setattr(clock, "monotonic", lambda: len(tries) * 0.1)
    monkeypatch.setattr("jobs.runner.os._exit", ended.append)
    heartbeat = runner.Heartbeat(lead(), 0.15)
    heartbeat.start()
    assert third.wait(60)
    heartbeat.stop()
    assert bool(ended) is ends


@pytest.mark.parametrize("booted_s", [0.0, 1000.0])
def test_a_job_that_fails_rests_longer_and_longer(
    context: Context, monkeypatch: pytest.MonkeyPatch, booted_s: float
) -> None:
    runs = failing_runs(context, monkeypatch, ticks=60, began_at=booted_s)
    assert [second - first for first, second in pairwise(runs)] == [1, 2, 4, 8, 15, 15]


def test_after_an_outage_of_days_a_job_still_rests_fifteen_seconds(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = failing_runs(context, monkeypatch, ticks=2000, every_s=15)
    assert len(runs) == 2000, "2.0 ** 1024 is too large for a float"


def failing_runs(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    ticks: int,
    began_at: float = 1000.0,
    every_s: float = 1,
) -> list[float]:
    """When a job that always fails was run, where the scheduler ticks so often and every so many seconds."""

    def fail(_context: Context) -> None:
        runs.append(now[0])
        raise Unavailable("eSIM Go is away")

    now, runs = [began_at], list[float]()
    failing = ModuleType("jobs.failing")
    failing.run = fail  # type: ignore[attr-defined] # what makes it a job
    entry = schedule.Entry(failing, 1, "reads", "for this test")
    monkeypatch.setattr("webapp.base.clock.monotonic", lambda: now[0])
    ticking = schedule.Ticks(context)
    for _ in range(ticks):
        ticking.tick(entry)
        now[0] += every_s
    return runs


# --- the command


@pytest.mark.parametrize("arguments", [["run"], ["run", "nothing"], ["stop"], ["run", "expire_unpaid", "x"]])
def test_a_wrong_command_says_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    for name, value in (
        ("ESIMGO_API_KEY", "k"),
        ("TELEGRAM_BOT_TOKEN", "1:a"),
        ("TELEGRAM_WEBHOOK_SECRET", "h"),
    ):
        monkeypatch.setenv(name, value)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert re.match(
        r"usage: python -m jobs \[run \{.*expire_unpaid.*\} \| doctor \[en\|ru\] \| smoke-live\]\n$", told
    )


def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", {"ESIMGO_API_KEY": "two words"})
    assert main([]) == 2
    told = capsys.readouterr().err
    assert told.startswith("simka: ESIMGO_API_KEY must be")
    assert told.count("\n") == 1


def test_a_standby_outlives_a_database_that_is_locked(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    acquire, tries = leases.acquire, iter([OperationalError("database is locked")] * 2)

    def refuse(ttl_s: float, watch: Watch) -> Leadership | None:
        error = next(tries, None)
        if error is not None:
            raise error
        return acquire(ttl_s, watch)

    caplog.set_level("INFO")
    leases.release(context.leadership)
    monkeypatch.setattr(leases, "acquire", refuse)
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    assert schedule.wait_for_leadership(context.config).epoch == context.leadership.epoch + 1
    assert caplog.text.count("database is locked") == 1
