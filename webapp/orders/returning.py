"""A delivered plan goes back: on request while it is unused, or because its money was taken back.

Asked for by a row, done by a job: looked at, claimed under the lease, revoked at eSIM Go (which is asked
first what that would do), and recorded whoever leads by then. Only a revoked plan is refunded.
"""

from datetime import timedelta

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import (
    AccessDenied,
    EsimGoError,
    Gone,
    NotSent,
    NotThere,
    Refused,
    TryLater,
    Unavailable,
    Unclear,
)
from webapp.clients.esimgo.matching import match
from webapp.clients.esimgo.payloads import AssignmentState
from webapp.models import OPEN_STAGES, Assignment, Customer, Esim, Order, ReturnRequest
from webapp.models.db import transaction
from webapp.models.profiles import WAITING
from webapp.orders import payments
from webapp.state import incidents, leases
from webapp.state.leases import Leadership

DELIVERED = ("ready", "active")
REFUND_PERIOD = timedelta(days=60)
STALE_CLAIM = timedelta(seconds=2)
CALL_CAN_TAKE = timedelta(seconds=40)
AGAIN_S = 30
AT_A_STRETCH = 10


# --- asked for


def obstacle(order: Order, config: Config) -> str | None:
    """Why this order cannot be given back, as far as we know: off, used, old; None: eSIM Go can be asked."""
    plan = Assignment.get_or_none(Assignment.order == order)
    if order.stage not in DELIVERED or plan is None or plan.state not in WAITING:
        return "used"
    if config.esimgo_refunds == "off":
        return "off"
    return "old" if clock.now() - order.paid_at > REFUND_PERIOD else None


def returnable(customer: Customer, config: Config) -> list[Order]:
    """What this customer may ask to give back, the newest first: obstacle() for all of it in one query."""
    if config.esimgo_refunds == "off":
        return []
    waiting = Order.select().join(Assignment, on=(Assignment.order == Order.id))
    mine = (Order.telegram_user_id == customer.telegram_user_id) & Order.stage.in_(DELIVERED)
    lately = Order.paid_at >= clock.now() - REFUND_PERIOD
    return list(waiting.where(mine, lately, Assignment.waiting()).order_by(Order.id.desc()))


def request_return(order: Order, config: Config) -> None:
    """Write the request down, once; where there is no way, nothing happens, and the page says why."""
    if obstacle(order, config) is not None:
        return
    fresh = ReturnRequest.insert(order=order, why="wish").on_conflict_ignore().as_rowcount().execute()
    standing = None if fresh else request_of(order)
    if standing is not None and standing.state == "denied":
        standing.move("asked", actor="customer", verdict="", next_try_at=clock.now())


def request_of(order: Order) -> ReturnRequest | None:
    return ReturnRequest.get_or_none(ReturnRequest.order == order)


# --- answered


def answer_returns(client: ESIMGoClient, leadership: Leadership) -> int:
    """Revoke what was asked for and can be; returns how many came back. Raises EsimGoError when eSIM Go does
    not answer.
    """
    due = ReturnRequest.select().where(
        ReturnRequest.state.in_(("asked", "revoking")), ReturnRequest.next_try_at <= clock.now()
    )
    returned = 0
    for request in due.order_by(ReturnRequest.next_try_at).limit(AT_A_STRETCH):
        try:
            returned += _answer(request, client, leadership)
        except (TryLater, Unavailable, NotSent):
            _wait(request)
            raise
    return returned


def _answer(request: ReturnRequest, client: ESIMGoClient, leadership: Leadership) -> bool:
    order = request.order
    if order.stage in OPEN_STAGES:
        return _wait(request)
    plan, esim = Assignment.get_or_none(Assignment.order == order), Esim.of(order)
    if order.stage not in DELIVERED or plan is None or esim is None:
        return _deny(request, "over")
    told = _as_told(plan, esim, client)
    was_sent = request.state == "revoking"
    if told is None or told.state == "revoked":
        return _returned(request, plan) if was_sent else _deny(request, "used")
    if told.state not in WAITING:
        return _deny(request, "used")
    if was_sent and not request.move("asked", actor="job", note="not revoked"):
        return False
    return _revoke(request, plan, (esim.iccid, told.id), client, leadership)


def _as_told(plan: Assignment, esim: Esim, client: ESIMGoClient) -> AssignmentState | None:
    """What eSIM Go says of this plan now; None when it is not there."""
    try:
        bundles = client.esim_bundles(esim.iccid)
    except (NotThere, Gone):
        return None
    ours = list(Assignment.select(Assignment, Order).join(Order).where(Assignment.esim == esim))
    pairs = match(ours, [state for bundle in bundles for state in bundle.assignments])
    return next((pair.told for pair in pairs if pair.ours.id == plan.id), None)


def _revoke(
    request: ReturnRequest,
    plan: Assignment,
    target: tuple[str, str],
    client: ESIMGoClient,
    leadership: Leadership,
) -> bool:
    if not _claim(request, leadership):
        return False
    crash_point("return.claimed")
    if clock.now() - request.sent_at > STALE_CLAIM:
        return request.move("asked", actor="job", note="the claim had gone stale") and False
    iccid, assignment = target
    try:
        client.revoke(iccid, plan.bundle, assignment or None)
    except Unclear:
        return False  # looked up when the claim has lapsed
    except (Refused, NotThere, AccessDenied) as error:
        return _deny(request, "refused", str(error))
    except EsimGoError:
        request.move("asked", actor="job", note="eSIM Go does not answer")
        raise
    crash_point("return.answered")
    returned = _returned(request, plan)
    crash_point("return.recorded")
    return returned


def _claim(request: ReturnRequest, leadership: Leadership) -> bool:
    now = clock.now()
    with transaction():
        return leases.holds(leadership) and request.move(
            "revoking", actor="job", epoch=leadership.epoch, sent_at=now, next_try_at=now + CALL_CAN_TAKE
        )


def _wait(request: ReturnRequest) -> bool:
    again = clock.now() + timedelta(seconds=AGAIN_S)
    ReturnRequest.update(next_try_at=again).where(ReturnRequest.id == request.id).execute()
    return False


def _deny(request: ReturnRequest, verdict: str, note: str = "") -> bool:
    with transaction():
        request.move("denied", actor="provider", note=note or verdict, verdict=verdict, done_at=clock.now())
        if request.why == "chargeback" and verdict != "over":
            incidents.open(
                "chargeback", request.order.reference, f"it could not be revoked: {note or verdict}"
            )
    return False


def _returned(request: ReturnRequest, plan: Assignment) -> bool:
    """The plan is gone at eSIM Go: the order ends, with its refund."""
    with transaction():
        if not request.move("revoked", actor="provider", done_at=clock.now()):
            return False
        Assignment.update(state="revoked").where(Assignment.id == plan.id).execute()
        order = request.order.fresh()
        if order.stage in DELIVERED and order.move("returned", actor="provider", note=request.why):
            payments.return_all(order, "returned")
    return True
