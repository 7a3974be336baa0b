"""Which job runs how often, and what for.

APScheduler only ticks, by counted time (jobs/counting.py); due dates are decided by webapp/base/clock.py.
"""

import logging
import sys
from datetime import timedelta
from types import ModuleType
from typing import NamedTuple

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from peewee import OperationalError

from jobs import (
    answer_requests,
    answer_returns,
    answer_topups,
    apply_callbacks,
    audit,
    audit_provider,
    check_clock,
    check_external,
    check_ledger,
    check_provider,
    collect_accepted,
    deliver_letters,
    deliver_notifications,
    enforce_deadlines,
    expire_unpaid,
    failures,
    find_copies,
    issue_refunds,
    metrics,
    purge,
    reconcile_unknown,
    refresh_esims,
    remind_customers,
    runner,
    send_alerts,
    star_balance,
    submit_paid_orders,
    sync_catalogue,
    telegram_payments,
    validate_quotes,
)
from jobs.context import Context
from jobs.counting import Counted, Every
from webapp import create_app
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import JobRequest, Setting, db, versions
from webapp.operations.beginning import Beginning
from webapp.state import leases, shop_time
from webapp.state.leases import Leadership, Watch

log = logging.getLogger("jobs")

LONGEST_TICK_S = 5
RARE_TICK_S = 1  # a rarer job only looks whether it is due, and a moved clock is noticed at once
LONGEST_REST_S = 15.0
LONGEST_WAIT_S = 120


class Entry(NamedTuple):
    job: ModuleType
    every_s: float
    executor: str
    purpose: str
    lanes: int = 1
    """How many runs there may be at once, each in a thread of its own."""
    goes_by_time: bool = False
    """What it does to orders cannot be undone and hangs on how late it is: it waits until that is known."""


SCHEDULE = (
    Entry(find_copies, 1, "copies", "find out whether the database is a copy, before it is acted upon"),
    Entry(validate_quotes, 0.2, "quotes", "ask whether it can be sold, before the money"),
    Entry(submit_paid_orders, 0.2, "purchases", "buy what was paid for"),
    Entry(collect_accepted, 3, "orders", "deliver what was accepted"),
    Entry(reconcile_unknown, 10, "orders", "find out what became of an unclear purchase"),
    Entry(refresh_esims, 2, "reads", "follow delivered eSIMs"),
    Entry(answer_topups, 1, "topups", "find out which plans fit an eSIM that somebody wants to top up"),
    Entry(sync_catalogue, 1, "catalogue", "keep the catalogue fresh"),
    Entry(check_provider, 5, "balance", "watch balance and outages of the provider"),
    Entry(check_clock, 4, "clock", "know that the time is right"),
    Entry(apply_callbacks, 1, "local", "act on what the provider told us"),
    Entry(enforce_deadlines, 5, "local", "active or refunded", goes_by_time=True),
    Entry(expire_unpaid, 60, "local", "close unpaid orders", goes_by_time=True),
    Entry(deliver_notifications, 1, "chat", "tell the customers"),
    Entry(deliver_letters, 2, "mail", "send copies by e-mail"),
    Entry(remind_customers, 60, "local", "tell what time has made news", goes_by_time=True),
    Entry(issue_refunds, 5, "refunds", "give money back", lanes=4),
    Entry(star_balance, 5, "stars", "see whether the Stars cover the refunds"),
    Entry(answer_returns, 2, "returns", "take back plans that nobody has used"),
    Entry(audit_provider, 5, "audit", "see that every order at the provider is one of ours"),
    Entry(check_ledger, 86_400, "daily", "see that all the money adds up"),
    Entry(
        telegram_payments,
        5,
        "statement",
        "find payments that nobody told us of, and refunds made elsewhere",
        goes_by_time=True,
    ),
    Entry(send_alerts, 30, "alerts", "tell the owner what needs a person"),
    Entry(answer_requests, 1, "requests", "run what was asked for by hand"),
    Entry(purge, 86_400, "daily", "delete what nobody can ask for again", goes_by_time=True),
)
ON_REQUEST = (audit, check_external)
"""Jobs without a timer: somebody asks for them (answer_requests.py)."""
NAMES = {job.__name__.removeprefix("jobs."): job for job in (*(e.job for e in SCHEDULE), *ON_REQUEST)}
EVERY_S = {entry.job.__name__.removeprefix("jobs."): entry.every_s for entry in SCHEDULE}

# One thread a class, so that a call that hangs holds up its own class only. Purchases are one at a time;
# refunds are not, for an outage leaves many, and one that hangs must not hold up the others.
EXECUTORS = {entry.executor: entry.lanes for entry in SCHEDULE}


