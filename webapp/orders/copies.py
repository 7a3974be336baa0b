"""Is the database a copy? Each new leader compares eSIM Go's list with it, before anything is done about an
order that was paid for before.

A file that was copied, a folder that was set back and a snapshot of a machine bring no mark along, and know
nothing of what was bought since. Evidence is an order at eSIM Go that no intent of ours has: one whose eSIM
bears the reference of an order, as only we write it, says that this is a copy. One that bears nothing may be
what was bought for a waiting order of its bundle: that one is looked up, like a purchase without an answer.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from peewee import fn

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.esimgo.payloads import ProviderOrder
from webapp.models import OPEN_STAGES, Esim, Order, OrderEvent, Submission
from webapp.models.db import transaction
from webapp.orders import labels, reconciling, verifying
from webapp.orders.buying import doubt, take_over
from webapp.orders.labels import Labels
from webapp.state import incidents, leases, restoration
from webapp.state.leases import Leadership
from webapp.state.restoration import Past

log = logging.getLogger(__name__)


class Evidence(NamedTuple):
    """`copy`: what shows that the database is one, in words; empty when nothing does. `bought`: waiting
    orders that somebody has perhaps bought already, each with its newest row.
    """

    copy: str
    bought: "list[tuple[Order, datetime]]"


def compare(client: ESIMGoClient, leadership: Leadership, config: Config) -> bool:
    """Ask once, when a waiting order was paid for before this leader began; False when there was no need.

    Raises EsimGoError when eSIM Go does not answer: what was paid for since then goes on all the same.
    """
    past = restoration.past()
    if past.is_settled:
        return False
    take_over(leadership)  # what was about to be bought waits too
    waiting = _waiting(past)
    if not waiting:
        with transaction():
            if leases.holds(leadership):
                _compared(past, waiting)
        return False
    asked_at = clock.now()
    window = client.list_orders(past.led_until - reconciling.WIDE, asked_at + reconciling.WIDE)
    if not window.complete:
        raise Unavailable("the list of orders was not understood to its end")
    shift = window.provider_now - asked_at if window.provider_now else timedelta()
    free = reconciling.unbound(window.orders)
    told = labels.read(client, free)
    copied_at = past.led_until - timedelta(seconds=config.lease_s)
    lately = [placed for placed in free if _is_since(placed, copied_at + shift - reconciling.SKEW)]
    strange = lately if past.unled_at is not None else []
    newest = {order.id: _newest_row(order, past.led_until) for order in waiting}
    found = _evidence(waiting, newest, free, strange, told, shift)
    with transaction():
        if leases.holds(leadership):
            if found.copy:
                restoration.note(copied_at, config.deadline_s, past.began_at)
                incidents.open("copy_found", "", found.copy)
            for order, since in found.bought:
                doubt(order, leadership, since, "eSIM Go has an order like it that nobody has made")
            _compared(past, waiting)
    return True


def _compared(past: Past, waiting: Sequence[Order]) -> None:
    """Written before it is asked who waits: of a payment that is booked in this moment one of us knows."""
    restoration.compared()
    known = {order.id for order in waiting}
    for order in _waiting(past):
        if order.id not in known:
            restoration.heard_late(order.paid_at)


def _waiting(past: Past) -> list[Order]:
    theirs = Order.stage.in_(OPEN_STAGES) & (Order.paid_at < past.began_at)
    return list(Order.select().where(theirs).order_by(Order.paid_at))


def _evidence(
    waiting: Sequence[Order],
    newest: Mapping[int, datetime],
    free: Sequence[ProviderOrder],
    strange: Sequence[ProviderOrder],
    told: Labels,
    shift: timedelta,
) -> Evidence:
    """`newest`: by order, its newest row. `strange`: those that we would know of, were this no copy. Where
    somebody led until a moment ago, a reference that nobody knows may be that of another shop with the same
    account.
    """
    references = {order.reference for order in waiting}
    known = verifying.taken(iccid for placed in free for iccid in placed.iccids)
    ours = [placed for placed in free if labels.of(placed, told) in references]
    ours += [placed for placed in strange if labels.strange(placed, told, known)]
    numbers = {placed.reference for placed in ours}
    copy = f"{len(numbers)} orders at eSIM Go are ours and not in the database" if numbers else ""
    unnamed = [placed for placed in free if not labels.of(placed, told)]
    bought = []
    for order in waiting if not copy else ():
        since = newest[order.id]
        candidates = unnamed if order.esim_id is None else free
        if order.stage == "paid" and any(
            _may_be_for(order, placed, since + shift - reconciling.SKEW) for placed in candidates
        ):
            bought.append((order, since))
    return Evidence(copy, bought)


def _is_since(placed: ProviderOrder, moment: datetime) -> bool:
    return placed.created_at is None or placed.created_at >= moment


def _newest_row(order: Order, led_until: datetime) -> datetime:
    """From here on our rows tell nothing of what was bought for this order. What was written when nobody led
    any more, or by a leader that had not compared, tells nothing of that.
    """
    told = (
        OrderEvent.select(fn.MAX(OrderEvent.at))
        .where(OrderEvent.order == order, OrderEvent.at <= led_until)
        .scalar()
    )
    claimed = (
        Submission.select(fn.MAX(Submission.claimed_at))
        .where(Submission.order == order, Submission.claimed_at <= led_until)
        .scalar()
    )
    moments: list[datetime] = [moment for moment in (order.paid_at, told, claimed) if moment is not None]
    return max(moments)


def _may_be_for(order: Order, placed: ProviderOrder, since: datetime) -> bool:
    """What it does not tell speaks against nothing. What was topped up is known by its ICCID, however it is
    written on.
    """
    if not _is_since(placed, since):
        return False
    if order.esim_id is not None and placed.iccids:
        return Esim.get_by_id(order.esim_id).iccid in placed.iccids
    items = [item for item in placed.items if item.type in {"", *verifying.TOP_UP}]
    return any(item.item in {order.esimgo_product_id, ""} for item in items) or not placed.items
