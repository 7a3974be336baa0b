"""Alarms that need nothing of what they tell of: kept in memory, and sent past the database.

What the database is well enough to remember is an incident instead (conditions.py, alerts.py): that is told
once by however many processes there are, and its end by whichever lives then.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.botapi import BotApi
from webapp.models import Incident
from webapp.operations import alerts

log = logging.getLogger(__name__)


@dataclass
class _Alarm:
    """`incident` is a row that is never written. `is_over`: its end is still to be told."""

    incident: Incident
    is_over: bool = False


class Alarms:
    """Of one process. Not safe to share between threads."""

    def __init__(self, bot: BotApi, config: Config) -> None:
        self._bot, self._config = bot, config
        self._open: dict[str, _Alarm] = {}

    def compare(self, found: Mapping[str, str]) -> None:
        """`found`: by kind (alerts.kinds), a line that says how bad it is. Tell what is new, what goes on
        after REMINDED_AFTER, and what is over; what nobody took is told next time.
        """
        now = clock.now()
        for kind, detail in found.items():
            if kind not in self._open:
                log.error("alarm: %s %s", kind, detail)
                self._open[kind] = _Alarm(Incident(kind=kind, detail=detail, opened_at=now))
            self._open[kind].incident.detail, self._open[kind].is_over = detail, False
        for kind, alarm in list(self._open.items()):
            alarm.is_over = kind not in found
            if alarm.is_over and self._end(alarm):
                del self._open[kind]
            elif not alarm.is_over:
                self._tell(alarm.incident)

    def _end(self, alarm: _Alarm) -> bool:
        """True when nobody has to hear of it any more."""
        if alarm.incident.told_at is None:
            return True
        alarm.incident.closed_at = clock.now()
        return alerts.send(alarm.incident, self._bot, self._config)

    def _tell(self, incident: Incident) -> None:
        now, told_at = clock.now(), incident.told_at
        incident.closed_at = None
        if told_at is not None and now - told_at < alerts.REMINDED_AFTER:
            return
        if alerts.send(incident, self._bot, self._config):
            incident.told_at = now