def run_for_ever(config: Config) -> None:
    """Lead when nobody else does, until told to stop. Raises ConfigError when the tables are not ours."""
    create_app(config)
    versions.refuse_unmigrated()
    start = Beginning("jobs", config)
    start.go_on()
    try:
        leadership = wait_for_leadership(config)
        heartbeat = runner.Heartbeat(leadership, config.lease_s)
        heartbeat.start()
        try:
            context = Context.of(config, leadership, NAMES, start)
            metrics.serve(config, context.esimgo)
            failures.watch(failures.Told(context.failures, EVERY_S, context.bot, config))
            scheduler = scheduled(Ticks(context))
            runner.stop_when_told(scheduler)
            scheduler.start()
            log.info("stopped")
        finally:
            heartbeat.stop()
            leases.release(leadership)
    except KeyboardInterrupt:
        log.info("stopped")


def run_once(config: Config, name: str) -> int:
    """Run one job under the lease; while a jobs process leads, ask it to."""
    create_app(config)
    versions.refuse_unmigrated()
    leadership = leases.acquire(config.lease_s)
    if leadership is None:
        return _ask_the_leader(name)
    heartbeat = runner.Heartbeat(leadership, config.lease_s)
    heartbeat.start()
    try:
        context = Context.of(config, leadership, NAMES)
        if not context.time.is_sure:
            runner.run(check_clock, context)
        runner.run(find_copies, context)
        return 0 if runner.run(NAMES[name], context) else 1
    finally:
        heartbeat.stop()
        leases.release(leadership)


def _ask_the_leader(name: str) -> int:
    request = JobRequest.create(name=name)
    give_up = clock.monotonic() + LONGEST_WAIT_S
    while (answer := JobRequest.get_by_id(request.id)).result in {"", "running"}:
        if clock.monotonic() > give_up:
            print(f"simka: the leader has not run {name} yet; it will", file=sys.stderr)  # noqa: T201
            return 1
        clock.sleep(0.2)
    log.info("%s by the leader: %s", name, answer.result)
    return 0 if answer.result == "done" else 1


def wait_for_leadership(config: Config) -> Leadership:
    """Returns when this process leads, however long that takes."""
    said, watch = "", Watch()
    while True:
        leadership, why = _try_to_lead(config, watch)
        if leadership is not None:
            log.info("leading, epoch %s", leadership.epoch)
            return leadership
        if why != said:
            log.info("%s; standing by", why)
            said = why
        clock.sleep(1)


def _try_to_lead(config: Config, watch: Watch) -> tuple[Leadership | None, str]:
    """With the reason when it is not to be had: a standby outlives a database that is locked or away."""
    try:
        shop_time.follow()
        versions.refuse_newer()
        versions.refuse_unmigrated()
        return leases.acquire(config.lease_s, watch), "another jobs process leads"
    except OperationalError as error:
        db.database.close()
        return None, f"the database does not let us ({error})"


class Ticks:
    """What the scheduler calls: runs a job that is due, and leaves one that fails alone for a while. Safe to
    share between threads.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._resting: dict[str, tuple[int, float]] = {}
        """Of jobs that failed: how often in a row, and until when (clock.monotonic) they are left alone."""

    def tick(self, entry: Entry) -> None:
        name = entry.job.__name__
        failures, until = self._resting.get(name, (0, float("-inf")))
        if clock.monotonic() < until or (entry.goes_by_time and not self._context.time.is_sure):
            return
        if entry.every_s > LONGEST_TICK_S and not _is_due(entry):  # asked last: it is due once
            return
        if runner.run(entry.job, self._context, alone=entry.lanes == 1):
            self._resting.pop(name, None)
        else:  # an outage of hours is thousands of failures
            rest_s = min(2.0 ** min(failures, 10), LONGEST_REST_S)
            self._resting[name] = (failures + 1, clock.monotonic() + rest_s)


def scheduled(ticks: Ticks) -> BlockingScheduler:
    """A scheduler that ticks when it is started. What a dead leader has left has waited long enough: no job
    waits for its first tick.
    """
    # A job that takes longer than its tick is the rule, and an outage would fill the log with such warnings.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    scheduler = BlockingScheduler(
        timezone=Counted(),
        executors={name: ThreadPoolExecutor(lanes) for name, lanes in EXECUTORS.items()},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for entry in SCHEDULE:
        scheduler.add_job(
            ticks.tick,
            Every(entry.every_s if entry.every_s <= LONGEST_TICK_S else RARE_TICK_S),
            args=[entry],
            executor=entry.executor,
            id=entry.job.__name__,
            max_instances=entry.lanes,
        )
        scheduler.add_job(ticks.tick, args=[entry], executor=entry.executor)
    return scheduler


def _is_due(entry: Entry) -> bool:
    """A rarer job goes by our clock and its stored last run, so that a moved clock fires it."""
    name = f"job.{entry.job.__name__}.ran_at"
    last = Setting.read_time(name)
    if last is not None and clock.now() - last < timedelta(seconds=entry.every_s):
        return False
    Setting.write_time(name, clock.now())
    return True
