"""The way back: written in the transaction that makes it due, sent by a job until it has arrived.

Claim, send, record. A claim is fenced by the lease; what became of it never is. A claim whose process died
lapses and the refund is asked for again: the payment provider gives a charge back at most once, and says so.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.clients.telegram.botapi import BotApi
from webapp.customers import notifications
from webapp.models import ELSEWHERE, OPEN_STAGES, Order, Payment, Refund, ReturnRequest, Setting
from webapp.models.db import locking, transaction
from webapp.orders import limits
from webapp.orders.payments import balance
from webapp.orders.payments.providers import (
    AlreadyBack,
    Later,
    NoAnswer,
    NotCovered,
    PaymentProvider,
    ProviderError,
)
from webapp.orders.payments.registry import provider_for
from webapp.state import incidents, leases, restoration
from webapp.state.leases import Leadership

log = logging.getLogger(__name__)

STUCK_AFTER = 8
FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 1800
"""5, 15, 45 s and so on: the eighth try is about an hour after the first."""
STALE_CLAIM = timedelta(seconds=2)
CLAIM_LAPSES_AFTER = timedelta(seconds=30)
LOOKED_AT_AGAIN = timedelta(seconds=60)
PROBED_EVERY = timedelta(seconds=15)
ASKED_AGAIN_AFTER = timedelta(seconds=25)
"""With the tick of 5 s and a probe that was just too early: well within the promised minute."""
AT_A_STRETCH = 100
MOST_SILENCES = 3

_PROBED_AT = "refunds.probed_at"


# --- due


def refund(payment: Payment, reason: str) -> bool:
    """All of this charge goes back, once. Call it in the transaction that is the reason."""
    with transaction():
        known = payment.state in {"confirmed", "unplaced"}
        if not known or not payment.move("refund_due", actor="shop", note=reason):
            return False
        Refund.create(payment=payment, reason=reason)
    crash_point("refund.due")
    return True


def return_all(order: Order, reason: str) -> None:
    """Every charge on this order goes back. Call it in the transaction that ends the order."""
    for payment in Payment.select().where(Payment.order == order, Payment.state == "confirmed"):
        refund(payment, reason)


# --- sent


def issue_refunds(bot: BotApi, leadership: Leadership) -> int:
    """Send what is due; returns how many arrived. When nobody answers any more, the others wait."""
    _hurry_when_it_answers_again(bot)
    done = silences = 0
    for due in _due():
        if silences == MOST_SILENCES:
            break
        if not _claim(due, leadership):  # a run beside this one has it, it is not covered, or we lead no more
            continue
        crash_point("refund.claimed")
        try:
            arrived = _send(due, provider_for(due.payment.provider, bot))
        except Later as error:
            _all_wait(error.retry_after_s)
            break
        done += arrived
        silences = silences + 1 if due.silent and not arrived else 0
    return done


def _due() -> list[Refund]:
    """Those whose turn has come, and claims that have lapsed."""
    ready = Refund.state.in_(("due", "stuck", "sent")) & (Refund.next_try_at <= clock.now())
    query = Refund.select(Refund, Payment).join(Payment).where(ready)
    return list(query.order_by(Refund.next_try_at, Refund.id).limit(AT_A_STRETCH))


def _claim(refund: Refund, leadership: Leadership) -> bool:
    """Compare-and-set to `sent`, fenced by the lease: one run of the leader wins. Only what the balance
    covers is claimed.
    """
    now = clock.now()
    lapses_at = now + CLAIM_LAPSES_AFTER
    claim: dict[str, Any] = {"epoch": leadership.epoch, "sent_at": now, "expected_at": None}
    with transaction():
        if not leases.holds(leadership):
            return False
        if not balance.covers(refund):
            _wait_for_balance(refund)
            return False
        return refund.move("sent", actor="job", next_try_at=lapses_at, **claim)


def _wait_for_balance(refund: Refund) -> None:
    """It has not been tried, so it is no failure. Tried as soon as the balance that covers it is told."""
    now = clock.now()
    waits = {"short_since": refund.short_since or now, "expected_at": balance.expected_at(refund)}
    if (
        refund.compare_and_set(
            {"state": refund.state, "sent_at": refund.sent_at}, **waits, next_try_at=now + LOOKED_AT_AGAIN
        )
        and not refund.short_since
    ):
        log.warning("the Star balance does not cover refund %s yet", refund.id)


def _send(refund: Refund, provider: PaymentProvider) -> bool:
    """True when it has arrived. Raises Later."""
    if clock.now() - refund.sent_at > STALE_CLAIM:
        _wait(refund, 0, "the claim had gone stale", refund.attempts)
        return False
    try:
        provider.refund(refund.payment.telegram_user_id, refund.payment.charge_id or "")
    except AlreadyBack as error:
        note = str(error)
    except Later as error:
        _wait(refund, error.retry_after_s, str(error), refund.attempts)
        raise
    except NotCovered as error:
        balance.look_soon()
        _wait(refund, 0, str(error), refund.attempts, short_since=refund.short_since)
        _wait_for_balance(refund)
        return False
    except ProviderError as error:
        crash_point("refund.failed")
        return _failed(refund, str(error), silent=isinstance(error, NoAnswer))
    except Exception as error:  # one that cannot be sent must not hold up the others
        log.exception("refund %s could not be sent", refund.id)
        return _failed(refund, type(error).__name__, silent=False)
    else:
        note = ""
    crash_point("refund.answered")
    arrived = _arrived(refund, note, actor="job")
    crash_point("refund.recorded")
    return arrived


def _wait(
    refund: Refund,
    seconds: float,
    note: str,
    attempts: int,
    silent: bool = False,
    short_since: datetime | None = None,
) -> bool:
    """It stays due until it has arrived, however long that takes. False when it has arrived meanwhile."""
    to = "stuck" if attempts >= STUCK_AFTER else "due"
    told: dict[str, Any] = {"attempts": attempts, "silent": silent, "short_since": short_since}
    told["next_try_at"] = clock.now() + timedelta(seconds=seconds)
    return refund.move(to, actor="job", note=note, **told)


def _failed(refund: Refund, note: str, *, silent: bool) -> bool:
    """The incident is opened with the state: one of a refund that has arrived would never be closed."""
    attempts = refund.attempts + 1
    with transaction():
        waits = _wait(refund, pause_s(attempts), note, attempts, silent)
        if waits and attempts >= STUCK_AFTER:
            incidents.open("refund_stuck", str(refund.id), f"{attempts} tries; the last one: {note}")
    return False


def pause_s(attempts: int) -> int:
    """Seconds until the next try after so many that failed."""
    pause: int = FIRST_PAUSE_S * 3 ** min(attempts - 1, 10)
    return min(pause, LONGEST_PAUSE_S)


def _all_wait(seconds: float) -> None:
    """A 429 is about the bot, not about one refund."""
    again = clock.now() + timedelta(seconds=seconds)
    waiting = Refund.state.in_(("due", "stuck")) & (Refund.next_try_at < again)
    Refund.update(next_try_at=again).where(waiting).execute()


def _hurry_when_it_answers_again(bot: BotApi) -> None:
    """What got no answer waits longer and longer, but not a minute longer than the silence lasts."""
    now = clock.now()
    waiting = (
        Refund.state.in_(("due", "stuck"))
        & Refund.silent
        & (Refund.next_try_at > now)
        & (Refund.sent_at < now - ASKED_AGAIN_AFTER)
    )
    first = Refund.select(Refund, Payment).join(Payment).where(waiting).first()
    probed_at = Setting.read_time(_PROBED_AT)
    if first is None or (probed_at is not None and now - probed_at < PROBED_EVERY):
        return
    Setting.write_time(_PROBED_AT, now)
    if provider_for(first.payment.provider, bot).is_answering():
        Refund.update(next_try_at=now).where(waiting).execute()


# --- done


def _arrived(refund: Refund, note: str, *, actor: str) -> bool:
    """Whoever has sent it, and whoever leads now; False when it was known."""
    with transaction():
        now = locking(Refund.select().where(Refund.id == refund.id), "FOR UPDATE").get()
        done = {"done_at": clock.now(), "short_since": None, "expected_at": None}
        if now.state == "done" or not now.move("done", actor=actor, note=note, **done):
            return False
        now.payment.move("refunded", actor=actor)
        incidents.close("refund_stuck", str(refund.id))
        order = now.payment.order
        if order is not None and order.status == "failed":
            notifications.enqueue(order, "refunded")
    return True


def refund_seen(charge_id: str, *, actor: str) -> bool:
    """We are told that this charge went back, by us or by somebody else; False when there is nothing new."""
    payment = Payment.get_or_none(Payment.charge_id == charge_id)
    if payment is None or payment.state == "refunded":
        return False
    with transaction():
        if refund(payment, ELSEWHERE) and payment.order is not None:
            _taken_back(payment.order, payment)
        known = Refund.get(Refund.payment == payment)
        return _arrived(known, "told by the payment provider", actor=actor)


def _taken_back(order: Order, payment: Payment) -> None:
    """Nobody has paid for this order any more. It is not bought, and what was delivered is to come back. Whom
    we have refunded ourselves, as the copy that we are does not know, is not held for it.
    """
    still_paid = Payment.select().where(Payment.order == order, Payment.state == "confirmed").exists()
    if still_paid or order.stage not in {*OPEN_STAGES, "ready", "active"}:
        return
    Order.update(deadline_at=clock.now()).where(Order.id == order.id, Order.stage.in_(OPEN_STAGES)).execute()
    ReturnRequest.insert(order=order, why="chargeback").on_conflict_ignore().execute()
    if order.stage in {"ready", "active"} and restoration.knows_refunds():
        limits.charged_back(payment)
        incidents.open(
            "chargeback", order.reference, f"{order.stars} Stars of a delivered order were taken back"
        )


# --- for the pages


def is_stuck(refund: Refund) -> bool:
    """Has it been refused so often that a person should look? It goes on being tried all the same."""
    return refund.state != "done" and refund.attempts >= STUCK_AFTER


def refund_of(order: Order) -> Refund | None:
    """The way back of the newest charge on this order."""
    mine = Refund.select().join(Payment).where(Payment.order == order)
    newest: Refund | None = mine.order_by(Refund.id.desc()).first()
    return newest
