"""What was bought reaches its customer: a new profile, or a plan on the eSIM that they have."""

import logging
from collections.abc import Collection, Sequence

from peewee import fn

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, Gone, NotThere, Refused, TryLater, Unavailable
from webapp.clients.esimgo.payloads import InstallData, ProviderOrder
from webapp.customers import notifications
from webapp.models import Assignment, Esim, Order, OrderEvent, Submission
from webapp.models.db import transaction
from webapp.orders import verifying
from webapp.orders.ending import fail

log = logging.getLogger(__name__)


def record(submission: Submission, placed: ProviderOrder, *, actor: str) -> bool:
    """Bind what was bought to its intent, whoever leads now. False when another intent has it already, this
    intent has another purchase (what it was bound to first may be delivered), or it is not what was asked
    for: then the intent is looked up.
    """
    with transaction():
        holder = Submission.get_or_none(Submission.esimgo_order_id == placed.reference)
        if holder is not None and holder.id == submission.id:
            return True
        oddity = _oddity(submission, placed, holder, actor)
        unbound = (Submission.id == submission.id) & Submission.esimgo_order_id.is_null()
        bound = {"outcome": "bought", "esimgo_order_id": placed.reference, "ended_at": clock.now()}
        if holder is None and not oddity and Submission.update(bound).where(unbound).execute():
            _settle(submission, placed, actor)
            return True
        order = submission.order.fresh()
        if oddity:
            if holder is None:
                _answered_as(submission, placed.reference)
            verifying.tell_owner(order, oddity, placed.reference)
        if order.stage == "submitting" and order.submission_id == submission.id:
            order.move("unknown", actor=actor, note=oddity or "its eSIM went to an equal order")
    return False


def _oddity(submission: Submission, placed: ProviderOrder, holder: Submission | None, actor: str) -> str:
    """What speaks against this purchase being that of the intent. What was looked up is believed to have cost
    what it says, and to be where it is.
    """
    if actor == "reconcile":
        return ""
    if holder is not None:
        return "" if _was_found(holder) else "the order of another purchase"
    return verifying.difference(submission, placed, placed.iccids) or verifying.overcharge(submission, placed)


def _answered_as(submission: Submission, reference: str) -> None:
    """Something was bought when this was asked for: it is looked for, and never counts as absent."""
    Submission.update(answered_as=reference).where(Submission.id == submission.id).execute()


def _was_found(submission: Submission) -> bool:
    """By a look-up: that takes equal orders by their number, so that it may have taken this one."""
    found = (OrderEvent.order == submission.order) & (OrderEvent.actor == "reconcile")
    return bool(OrderEvent.select().where(found).exists())


def _settle(submission: Submission, placed: ProviderOrder, actor: str) -> None:
    order = submission.order.fresh()
    _note_cost(submission, placed)
    if order.submission_id != submission.id or order.stage not in {"submitting", "unknown", "accepted"}:
        _keep_as_stock(submission, placed)
        log.warning("bought after its order had ended", extra={"order": order.reference})
    elif submission.iccid and placed.iccids and submission.iccid not in placed.iccids:
        _keep_as_stock(submission, placed)
        log.error("a top-up came back as another eSIM", extra={"order": order.reference})
        fail(order, "mismatch", actor=actor, note=f"{placed.reference} is another eSIM")
    elif not _delivered(order, placed, actor) and order.stage != "accepted":
        order.move("accepted", actor=actor, esimgo_order_id=placed.reference)


def _note_cost(submission: Submission, placed: ProviderOrder) -> None:
    """What was spent, which may differ from what it was priced at. The money is gone: whoever paid for it
    gets it, however dear it was, and the owner hears of that.
    """
    cost = verifying.charged(placed)
    if dear := verifying.overcharge(submission, placed):
        verifying.tell_owner(submission.order, dear, placed.reference)
    if cost is not None and cost != submission.cost:
        Submission.update(cost=cost).where(Submission.id == submission.id).execute()
        submission.cost = cost


def _keep_as_stock(submission: Submission, placed: ProviderOrder) -> None:
    """Paid for, and nobody's; late while its install data has not come."""
    outcome = "stock" if submission.iccid or is_sound(submission, placed, placed.esims) else "late"
    Submission.update(outcome=outcome).where(Submission.id == submission.id).execute()


def is_sound(submission: Submission, placed: ProviderOrder, installs: Sequence[InstallData]) -> bool:
    """Is it what was asked for, with install data that is nobody's?"""
    iccids = [*placed.iccids, *(install.iccid for install in installs)]
    return bool(installs) and not verifying.difference(submission, placed, iccids)


def _delivered(order: Order, placed: ProviderOrder, actor: str) -> bool:
    """Hand over what has come, if it has: install data of a new profile, or the word that the plan is on the
    eSIM that is topped up. One that does not say what it is for is asked about again.
    """
    if order.esim_id is not None:
        topped_up = Esim.get_by_id(order.esim_id)
        if not placed.completed or topped_up.iccid not in placed.iccids:
            return False
        return _add_to(topped_up, order, placed.reference, actor)
    if not placed.esims or not verifying.names_bundle(placed):
        return False
    return deliver(order, placed.reference, placed.esims[0], actor=actor)


