"""Asking, buying, and what became of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from webapp.clients.esimgo import envelopes, verdicts
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.payloads import InstallData, OrderQuote, OrderWindow, ProviderOrder
from webapp.clients.esimgo.verdicts import Purpose
from webapp.clients.http import Answer, OnSent

from .paging import MOST_PAGES

ORDERS_PER_PAGE = 100


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
        call = Call("GET", "/orders/{reference}", {"reference": order_id}, Purpose.LOOKUP, "lookups")
        return self._caller.get(call, partial(envelopes.single, ProviderOrder, wrappers=("orders",)))

    def list_orders(self, since: datetime, until: datetime) -> OrderWindow:
        """Every order created in a span of time (GET /orders).

        Pages are read until one brings nothing new, for neither the envelope nor the largest page size of
        this endpoint is documented. `complete` is False when a row was not understood or pages never ended.
        """
        found: dict[str, ProviderOrder] = {}
        clean, provider_now = True, None
        for page in range(1, MOST_PAGES + 1):
            (orders, skipped, page_count), answered_at = self._caller.get(
                _orders_call(since, until, page), _dated_orders
            )
            provider_now = provider_now or answered_at
            clean = clean and not skipped
            fresh = {order.reference: order for order in orders if order.reference not in found}
            found |= fresh
            if not fresh or (page_count is not None and page >= page_count):
                return OrderWindow(_within(found.values(), since, until), provider_now, clean)
        return OrderWindow(_within(found.values(), since, until), provider_now, False)

    def assignments(self, reference: str) -> list[InstallData]:
        """Install data of an order or of an applied bundle; empty while there is none yet. Errors: Gone."""
        params = (("reference", reference),)
        call = Call("GET", "/esims/assignments", {}, Purpose.LOOKUP, "lookups", params)
        return list(self._caller.get(call, envelopes.installs))


def _order_body(kind: str, bundle: str, iccid: str | None) -> dict[str, Any]:
    """allowReassign stays false: true would answer an incompatible top-up with a silent new eSIM."""
    item: dict[str, Any] = {"type": "bundle", "quantity": 1, "item": bundle, "allowReassign": False}
    if iccid:
        item["iccids"] = [iccid]
    return {"type": kind, "assign": True, "order": [item]}


def _orders_call(since: datetime, until: datetime, page: int) -> Call:
    """Milliseconds are all that the filter is documented to take, so the span is rounded outwards."""
    end = until + timedelta(milliseconds=1)
    params = (
        ("includeIccids", "true"),
        ("page", str(page)),
        ("limit", str(ORDERS_PER_PAGE)),
        ("createdAt", f"gte:{_stamp(since)}"),
        ("createdAt", f"lte:{_stamp(end)}"),
    )
    return Call("GET", "/orders", {}, Purpose.READ, "lookups", params)


def _dated_orders(answer: Answer) -> tuple[envelopes.Orders, datetime | None]:
    return envelopes.orders(answer), verdicts.provider_now(answer)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _within(orders: Iterable[ProviderOrder], since: datetime, until: datetime) -> tuple[ProviderOrder, ...]:
    """The filter of the API again, in case it was not heeded; an order without a date may be in."""
    return tuple(o for o in orders if o.created_at is None or since <= o.created_at <= until)
