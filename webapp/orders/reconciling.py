"""What became of a purchase whose answer was lost: looked up at eSIM Go before anything is bought again."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.payloads import OrderItem, OrderWindow, ProviderOrder
from webapp.models import Order, Setting, Submission
from webapp.models.db import transaction
from webapp.orders import CALL_CAN_TAKE, labels, record, replacing, requeue, verifying
from webapp.orders.labels import Labels
from webapp.state import restoration

log = logging.getLogger(__name__)

LOOK_FOR = timedelta(hours=25)
SKEW = timedelta(seconds=60)
WIDE = timedelta(hours=1)
LOOKS = 3
ACROSS = timedelta(seconds=5)
"""So exactly can the provider's clock be compared with ours: its answer tells whole seconds, and travels."""
LOOK_BACK_EVERY = timedelta(minutes=10)

_LOOKED_BACK_AT = "reconciling.looked_back_at"


def reconcile(client: ESIMGoClient, config: Config) -> int:
    """Look up every intent whose outcome is unclear; returns how many were found. Raises EsimGoError.

    New eSIMs of one bundle are interchangeable, so intents are matched by count, the oldest first; top-ups by
    their ICCID. Times are compared on the provider's clock, which its answer tells.
    """
    unclear, given_up = _unclear(), _given_up()
    if not unclear and not (given_up and _is_time_to_look_back()):
        return 0
    asked_at = clock.now()
    first = min(submission.sent_at for submission in (*unclear, *given_up))
    window = client.list_orders(first - WIDE, asked_at + WIDE)
    if given_up:
        Setting.write_time(_LOOKED_BACK_AT, asked_at)
    crash_point("reconcile.listed")
    shift = window.provider_now - asked_at if window.provider_now else None
    # All before the bound ones are asked for: what is bound and delivered in between is then nobody's oddity.
    known = verifying.taken(iccid for order in window.orders for iccid in order.iccids)
    awaited = _under_way()
    free = unbound(window.orders)
    told = Told(known, labels.read(client, free) if _is_from_a_copy(unclear) else {})
    kept = [placed for placed in free if _may_be_one_of(placed, awaited, shift or timedelta())]
    free = [placed for placed in free if placed not in kept]
    matches = _matched((*unclear, *given_up), free, shift or timedelta(), told)
    found = sum(_adopt(submission, placed) for submission, placed in matches.values())
    nobodys = [placed for placed in free if not labels.of(placed, told.labels)]
    for submission in unclear:
        if submission.id in matches or _may_be_kept(submission, kept, shift) or _was_answered(submission):
            continue
        if _is_doubtful(submission, nobodys, shift or timedelta()):
            continue
        if window.complete and _tells_all(free, shift, submission):
            _not_there(submission, window, client, config)
    return found


class Told(NamedTuple):
    """`known`: ICCIDs that are somebody's. `labels`: whose the eSIMs are, where rows may be lost."""

    known: set[str]
    labels: Labels


def _is_from_a_copy(unclear: Sequence[Submission]) -> bool:
    """Did somebody perhaps buy for one of these of whom our rows do not tell (buying.doubt), or was the shop
    lately brought back from a copy? Equal ones are then not interchangeable: each was delivered to somebody.
    """
    doubted = any(submission.sent_at < submission.claimed_at for submission in unclear)
    return doubted or restoration.known_since() > clock.now() - LOOK_FOR


def _adopt(submission: Submission, placed: ProviderOrder) -> bool:
    with transaction():
        bundle = next((item.item for item in placed.items if item.item), submission.bundle)
        if not lines(placed, submission):
            replacing.was_bought_as(submission, bundle, verifying.charged(placed))
        return record(submission, placed, actor="reconcile")


def _matched(
    submissions: Sequence[Submission], free: list[ProviderOrder], shift: timedelta, told: Told
) -> "dict[int, tuple[Submission, ProviderOrder]]":
    """By the id of the intent; what is matched leaves `free`.

    What bears an order's own reference comes first. A top-up that eSIM Go put on another eSIM than the one it
    was for is found last: nobody else has made that order.
    """
    matches: dict[int, tuple[Submission, ProviderOrder]] = {}
    for fits in (_bears_its_name, _is_the_one, _is_nobody_elses):
        for submission in submissions:
            since = submission.sent_at + shift - SKEW
            found = (placed for placed in free if fits(placed, submission, since, told))
            if submission.id not in matches and (match := next(found, None)) is not None:
                free.remove(match)
                matches[submission.id] = (submission, match)
    return matches