def deliver(order: Order, esimgo_order_id: str, install: InstallData, *, actor: str) -> bool:
    """The customer gets the eSIM; once."""
    with transaction():
        if not _hand_over(order, esimgo_order_id, actor):
            return False
        esim = Esim.create(
            order=order,
            customer=order.customer,
            iccid=install.iccid,
            matching_id=install.matching_id,
            smdp_host=install.smdp_host,
            next_refresh_at=clock.now(),
        )
        _assign(order, esim)
        notifications.enqueue(order, "ready")
        crash_point("delivery.written")
    crash_point("delivery.committed")
    return True


def _add_to(esim: Esim, order: Order, esimgo_order_id: str, actor: str) -> bool:
    """The plan is on the eSIM that the customer has; once."""
    with transaction():
        if not _hand_over(order, esimgo_order_id, actor):
            return False
        _assign(order, esim)
        Esim.update(next_refresh_at=clock.now()).where(Esim.id == esim.id).execute()
        notifications.enqueue(order, "topped_up")
    crash_point("delivery.committed")
    return True


def _hand_over(order: Order, esimgo_order_id: str, actor: str) -> bool:
    return order.move("ready", actor=actor, esimgo_order_id=esimgo_order_id, delivered_at=clock.now())


def _assign(order: Order, esim: Esim) -> None:
    data = None if order.data_mb is None else order.data_mb * 1_000_000
    Assignment.create(
        esim=esim,
        order=order,
        bundle=order.esimgo_product_id,
        unlimited=order.plan_type == "unlimited",
        initial_bytes=data,
        remaining_bytes=data,
    )


def collect(client: ESIMGoClient) -> int:
    """Accepted orders whose install data (of a top-up: whose assignment) has come by now; returns how many
    were delivered.

    Reads only. Raises Unavailable or TryLater when eSIM Go does not answer; the one that it did not answer
    for is the last to be asked about again, for it may be the only one.
    """
    delivered = 0
    accepted = Order.select().where(Order.stage == "accepted")
    for order in accepted.order_by(fn.COALESCE(Order.next_try_at, Order.paid_at), Order.id):
        try:
            delivered += _collect(order, client)
        except (Gone, NotThere, Refused, AccessDenied) as error:
            log.warning("not there yet", extra={"order": order.reference, "error": str(error)})
        except (Unavailable, TryLater) as error:
            if error.asked:
                Order.update(next_try_at=clock.now()).where(Order.id == order.id).execute()
            raise
    return delivered


def _collect(order: Order, client: ESIMGoClient) -> bool:
    reference = order.esimgo_order_id or ""
    submission = Submission.get_by_id(order.submission_id)
    placed = client.get_order_status(reference)
    crash_point("delivery.collected")
    if not placed.is_about(reference):
        return _doubt(order, "the answer about another order", placed.reference)
    if other := verifying.another_bundle(submission, placed):
        _release(order, submission, other)
        return _doubt(order, other, reference)
    if other := verifying.another_number(submission, placed):
        return _doubt(order, other, reference)
    if order.esim_id is not None:
        return _collect_top_up(order, submission, placed, client)
    installs = placed.esims or tuple(client.assignments(reference))
    iccids = {*placed.iccids, *(install.iccid for install in installs)}
    if other := verifying.difference(submission, placed, iccids):
        return _doubt(order, other, reference)
    if not installs or not (verifying.names_bundle(placed) or _carries(client, iccids, submission.bundle)):
        return False
    _note_cost(submission, placed)
    return deliver(order, reference, installs[0], actor="provider")


def _collect_top_up(
    order: Order, submission: Submission, placed: ProviderOrder, client: ESIMGoClient
) -> bool:
    """An order that does not name its eSIM is known by what GET /esims/assignments says of it."""
    topped_up = Esim.get_by_id(order.esim_id)
    if placed.completed and not placed.iccids:
        installs = client.assignments(placed.reference)
        if topped_up.iccid in [install.iccid for install in installs]:
            _note_cost(submission, placed)
            return _add_to(topped_up, order, placed.reference, "provider")
    others = set(placed.iccids) - {topped_up.iccid}
    if others and (topped_up.iccid in placed.iccids or verifying.taken(others)):
        return _doubt(order, "ICCIDs of others", placed.reference)
    _settle(submission, placed, "provider")
    return Order.get_by_id(order.id).stage == "ready"


def _doubt(order: Order, what: str, reference: str) -> bool:
    """Nothing is delivered for now."""
    verifying.tell_owner(order, what, reference)
    return False


def _carries(client: ESIMGoClient, iccids: Collection[str], bundle: str) -> bool:
    """Where the order does not say what it is for, its eSIMs do."""
    return all(bundle in [told.name for told in client.esim_bundles(iccid)] for iccid in iccids)


def _release(order: Order, submission: Submission, other: str) -> None:
    """eSIM Go's order is of another bundle: it never was this intent's, which is looked up among all."""
    with transaction():
        note = f"{order.esimgo_order_id}: {other}"
        if order.move("unknown", actor="provider", note=note, esimgo_order_id=None):
            nothing = {"outcome": None, "esimgo_order_id": None, "looks": 0, "first_absent_at": None}
            told = {"answered_as": submission.esimgo_order_id}
            Submission.update(nothing | told).where(Submission.id == submission.id).execute()
