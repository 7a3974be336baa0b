"""What a process of the shop does when it begins."""

import logging

from peewee import PeeweeException

from webapp import catalogue
from webapp.base.config import Config
from webapp.state import processes

log = logging.getLogger(__name__)


def begin(kind: str, config: Config) -> None:
    """From now on this process's settings count: say which they are, and make the prices theirs.

    A database that is away or not migrated keeps nobody from starting: pages and jobs say so themselves.
    """
    try:
        processes.began(kind, config)
        if repriced := catalogue.follow_settings(config):
            log.info("%s plans have the price that the settings say now", repriced)
    except (PeeweeException, catalogue.RuleRefused) as error:
        log.error("the prices could not be made what the settings say: %s", error)
