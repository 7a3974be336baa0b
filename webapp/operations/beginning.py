"""What a process of the shop does when it begins."""

import logging

from peewee import PeeweeException

from webapp import catalogue
from webapp.base.config import Config
from webapp.state import processes

log = logging.getLogger(__name__)


class Beginning:
    """From the start of a process on its settings count: it notes which they are, and makes the prices
    theirs.

    A database that is away, busy or not migrated keeps nobody from starting: pages and jobs say so
    themselves, and it is tried again. Not safe to share between threads.
    """

    def __init__(self, kind: str, config: Config) -> None:
        """`kind`: "web" or "jobs"."""
        self._kind = kind
        self._config = config
        self._is_done = False

    def go_on(self) -> None:
        """Do what is not done yet; from then on say that this process is still here. Call it at the start,
        and every half minute after what matters more.
        """
        try:
            if self._is_done:
                processes.still_here()
            else:
                self._begin()
        except (PeeweeException, catalogue.RuleRefused) as error:  # whose text may have a password in it
            log.error("this process could not note its settings: %s", type(error).__name__)

    def _begin(self) -> None:
        processes.began(self._kind, self._config)
        if repriced := catalogue.follow_settings(self._config):
            log.info("%s plans have the price that the settings say now", repriced)
        self._is_done = True
