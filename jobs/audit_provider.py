"""eSIM Go's orders are compared with ours: at the start, every hour, and a month of them every night."""

from jobs.context import Context
from webapp.base import clock
from webapp.books import provider_audit


def run(context: Context) -> None:
    why = provider_audit.due(context.leadership.epoch)
    if why is None:
        return
    since = provider_audit.since(why)
    window = context.esimgo.audit_orders(since, clock.now() + provider_audit.AHEAD)
    provider_audit.compare(window, since, why, context.leadership.epoch)
