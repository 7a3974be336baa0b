"""`python -m jobs doctor [en|ru]`, which `make doctor` calls: what is set up wrong, and what helps.

Ends with 1 when something must be put right. eSIM Go is asked by the leading jobs process, or under its
lease; only where the database is away, and so nobody leads, it is asked right here.
"""

from collections.abc import Iterable
from datetime import datetime

from peewee import PeeweeException

from jobs import schedule
from webapp import create_app
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.telegram.botapi import BotApi
from webapp.operations import doctor
from webapp.operations.doctor import Finding


def run(config: Config, language: str = "") -> int:
    """Print every finding, the bad ones with their remedy; returns the exit code."""
    create_app(config)
    with speaking(language or config.default_language):
        findings = [*doctor.check_local(config), *_outside(config)]
        return _tell(findings)


def _outside(config: Config) -> Iterable[Finding]:
    began_at = clock.now()
    try:
        schedule.run_once(config, doctor.JOB)
        return _as_kept(began_at)
    except PeeweeException:
        trusted = config.ca_file
        esimgo = ESIMGoClient(config.esimgo_api_key, config.esimgo_api_url, authorities=trusted)
        bot = BotApi(config.telegram_bot_token, config.telegram_api_url, timeout=(3, 10), authorities=trusted)
        return doctor.check_external(esimgo, bot, config)


def _as_kept(began_at: datetime) -> Iterable[Finding]:
    last = doctor.last_report()
    return last.findings if last is not None and last.at >= began_at else [Finding("not_looked")]


def _tell(findings: Iterable[Finding]) -> int:
    wrong = 0
    for found in findings:
        words = doctor.worded(found)
        wrong += words.state == "wrong"
        _say(f"{doctor.mark(words.state):<10} {words.sentence}")
        if words.remedy:
            _say(f"{'':<10} → {words.remedy}")
    _say(doctor.summary(wrong))
    return 1 if wrong else 0


def _say(line: str) -> None:
    print(line)  # noqa: T201 - it is for the person who asked
