"""Buying at eSIM Go is intent, call, outcome.

The intent is committed first, the call is made outside any transaction and at most once per intent, its
outcome is always recorded. What stays unclear is looked up by reconciling.py.
"""

from datetime import datetime, timedelta

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import (
    AccessDenied,
    EsimGoError,
    NotSent,
    OutOfFunds,
    RateLimited,
    Refused,
    TryLater,
    Unavailable,
)
from webapp.models import Esim, Order, Payment, Submission
from webapp.models.db import transaction
from webapp.orders import pace, quotes, replacing, surplus
from webapp.orders.capacity import LAST_CALL
from webapp.orders.delivering import record
from webapp.orders.ending import fail
from webapp.orders.pace import CALL_CAN_TAKE
from webapp.state import leases, provider, restoration
from webapp.state.leases import Leadership

UNANSWERED_S = 20
"""So long an order waits of which eSIM Go has said nothing: longer than a job rests that has failed."""
STALE_CLAIM = timedelta(seconds=2)
BEGIN_WITHIN_S = 5.0
PREPARED_S = 0.5
"""So long before its turn an order is prepared, so that it leaves when its turn comes."""
LOOKED_FOR = timedelta(minutes=3)
"""Within this a purchase that was made is found, however late the order is that it was made for."""


def submit_next(client: ESIMGoClient, leadership: Leadership, config: Config) -> Order | None:
    """Buy for the order that has waited longest, when the pace allows it; returns that order. None when there
    is none, or when its turn is more than PREPARED_S away.

    Raises EsimGoError when eSIM Go has to be asked for its price again and does not answer.
    """
    if pace.due_in(config) > PREPARED_S or not leases.holds(leadership):
        return None
    order = _next_in_line()
    if order is None or _is_in_doubt(order, leadership) or surplus.serve(order, leadership):
        return order
    if not _is_still_sold(order, client, config):
        return order
    submission = _claim(order, leadership)
    if submission is None:
        return None
    crash_point("order.intent.committed")
    clock.sleep(pace.due_in(config))
    if not _begin(submission):
        requeue(order, submission, "not_sent", "the claim had gone stale")
        return order
    crash_point("order.begun")
    _buy(order, submission, client)
    return order


def due_in(config: Config) -> float | None:
    """Seconds until submit_next has something to do, as the pace allows; None when nobody is waiting."""
    return None if _next_in_line() is None else max(0.0, pace.due_in(config) - PREPARED_S)


def _next_in_line() -> Order | None:
    now = clock.now()
    waiting = Order.select().where(
        Order.stage == "paid",
        Order.deadline_at > now + LAST_CALL,
        Order.paid_at >= restoration.past().unsure_before,
        Order.next_try_at.is_null() | (Order.next_try_at <= now),
    )
    first: Order | None = waiting.order_by(Order.paid_at).first()
    return first


def _is_in_doubt(order: Order, leadership: Leadership) -> bool:
    """In a restored shop: what may have been bought without our knowing is looked up first."""
    since = restoration.doubtful_since(order)
    if since is None:
        return _may_have_gone_back(order)
    doubt(order, leadership, since, "it may have been bought after the copy was made")
    return True


def _may_have_gone_back(order: Order) -> bool:
    """In a restored shop: perhaps its money was given back after the copy was made. Until Telegram tells, it
    waits, for as long as its deadline lets it.
    """
    waits = order.paid_at < restoration.known_since() and not restoration.knows_refunds()
    if waits:
        _wait(order, 5)
    return waits


def doubt(order: Order, leadership: Leadership, since: datetime, note: str) -> None:
    """A paid order may have been bought since then, by whom our rows do not tell: it is looked up, as if that
    had been us. Its time does not end before it was looked for.
    """
    with transaction():
        if leases.holds(leadership):
            submission = _intent(order, leadership.epoch, clock.now(), since)
            until = order.deadline_at
            if Payment.select().where(Payment.order == order, Payment.state == "confirmed").exists():
                until = max(until, clock.now() + LOOKED_FOR)
            order.move("submitting", actor="job", submission_id=submission.id, deadline_at=until)
            order.move("unknown", actor="job", note=note)


def _is_still_sold(order: Order, client: ESIMGoClient, config: Config) -> bool:
    """An order that has waited so long that its quote is old is asked about again: nobody pays a dearer price
    than the one they agreed to, and we do not pay it for them beyond the tolerance. When its bundle is not
    sold any more, the order says afterwards as what it is bought; _claim writes that down.
    """
    try:
        verdict = replacing.settle(order, client, config)
    except (TryLater, Unavailable) as error:
        _wait(order, UNANSWERED_S)
        if isinstance(error, RateLimited) or not error.asked:
            raise
        return False  # nobody has answered about this one: whoever is behind it may get an answer
    except Exception:
        _wait(order, UNANSWERED_S)
        raise
    if verdict == "dearer":
        fail(order, "dearer", actor="provider", note="asked again before buying")
    elif verdict == "refused":
        fail(order, "refused", actor="provider", note="asked again before buying")
    elif verdict == "missing":
        _wait(order, 30)
    elif verdict == "unread":
        _wait(order, 3)
    return verdict == "ok"


def _wait(order: Order, seconds: float) -> None:
    again = clock.now() + timedelta(seconds=seconds)
    Order.update(next_try_at=again).where(Order.id == order.id).execute()


