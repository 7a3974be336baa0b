"""The application's class."""

from flask import Flask
from flask.typing import ResponseReturnValue

from webapp.base import crash_points
from webapp.models import db


class Site(Flask):
    kill_at: str | None = None
    """The setting KILL_AT."""

    def dispatch_request(self) -> ResponseReturnValue:
        """A view may be asked twice, as any browser or webhook may ask twice."""
        with crash_points.armed(self.kill_at):
            return db.retry_on_deadlock(super().dispatch_request)
