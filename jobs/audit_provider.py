"""eSIM Go's orders and its balance are compared with ours: at the start, every hour, a month every night."""

from datetime import datetime, timedelta

from jobs.context import Context
from webapp.base import clock
from webapp.books import provider_audit
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.payloads import OrderWindow, Organisation

TRIES = 4
MARGIN = timedelta(minutes=1)


def run(context: Context) -> None:
    why = provider_audit.due(context.leadership.epoch)
    if why is not None:
        look(context, why)


def look(context: Context, why: str) -> None:
    since = provider_audit.since(why)
    window, account = _list_and_balance(context.esimgo, since)
    provider_audit.compare(window, since, why, context.leadership.epoch, account)


def _list_and_balance(client: ESIMGoClient, since: datetime) -> tuple[OrderWindow, Organisation | None]:
    """They belong together: where the balance has moved while the list was read, the end of that is read
    again. None where it never rests; the next look may find a quiet moment.
    """
    asked_at, before = clock.now(), client.organisation()
    window = client.audit_orders(since, _until())
    for _try in range(TRIES):
        account = client.organisation()
        if account.balance == before.balance:
            return window, account
        end = client.audit_orders(max(since, asked_at - MARGIN), _until())
        before, window = account, _joined(window, end)
    return window, None


def _joined(window: OrderWindow, end: OrderWindow) -> OrderWindow:
    """Each order as it was told last."""
    orders = {placed.reference: placed for placed in (*window.orders, *end.orders)}
    complete = window.complete and end.complete
    return window._replace(orders=tuple(orders.values()), complete=complete)


def _until() -> datetime:
    return clock.now() + provider_audit.AHEAD