def _claim(order: Order, leadership: Leadership) -> Submission | None:
    """The intent: only the leader makes one, and the order points to it. Whether it is late for that is asked
    here again: since it was picked, eSIM Go was perhaps asked, and the clock has moved. The claim dates from
    that question, so that one behind which the clock is moved has gone stale.
    """
    with transaction():
        now = clock.now()
        if not leases.holds(leadership) or order.deadline_at <= now + LAST_CALL:
            return None
        submission = _intent(order, leadership.epoch, now)
        bought_as = replacing.bought_as(order) | {"submission_id": submission.id}
        moved = order.move("submitting", actor="job", note=replacing.note(order), **bought_as)
        if not moved:
            submission.delete_instance()
        return submission if moved else None


def _intent(order: Order, epoch: int, claimed_at: datetime, sent_at: datetime | None = None) -> Submission:
    topped_up = Esim.get_by_id(order.esim_id) if order.esim_id else None
    balance, balance_at = provider.balance() or (None, None)
    return Submission.create(
        order=order,
        epoch=epoch,
        bundle=order.esimgo_product_id,
        iccid=topped_up and topped_up.iccid,
        cost=order.wholesale,
        claimed_at=claimed_at,
        sent_at=sent_at,
        balance_before=balance,
        balance_at=balance_at,
    )


def _begin(submission: Submission) -> bool:
    """From here on the request may have left. A claim that has waited is not sent: its leader may be gone."""
    now = clock.now()
    fresh = (
        (Submission.id == submission.id)
        & Submission.outcome.is_null()
        & (Submission.claimed_at > now - STALE_CLAIM)
    )
    return bool(Submission.update(sent_at=now).where(fresh).execute())


def _buy(order: Order, submission: Submission, client: ESIMGoClient) -> None:
    try:
        placed = client.create_order(
            submission.bundle,
            iccid=submission.iccid,
            on_sent=lambda: crash_point("order.post.sent"),
            begin_by=clock.monotonic() + BEGIN_WITHIN_S,
        )
    except NotSent as error:
        requeue(order, submission, "not_sent", str(error), wait_s=5)
    except TryLater as error:
        requeue(order, submission, "not_bought", str(error), wait_s=error.retry_after_s)
    except OutOfFunds as error:
        provider.out_of_funds(submission.cost)
        requeue(order, submission, "not_bought", str(error), wait_s=30)
    except AccessDenied as error:
        if submission.iccid and error.is_about_the_request:
            _refuse(order, submission, str(error))
            return
        provider.purchase_failed()
        requeue(order, submission, "not_bought", str(error), wait_s=30)
    except Refused as error:
        _ask_anew_or_refuse(order, submission, str(error))
    except EsimGoError as error:
        provider.purchase_failed()
        order.move("unknown", actor="job", note=str(error))
    except Exception:
        order.move("unknown", actor="job", note="an error of ours after the request may have left")
        raise
    else:
        crash_point("order.post.answered")
        provider.purchase_worked()
        record(submission, placed, actor="provider")
        crash_point("order.recorded")


def requeue(
    order: Order, submission: Submission, outcome: str, note: str, wait_s: float = 0, actor: str = "job"
) -> None:
    """Surely nothing was bought: the order waits in line again, if this intent still counts."""
    with transaction():
        _close(submission, outcome)
        if (waiting := _still_waits(order, submission)) is not None:
            again = clock.now() + timedelta(seconds=wait_s)
            waiting.move("paid", actor=actor, note=note, next_try_at=again)


def _ask_anew_or_refuse(order: Order, submission: Submission, note: str) -> None:
    """eSIM Go had said that it sells this; perhaps it has renamed it since. Once for each bundle it is asked
    anew (_is_still_sold).
    """
    same = (Submission.order == order) & (Submission.bundle == submission.bundle)
    if Submission.select().where(same, Submission.outcome == "refused").exists():
        _refuse(order, submission, note)
        return
    quotes.forget(submission.bundle)
    requeue(order, submission, "refused", note)


def _refuse(order: Order, submission: Submission, note: str) -> None:
    with transaction():
        _close(submission, "refused")
        if (waiting := _still_waits(order, submission)) is not None:
            fail(waiting, "refused", actor="provider", note=note)


def _still_waits(order: Order, submission: Submission) -> Order | None:
    """The order as it is now, if it waits for this intent and no other: whoever leads, its outcome counts."""
    now = order.fresh()
    waits = now.submission_id == submission.id and now.stage in {"submitting", "unknown"}
    return now if waits else None


def _close(submission: Submission, outcome: str) -> None:
    Submission.update(outcome=outcome, ended_at=clock.now()).where(
        Submission.id == submission.id, Submission.outcome.is_null()
    ).execute()


def take_over(leadership: Leadership) -> int:
    """What was left in the middle, by an earlier leader or by an error of ours: what was never sent goes back
    in line, the rest is looked up.
    """
    abandoned = (Submission.epoch < leadership.epoch) | (Submission.claimed_at < clock.now() - CALL_CAN_TAKE)
    left = (
        Order.select()
        .join(Submission, on=(Order.submission_id == Submission.id))
        .where(Order.stage == "submitting", abandoned)
    )
    for order in left:
        submission = Submission.get_by_id(order.submission_id)
        if _call_off(submission):
            requeue(order, submission, "not_sent", "the process ended before sending")
        else:
            order.move("unknown", actor="job", note="the process ended before the answer was recorded")
    return len(left)


def _call_off(submission: Submission) -> bool:
    """Close an intent that was never sent, so that nobody begins to send it now; False when one has begun."""
    unsent = (Submission.id == submission.id) & Submission.outcome.is_null() & Submission.sent_at.is_null()
    return bool(Submission.update(outcome="not_sent").where(unsent).execute())
