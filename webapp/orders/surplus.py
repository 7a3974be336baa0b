"""eSIMs that came after their buyer was refunded, shown to nobody: the next buyer of the bundle gets them.

So it is with an order that eSIM Go has made twice, or that was made elsewhere, when the owner says so and its
eSIM is fresh.
"""

from datetime import timedelta

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, Gone, NotThere, Refused
from webapp.models import AuditedOrder, Bundle, Esim, Order, Plan, Setting, Submission
from webapp.models.db import locking, transaction
from webapp.models.profiles import WAITING
from webapp.orders.delivering import is_sound
from webapp.state import leases, restoration
from webapp.state.leases import Leadership

KEPT_FOR = timedelta(days=60)
"""eSIM Go deletes an eSIM on which nothing happens for 180 days."""
LOOKED_FOR = timedelta(hours=25)
LOOKED_FOR_EVERY = timedelta(minutes=1)

NOBODYS = ("elsewhere", "twice")

_LOOKED_AT = "stock.looked_at"


def serve(order: Order, leadership: Leadership) -> bool:
    """Give the order an eSIM from stock, if there is one of its bundle: it is collected like any other."""
    if order.esim_id is not None:
        return False
    with transaction():
        if not leases.holds(leadership) or not (_serve_late(order) or _serve_nobodys(order, leadership)):
            return False
    crash_point("stock.bound")
    return True


def _serve_late(order: Order) -> bool:
    stocked = _oldest(order.esimgo_product_id)
    return stocked is not None and _bind(stocked, order)


def _oldest(bundle: str) -> Submission | None:
    """A top-up that came back as another eSIM is left alone: nobody knows whose that is. So is what came
    before the shop was restored from a copy: it may have been given to somebody since.
    """
    since = max(clock.now() - KEPT_FOR, restoration.known_since())
    kept = Submission.select().where(
        Submission.outcome == "stock",
        Submission.sent_at > since,
        Submission.bundle == bundle,
        Submission.iccid.is_null(),
    )
    oldest: Submission | None = locking(kept.order_by(Submission.sent_at).limit(1), "FOR UPDATE").first()
    return oldest


def _bind(stocked: Submission, order: Order) -> bool:
    note = f"from stock: it came too late for order {stocked.order.reference}"
    if not order.move("submitting", actor="job", note=note, submission_id=stocked.id):
        return False
    Submission.update(outcome="bought", order=order).where(Submission.id == stocked.id).execute()
    return order.move("accepted", actor="job", esimgo_order_id=stocked.esimgo_order_id)


def can_be_stock(row: AuditedOrder) -> bool:
    """Is this order at eSIM Go one eSIM of a bundle that is sold, and nobody's? Whether it is fresh, eSIM Go
    has to be asked.
    """
    if row.verdict not in NOBODYS or row.is_used or row.quantity != 1 or len(row.esims) != 1:
        return False
    is_old = row.ordered_at <= clock.now() - KEPT_FOR
    is_ours = Esim.select().where(Esim.iccid == row.esims[0]).exists()
    sold = Plan.select().join(Bundle).where(Bundle.name == row.item, Plan.available)
    return not is_old and not is_ours and bool(sold.exists())


def take_in(client: ESIMGoClient) -> int:
    """Look at the eSIMs that the owner wants in stock; returns how many are there by now. Raises Unavailable
    or TryLater.
    """
    wanted = AuditedOrder.verdict.in_(NOBODYS) & (AuditedOrder.settled == "wanted")
    return sum(_take_in(row, client) for row in AuditedOrder.select().where(wanted))


def _take_in(row: AuditedOrder, client: ESIMGoClient) -> bool:
    try:
        fresh = can_be_stock(row) and _is_fresh(row, client)
    except (Gone, NotThere, Refused, AccessDenied):
        fresh = False
    found = {"settled": "surplus"} if fresh else {"settled": "", "settled_at": None, "is_used": True}
    still_wanted = (AuditedOrder.id == row.id) & (AuditedOrder.settled == "wanted")
    return bool(AuditedOrder.update(found).where(still_wanted).execute()) and fresh


def _is_fresh(row: AuditedOrder, client: ESIMGoClient) -> bool:
    """Never installed, nobody's by its label, and with this bundle alone, which has not begun."""
    (iccid,) = row.esims
    told = client.esim(iccid)
    if told.profile_status != "released" or told.first_installed_at is not None or told.customer_ref:
        return False
    on_it = client.esim_bundles(iccid)
    states = {one.state for bundle in on_it for one in bundle.assignments}
    return [bundle.name for bundle in on_it] == [row.item] and bool(states) and states <= WAITING


def _serve_nobodys(order: Order, leadership: Leadership) -> bool:
    """The order that was nobody's becomes that of an intent: collected, it is compared like any other."""
    since = max(clock.now() - KEPT_FOR, restoration.known_since())
    stocked = AuditedOrder.select().where(
        AuditedOrder.settled == "surplus",
        AuditedOrder.verdict.in_(NOBODYS),
        AuditedOrder.item == order.esimgo_product_id,
        AuditedOrder.ordered_at > since,
    )
    row = locking(stocked.order_by(AuditedOrder.ordered_at).limit(1), "FOR UPDATE").first()
    if row is None:
        return False
    now = clock.now()
    intent = Submission.create(
        order=order,
        epoch=leadership.epoch,
        bundle=row.item,
        cost=order.wholesale if row.total is None else row.total,
        claimed_at=now,
        sent_at=min(row.ordered_at, now),
        ended_at=now,
        outcome="bought",
        esimgo_order_id=row.reference,
    )
    if not order.move("submitting", actor="job", note="from stock: it was nobody's", submission_id=intent.id):
        intent.delete_instance()
        return False
    bound = {"verdict": "bound", "submission": intent.id, "settled": "", "settled_at": None}
    AuditedOrder.update(bound).where(AuditedOrder.id == row.id).execute()
    return order.move("accepted", actor="job", esimgo_order_id=row.reference)


def collect_late(client: ESIMGoClient) -> int:
    """What was bought for orders that have ended since: when its install data comes, it is stock. Returns how
    many came. Raises Unavailable or TryLater when eSIM Go does not answer.
    """
    now, looked_at = clock.now(), Setting.read_time(_LOOKED_AT)
    late = Submission.select().where(
        Submission.outcome == "late", Submission.sent_at > now - LOOKED_FOR, Submission.iccid.is_null()
    )
    if (looked_at is not None and now - looked_at < LOOKED_FOR_EVERY) or not late.exists():
        return 0
    Setting.write_time(_LOOKED_AT, now)
    return sum(_has_come(submission, client) for submission in late.order_by(Submission.sent_at))


def _has_come(submission: Submission, client: ESIMGoClient) -> bool:
    reference = submission.esimgo_order_id or ""
    try:
        placed = client.get_order_status(reference)
        installs = placed.esims or tuple(client.assignments(reference))
    except (Gone, NotThere, Refused, AccessDenied):
        return False
    late = (Submission.id == submission.id) & (Submission.outcome == "late")
    sound = placed.is_about(reference) and is_sound(submission, placed, installs)
    return sound and bool(Submission.update(outcome="stock").where(late).execute())
