"""eSIMs that came after their buyer was refunded, shown to nobody: the next buyer of the bundle gets them."""

from datetime import timedelta

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, Gone, NotThere, Refused
from webapp.models import Order, Setting, Submission
from webapp.models.db import locking, transaction
from webapp.orders.delivering import is_sound
from webapp.state import leases, restoration
from webapp.state.leases import Leadership

KEPT_FOR = timedelta(days=60)
"""eSIM Go deletes an eSIM on which nothing happens for 180 days."""
LOOKED_FOR = timedelta(hours=25)
LOOKED_FOR_EVERY = timedelta(minutes=1)

_LOOKED_AT = "stock.looked_at"


def serve(order: Order, leadership: Leadership) -> bool:
    """Give the order an eSIM from stock, if there is one of its bundle: it is collected like any other."""
    if order.esim_id is not None:
        return False
    with transaction():
        stocked = _oldest(order.esimgo_product_id) if leases.holds(leadership) else None
        if stocked is None or not _bind(stocked, order):
            return False
    crash_point("stock.bound")
    return True


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