def _unclear() -> list[Submission]:
    """Sent, without an outcome, until a day after its order ended, the oldest first; never one under way.
    What a copy leaves in doubt may have been sent long before that.
    """
    query = Submission.select(Submission, Order).join(Order)
    recent = (Submission.claimed_at > clock.now() - LOOK_FOR) | (Order.stage == "unknown")
    open_ = Submission.outcome.is_null() & Submission.sent_at.is_null(False) & recent
    under_way = (Order.stage == "submitting") & (Order.submission_id == Submission.id)
    return list(query.where(open_, ~under_way).order_by(Submission.sent_at))


def _under_way() -> list[Submission]:
    """Purchases whose answer is still to come: they go on while the list is read."""
    theirs = (Order.stage == "submitting") & (Order.submission_id == Submission.id)
    sent = Submission.sent_at.is_null(False) & Submission.outcome.is_null()
    return list(Submission.select().join(Order).where(theirs, sent))


def _may_be_one_of(placed: ProviderOrder, awaited: Sequence[Submission], shift: timedelta) -> bool:
    """Is it perhaps what the answer to one of these will tell of? Nobody else is given it before that."""
    return any(lines(placed, one, one.sent_at + shift - ACROSS) for one in awaited)


def _was_answered(submission: Submission) -> bool:
    """With an order that is not what was asked for and that is nobody's: perhaps it was made for this one."""
    theirs = Submission.esimgo_order_id == submission.answered_as
    return submission.answered_as is not None and not Submission.select().where(theirs).exists()


def _may_be_kept(submission: Submission, kept: Sequence[ProviderOrder], shift: timedelta | None) -> bool:
    """Is it perhaps among what is left to an answer that is still to come? Not what was placed when nobody
    waited for this one any more.
    """
    until = submission.sent_at + (shift or timedelta()) + CALL_CAN_TAKE + ACROSS
    return any(
        lines(placed, submission) and placed.created_at is not None and placed.created_at <= until
        for placed in kept
    )


def _given_up() -> list[Submission]:
    """Found absent, until a day after: what turns up all the same was paid for, and is stock."""
    absent = (Submission.outcome == "absent") & (Submission.sent_at > clock.now() - LOOK_FOR)
    return list(Submission.select().where(absent).order_by(Submission.sent_at))


def _is_time_to_look_back() -> bool:
    last = Setting.read_time(_LOOKED_BACK_AT)
    return last is None or clock.now() - last >= LOOK_BACK_EVERY


def unbound(placed: Sequence[ProviderOrder]) -> list[ProviderOrder]:
    """Orders at the provider that no intent of ours has, the oldest first."""
    references = [order.reference for order in placed]
    bound = Submission.select(Submission.esimgo_order_id).where(
        Submission.esimgo_order_id.in_(references or [""])
    )
    taken = {row.esimgo_order_id for row in bound}
    free = (order for order in placed if order.reference not in taken)
    return sorted(free, key=lambda order: order.created_at or clock.now())


def _is_alike(placed: ProviderOrder, submission: Submission, since: datetime) -> bool:
    """Same bundle and quantity, not before the intent. The price may have changed in between: it is ours."""
    found = lines(placed, submission, since)
    return any(item.quantity == submission.quantity for item in found)


def lines(placed: ProviderOrder, submission: Submission, since: datetime | None = None) -> list[OrderItem]:
    """What it has of the intent's bundle; nothing if it was placed before `since`."""
    if since is not None and (placed.created_at is None or placed.created_at < since):
        return []
    return [item for item in placed.items if verifying.is_of_its_bundle(item, submission)]


def _bears_its_name(placed: ProviderOrder, submission: Submission, _since: datetime, told: Told) -> bool:
    """Its eSIM was delivered for this very order, whatever it was bought as."""
    own = not submission.iccid and labels.of(placed, told.labels) == submission.order.reference
    return own and len(set(placed.iccids)) == submission.quantity and not told.known & set(placed.iccids)


