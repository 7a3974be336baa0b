"""What every job may need, and what jobs remember from run to run; made once per process."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Self

from jobs.failures import Failures
from webapp.base.config import Config
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.telegram.botapi import BotApi
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.operations.beginning import Beginning
from webapp.state import provider
from webapp.state.leases import Leadership
from webapp.state.outside_time import OutsideTime

Locks = Callable[[], AbstractContextManager[object]]


class JobLocks:
    """One lock for each job, made when it is first asked for. Safe to share between threads."""

    def __init__(self, lock: Locks = threading.RLock) -> None:
        """`lock` makes one; it can be taken again by the thread that holds it."""
        self._lock = lock
        self._locks: dict[str, AbstractContextManager[object]] = {}

    def of(self, job: str) -> AbstractContextManager[object]:
        """The same for all, also when two threads ask for the first time at once: setdefault is atomic."""
        return self._locks.setdefault(job, self._lock())


@dataclass(frozen=True)
class Context:
    """`jobs`: by name, what can be asked for by hand. `chat_limiter`: Telegram's rate limits.
    `time`: what the outside says of our clock.
    """

    config: Config
    esimgo: ESIMGoClient
    bot: BotApi
    leadership: Leadership
    jobs: Mapping[str, ModuleType]
    chat_limiter: RateLimiter = field(default_factory=RateLimiter)
    locks: JobLocks = field(default_factory=JobLocks)
    time: OutsideTime = field(default_factory=OutsideTime)
    failures: Failures = field(default_factory=Failures)
    start: Beginning | None = None
    """Of the jobs process; a job that is run once by hand has none."""

    @classmethod
    def of(
        cls,
        config: Config,
        leadership: Leadership,
        jobs: Mapping[str, ModuleType],
        start: Beginning | None = None,
    ) -> Self:
        """With clients for eSIM Go and Telegram as the settings name them; nobody is asked yet."""
        esimgo = ESIMGoClient(
            config.esimgo_api_key,
            config.esimgo_api_url,
            budget=Budget(),
            on_reachable=provider.reachable,
            authorities=config.ca_file,
        )
        bot = BotApi(
            config.telegram_bot_token, config.telegram_api_url, timeout=(3, 15), authorities=config.ca_file
        )
        return cls(config, esimgo, bot, leadership, jobs, start=start)
