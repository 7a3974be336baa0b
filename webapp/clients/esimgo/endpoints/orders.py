"""Asking, buying, and what became of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from webapp.base import clock
from webapp.clients.esimgo import envelopes, verdicts
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.errors import OutOfFunds, Refused
from webapp.clients.esimgo.payloads import InstallData, OrderQuote, OrderWindow, ProviderOrder
from webapp.clients.esimgo.state import Kind
from webapp.clients.esimgo.verdicts import Purpose
from webapp.clients.http import Answer, OnSent

from .order_pages import OrderPages

ORDERS_PER_PAGE = 100
GRACE = timedelta(seconds=1)
"""Filters may be rounded to the second."""

Params = tuple[tuple[str, str], ...]


class Pace(NamedTuple):
    """How a list is read: among what, and how long each further page waits, in seconds."""

    kind: Kind
    pause_s: float


AT_ONCE = Pace("lookups", 0.0)
UNHURRIED = Pace("reads", 1.0)


class OrderCalls:
    _caller: Caller

    def create_order(
        self,
        bundle: str,
        *,
        iccid: str | None = None,
        on_sent: OnSent | None = None,
        begin_by: float | None = None,
    ) -> ProviderOrder:
        """Buy one bundle, on a new eSIM or on the one given. Sent exactly once, never repeated.

        `on_sent` is called when the last byte is with the socket, before the answer is awaited. After
        `begin_by` (clock.monotonic) it is NotSent: who waited so long, or was paused,
        may not be the one who is to buy any more.
        Surely nothing bought: NotSent, TryLater, Refused, OutOfFunds, AccessDenied. Not known: Unclear.
        POST /orders has no idempotency key, so an order that is Unclear must be looked up by `list_orders`.
        """
        body = _order_body("transaction", bundle, iccid)
        call = Call("POST", "/orders", {}, Purpose.PURCHASE, "orders", body=body)
        read = partial(envelopes.single, ProviderOrder, wrappers=("orders",))
        return self._caller.buy(call, read, on_sent, begin_by)

    def validate_order(self, bundle: str, iccid: str | None = None) -> OrderQuote:
        """Would it be sold now, and for how much? Same checks as buying, costs nothing, reserves nothing.

        With `iccid` it is the question whether that eSIM would get it. The answer is handed on as it is.
        """
        call = Call("POST", "/orders", kind="orders", body=_order_body("validate", bundle, iccid))
        return self._caller.once(call, partial(envelopes.single, OrderQuote))

    def get_order_status(self, order_id: str) -> ProviderOrder:
        """GET /orders/{orderReference}. Errors: NotThere."""
        call = Call("GET", "/orders/{reference}", {"reference": order_id}, Purpose.LOOKUP, "deliveries")
        return self._caller.get(call, partial(envelopes.single, ProviderOrder, wrappers=("orders",)))

    def list_orders(self, since: datetime, until: datetime) -> OrderWindow:
        """Every order created in a span of time (GET /orders), whatever becomes of the filter.

        Where the filter is refused the list is read without it, as far back as needed; where it counts for
        nothing the rest is cut off here. `complete` is False when a row was not understood or the pages did
        not end.
        """
        return self._listed(since, until, AT_ONCE)

    def audit_orders(self, since: datetime, until: datetime) -> OrderWindow:
        """The same list for the books, behind everybody who waits for an answer, at most a page a second."""
        return self._listed(since, until, UNHURRIED)

    def _listed(self, since: datetime, until: datetime, pace: Pace) -> OrderWindow:
        try:
            return self._orders_of(since, until, _since_filter(since), pace)
        except OutOfFunds:
            raise
        except Refused as error:
            if error.status != 400:
                raise
            return self._orders_of(since, until, (), pace)._replace(filter="refused")

    def _orders_of(self, since: datetime, until: datetime, filter_: Params, pace: Pace) -> OrderWindow:
        answered: list[datetime | None] = []

        def read(page: int) -> envelopes.Orders:
            if answered:
                clock.sleep(pace.pause_s)
            call = _orders_call(page, filter_, pace.kind)
            orders, answered_at = self._caller.get(call, _dated_orders)
            answered.append(answered_at)
            return orders

        pages = OrderPages(read, since)
        found = pages.read()
        heeded = all(order.created_at is None or order.created_at > since - GRACE for order in found)
        provider_now = next(filter(None, answered), None)
        within = _within(found, since, until)
        return OrderWindow(within, provider_now, pages.complete, "heeded" if heeded else "ignored")

    def assignments(self, reference: str) -> list[InstallData]:
        """Install data of an order or of an applied bundle; empty while there is none yet. Errors: Gone."""
        params = (("reference", reference),)
        call = Call("GET", "/esims/assignments", {}, Purpose.LOOKUP, "deliveries", params)
        return list(self._caller.get(call, envelopes.installs))


def _order_body(kind: str, bundle: str, iccid: str | None) -> dict[str, Any]:
    """allowReassign stays false: true would answer an incompatible top-up with a silent new eSIM."""
    item: dict[str, Any] = {"type": "bundle", "quantity": 1, "item": bundle, "allowReassign": False}
    if iccid:
        item["iccids"] = [iccid]
    return {"type": kind, "assign": True, "order": [item]}


def _since_filter(since: datetime) -> Params:
    """One bound, though the guide shows two: by the schema createdAt is one text. Milliseconds are all that
    it is documented to take, rounded outwards.
    """
    return (("createdAt", f"gte:{_stamp(since)}"),)


def _orders_call(page: int, filter_: Params, kind: Kind) -> Call:
    params = (("includeIccids", "true"), ("page", str(page)), ("limit", str(ORDERS_PER_PAGE)), *filter_)
    return Call("GET", "/orders", {}, Purpose.READ, kind, params)


def _dated_orders(answer: Answer) -> tuple[envelopes.Orders, datetime | None]:
    return envelopes.orders(answer), verdicts.provider_now(answer)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _within(orders: Iterable[ProviderOrder], since: datetime, until: datetime) -> tuple[ProviderOrder, ...]:
    """The filter of the API again, in case it was not heeded; an order without a date may be in."""
    return tuple(o for o in orders if o.created_at is None or since <= o.created_at <= until)
