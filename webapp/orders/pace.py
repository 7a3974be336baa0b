"""The pace at which orders leave for eSIM Go, which wants a pause between two of one account."""

from datetime import datetime, timedelta

from webapp.base.config import Config
from webapp.models import Submission


def interval(config: Config) -> timedelta:
    """Between the moments at which two orders are sent: ESIMGO_ORDER_INTERVAL_S."""
    return timedelta(seconds=config.esimgo_order_interval_s)


def may_send(config: Config, now: datetime) -> bool:
    """Is the last order long enough ago, whichever process has sent it?"""
    last = Submission.select().where(Submission.sent_at.is_null(False)).order_by(Submission.id.desc()).first()
    return last is None or now - last.sent_at >= interval(config)
