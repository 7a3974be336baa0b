"""What was bought reaches its customer: a new profile, or a plan on the eSIM that they have."""

import logging
from collections.abc import Sequence

from peewee import fn

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, Gone, NotThere, Refused, TryLater, Unavailable
from webapp.clients.esimgo.payloads import InstallData, ProviderOrder
from webapp.customers import notifications
from webapp.models import Assignment, Esim, Order, Submission
from webapp.models.db import transaction
from webapp.orders.ending import fail

log = logging.getLogger(__name__)


def record(submission: Submission, placed: ProviderOrder, *, actor: str) -> bool:
    """Bind what was bought to its intent, whoever leads now. False when another intent has it already, or
    this intent another purchase: what it was bound to first may be delivered.
    """
    with transaction():
        holder = Submission.get_or_none(Submission.esimgo_order_id == placed.reference)
        if holder is not None and holder.id == submission.id:
            return True
        unbound = (Submission.id == submission.id) & Submission.esimgo_order_id.is_null()
        bound = {"outcome": "bought", "esimgo_order_id": placed.reference, "ended_at": clock.now()}
        if holder is None and Submission.update(bound).where(unbound).execute():
            _settle(submission, placed, actor)
            return True
    order = submission.order.fresh()
    if order.stage == "submitting" and order.submission_id == submission.id:
        order.move("unknown", actor=actor, note="its eSIM went to an equal order")
    return False


def _settle(submission: Submission, placed: ProviderOrder, actor: str) -> None:
    order = submission.order.fresh()
    if order.submission_id != submission.id or order.stage not in {"submitting", "unknown", "accepted"}:
        _keep_as_stock(submission, placed)
        log.warning("bought after its order had ended", extra={"order": order.reference})
    elif submission.iccid and placed.iccids and submission.iccid not in placed.iccids:
        _keep_as_stock(submission, placed)
        log.error("a top-up came back as another eSIM", extra={"order": order.reference})
        fail(order, "mismatch", actor=actor, note=f"{placed.reference} is another eSIM")
    elif not _delivered(order, placed, actor) and order.stage != "accepted":
        order.move("accepted", actor=actor, esimgo_order_id=placed.reference)


def _keep_as_stock(submission: Submission, placed: ProviderOrder) -> None:
    """Paid for, and nobody's; late while its install data has not come."""
    outcome = "stock" if submission.iccid or new_profile(placed.esims) else "late"
    Submission.update(outcome=outcome).where(Submission.id == submission.id).execute()


def _delivered(order: Order, placed: ProviderOrder, actor: str) -> bool:
    """Hand over what has come, if it has: install data of a new profile, or the word that the plan is on the
    eSIM that is topped up.
    """
    if order.esim_id is not None:
        topped_up = Esim.get_by_id(order.esim_id)
        if not placed.completed or topped_up.iccid not in placed.iccids:
            return False
        return _add_to(topped_up, order, placed.reference, actor)
    install = new_profile(placed.esims)
    return install is not None and deliver(order, placed.reference, install, actor=actor)


def new_profile(installs: Sequence[InstallData]) -> InstallData | None:
    """The first that nobody has been given yet: a profile that comes a second time is nobody's to install."""
    known = Esim.select(Esim.iccid).where(Esim.iccid.in_([install.iccid for install in installs] or [""]))
    taken = {esim.iccid for esim in known}
    return next((install for install in installs if install.iccid not in taken), None)


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
        except (Unavailable, TryLater):
            Order.update(next_try_at=clock.now()).where(Order.id == order.id).execute()
            raise
    return delivered


def _collect(order: Order, client: ESIMGoClient) -> bool:
    reference = order.esimgo_order_id or ""
    placed = client.get_order_status(reference)
    crash_point("delivery.collected")
    if order.esim_id is None:
        install = new_profile(placed.esims or client.assignments(reference))
        return install is not None and deliver(order, reference, install, actor="provider")
    topped_up = Esim.get_by_id(order.esim_id)
    if placed.completed and not placed.iccids and _is_for(topped_up, client.assignments(reference)):
        return _add_to(topped_up, order, reference, "provider")
    _settle(Submission.get_by_id(order.submission_id), placed, "provider")
    return Order.get_by_id(order.id).stage == "ready"


def _is_for(esim: Esim, installs: Sequence[InstallData]) -> bool:
    """An order that does not name its eSIM is known by what GET /esims/assignments says of it."""
    return esim.iccid in [install.iccid for install in installs]