def _is_the_one(placed: ProviderOrder, submission: Submission, since: datetime, told: Told) -> bool:
    """A top-up names its eSIM and no other; a new eSIM is any that none of ours is and nobody's name is on,
    and no more than one.
    """
    iccids = set(placed.iccids)
    if not _is_alike(placed, submission, since):
        return False
    if submission.iccid:
        return iccids == {submission.iccid}
    free = not iccids & told.known and not labels.of(placed, told.labels)
    return len(iccids) <= submission.quantity and free


def _is_nobody_elses(placed: ProviderOrder, submission: Submission, since: datetime, told: Told) -> bool:
    iccids = set(placed.iccids)
    alike = bool(submission.iccid) and _is_alike(placed, submission, since)
    return alike and len(iccids) <= 1 and not told.known & iccids and not labels.of(placed, told.labels)


def _is_doubtful(submission: Submission, free: Sequence[ProviderOrder], shift: timedelta) -> bool:
    """Is there an order of its bundle that nobody has made, but of another number or with eSIMs that cannot
    be its own? It proves nothing: to deliver them would be wrong, and so would be to buy again.
    """
    since = submission.sent_at + shift - SKEW
    odd = next((placed for placed in free if lines(placed, submission, since)), None)
    if odd is not None:
        verifying.tell_owner(submission.order, "an order like it with other eSIMs", odd.reference)
    return odd is not None


def _tells_all(free: Sequence[ProviderOrder], shift: timedelta | None, submission: Submission) -> bool:
    """Is this window good enough to say that the intent is *not* in it? A row that does not tell when or what
    could be ours, and so could anything when the provider's clock is unknown or far from ours.
    """
    if shift is None or abs(shift) > WIDE - SKEW:
        return False
    return not any(_could_be(order, submission) for order in free)


def _could_be(order: ProviderOrder, submission: Submission) -> bool:
    """Items of another type are somebody else's, however little they tell: money that came in is told as
    autoTopup, and what was applied from stock as bundleAssignment with the quantity 0.
    """
    items = [item for item in order.items if not item.type or item.type in verifying.types(submission)]
    if order.items and not items:
        return False
    tells = items and all(item.type and item.item and item.quantity for item in items)
    return order.created_at is None or not tells


def _not_there(submission: Submission, window: OrderWindow, client: ESIMGoClient, config: Config) -> None:
    """Absent counts only when looked for several times, over a span in which a late one would have shown, and
    while no money is missing. An intent whose order has ended meanwhile is then looked for less often.
    """
    now = clock.now()
    if now < submission.sent_at + CALL_CAN_TAKE:
        return
    submission.looks += 1
    submission.first_absent_at = submission.first_absent_at or now
    submission.save(only=[Submission.looks, Submission.first_absent_at])
    settled = now - submission.first_absent_at >= timedelta(seconds=config.settle_s)
    if submission.looks >= LOOKS and settled and not _is_money_missing(submission, window, client):
        requeue(submission.order, submission, "absent", "not found at the provider")


def _is_money_missing(submission: Submission, window: OrderWindow, client: ESIMGoClient) -> bool:
    """Has the balance fallen by more than what the listed orders since then have cost? Then something was
    bought that the list does not show. What is on the edge of the span counts as listed.
    """
    told_at, before = submission.balance_at, submission.balance_before
    if (
        told_at is None
        or before is None
        or window.provider_now is None
        or submission.sent_at - told_at > WIDE - SKEW
    ):
        return False
    since = told_at + (window.provider_now - clock.now()) - SKEW
    listed = sum(order.total or 0 for order in window.orders if _is_purchase(order, since))
    fallen = before - client.organisation().balance
    missing = fallen - listed
    if missing * 2 < submission.cost:
        return False
    log.error("the balance has fallen by %s more than its orders tell", missing, extra=_order(submission))
    return True


def _is_purchase(placed: ProviderOrder, since: datetime) -> bool:
    if placed.created_at is None or placed.created_at < since:
        return False
    return not placed.items or any(item.type in verifying.TOP_UP for item in placed.items)


def _order(submission: Submission) -> dict[str, str]:
    return {"order": submission.order.reference}
