"""What the processes of the shop share with each other."""

import json
from datetime import datetime
from typing import Any

from peewee import BigIntegerField, CharField, DoubleField, IntegerField, TextField

from webapp.base import clock
from webapp.models.db import BaseModel, Row, UtcField


class Boot(BaseModel):
    """One boot of one machine, named as `clock.boot` does, and the shop's time when its counting was at 0.

    `began_at`: when the shop first ran in it, by that zero. `confirmed_at`: when the outside first said that
    the zero is right.
    """

    name = CharField(primary_key=True)
    zero = UtcField()
    began_at = UtcField()
    confirmed_at = UtcField(null=True)


class Lease(BaseModel):
    """Who may act for the shop; `epoch` grows with every new leader, `beats` with every renewal.

    It ends when its holder's machine (`boot`) has counted `until_s`. `expires_at` is the same by the shop's
    time, for whoever only wants to tell.
    """

    name = CharField(primary_key=True)
    owner = CharField()
    host = CharField()
    pid = IntegerField()
    pid_started = CharField()
    epoch = IntegerField()
    expires_at = UtcField()
    boot = CharField(default="")
    until_s = DoubleField(default=0)
    beats = IntegerField(default=0)


class Process(Row):
    """One process of the shop and the settings that it was started with: `settings` is JSON, by name a
    fingerprint (webapp/state/processes.py).
    """

    kind = CharField()
    host = CharField()
    pid = IntegerField()
    pid_started = CharField()
    started_at = UtcField()
    seen_at = UtcField()
    settings = TextField()

    class Meta:
        indexes = ((("host", "pid"), True),)


class Setting(BaseModel):
    """Small facts that both processes share, as JSON text by name."""

    name = CharField(primary_key=True)
    value = TextField()

    @classmethod
    def read(cls, name: str, default: Any = None) -> Any:
        row = cls.get_or_none(cls.name == name)
        return default if row is None else json.loads(row.value)

    @classmethod
    def write(cls, name: str, value: Any) -> None:
        text = json.dumps(value)
        cls.insert(name=name, value=text).on_conflict(
            conflict_target=[cls.name], update={"value": text}
        ).execute()

    @classmethod
    def read_time(cls, name: str) -> datetime | None:
        text = cls.read(name)
        return None if text is None else datetime.fromisoformat(text)

    @classmethod
    def read_times(cls, *names: str) -> "list[datetime | None]":
        """Several at once, in the order of their names."""
        texts = {row.name: json.loads(row.value) for row in cls.select().where(cls.name.in_(names))}
        return [None if (text := texts.get(name)) is None else datetime.fromisoformat(text) for name in names]

    @classmethod
    def write_time(cls, name: str, moment: datetime | None) -> None:
        cls.write(name, None if moment is None else moment.isoformat())


class JobRequest(Row):
    """How another process asks the leader to run a job once."""

    name = CharField()
    asked_at = UtcField(default=clock.now)
    done_at = UtcField(null=True, index=True)
    result = CharField(default="")

    class Meta:
        table_name = "job_request"


class FunnelDay(Row):
    """How many got how far on one day (UTC): counted, never who."""

    day = CharField()
    step = CharField()
    count = IntegerField(default=0)

    class Meta:
        table_name = "funnel_day"
        indexes = ((("day", "step"), True),)


class AdminEvent(Row):
    """What somebody who runs the shop has done, and to what."""

    at = UtcField(default=clock.now, index=True)
    telegram_user_id = BigIntegerField()
    action = CharField(column_name="deed")
    subject = CharField(default="")
    detail = TextField(default="")

    class Meta:
        table_name = "admin_event"


class Incident(Row):
    """Something that a person should look at. One row for each thing; it is open until `closed_at`.

    `told_at`: when the owner was told of it since it was opened.
    """

    kind = CharField()
    subject = CharField(default="")
    detail = TextField(default="")
    opened_at = UtcField(default=clock.now)
    seen_at = UtcField(default=clock.now)
    closed_at = UtcField(null=True)
    told_at = UtcField(null=True)

    class Meta:
        indexes = ((("kind", "subject"), True), (("closed_at", "told_at"), False))
