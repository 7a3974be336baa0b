"""The life of a payment: invoice, pre-checkout, the charge, and its way back.

Money comes in by Telegram Stars. Only `successful_payment` proves a payment; what the window says is a hint.
"""

import logging
from datetime import timedelta
from threading import BoundedSemaphore

from peewee import IntegrityError

from webapp import catalogue, clock, notifications, outages, quotes, topups
from webapp.config import Config
from webapp.db import transaction
from webapp.i18n import gettext as _
from webapp.models import Order, Payment, Refund
from webapp.telegram.botapi import BotApi
from webapp.telegram.errors import AlreadyRefunded, SlowDown, TelegramError
from webapp.telegram.updates import PreCheckoutQuery, SuccessfulPayment

log = logging.getLogger(__name__)

CURRENCY = "XTR"
STUCK_AFTER = 8
LONGEST_PAUSE_S = 60

_asking_telegram = BoundedSemaphore(4)


def invoice(order: Order, bot: BotApi, config: Config) -> str:
    """The link that opens the payment sheet; made once per order. Raises TelegramError."""
    if order.invoice_url is None:
        url = bot.create_invoice_link(
            title=config.shop_name[:32],
            description=_("eSIM: %(plan)s") % {"plan": catalogue.title(order)},
            payload=order.reference,
            stars=order.stars,
        )
        Order.update(invoice_url=url).where(Order.id == order.id).execute()
        order.invoice_url = url
    Order.update(invoiced_at=clock.now()).where(Order.id == order.id).execute()
    return order.invoice_url


def invoice_or_none(order: Order, bot: BotApi, config: Config) -> str | None:
    """For a page that somebody waits for: None when the order is not to be paid, when Telegram does not
    answer, or when too many already wait for Telegram.
    """
    if order.stage != "awaiting_payment" or not _asking_telegram.acquire(blocking=False):
        return None
    try:
        url = invoice(order, bot, config)
        outages.payments_reachable(True)
        return url
    except TelegramError as error:
        outages.payments_reachable(False)
        log.warning("no invoice link", extra={"order": order.reference, "error": str(error)})
        return None
    finally:
        _asking_telegram.release()


def pre_checkout(query: PreCheckoutQuery, config: Config) -> str | None:
    """Why this payment must not happen, in the language at hand; None when it may. Declines by default."""
    order = Order.get_or_none(Order.reference == query.invoice_payload)
    if order is None or order.telegram_user_id != query.from_user.id:
        return _("This order belongs to somebody else, or is gone. Please choose the plan again.")
    if order.stage != "awaiting_payment":
        return _("This order is not open for payment any more. Please choose the plan again.")
    if (query.currency, query.total_amount) != (CURRENCY, order.stars):
        return _("The price has changed. Please choose the plan again.")
    if not topups.still_fits(order):
        return _("This plan cannot be added to your eSIM any more. Please choose another one.")
    reason = _not_now(order, config)
    if reason is None:
        quotes.admit(order)
    return reason


def _not_now(order: Order, config: Config) -> str | None:
    if outages.now().sales_paused:
        return _("Sales are paused for a moment. You have not been charged; please try again a little later.")
    if quotes.is_full(config, besides=order):
        return _("Very many people are buying now. You have not been charged; please try again in a minute.")
    return {
        "ok": None,
        "refused": _("Our supplier does not sell this plan right now. Please choose another one."),
        "dearer": _("The price has changed. Please choose the plan again."),
        "missing": _("We are still checking this plan. You have not been charged; please tap Pay again."),
    }[quotes.verdict(order, config)]


def confirm(payer: int, charge: SuccessfulPayment, config: Config) -> None:
    """Book a charge, once. What it cannot pay for (a second charge, a foreign order) goes back at once."""
    order = Order.get_or_none(Order.reference == charge.invoice_payload)
    with transaction():
        payment = _book(payer, charge, order)
        if payment is not None and (order is None or not _mark_paid(order, payment, config)):
            _give_back(payment, "nothing to pay for")


def _book(payer: int, charge: SuccessfulPayment, order: Order | None) -> Payment | None:
    """None when this charge is booked already, perhaps in this very moment by somebody else."""
    try:
        with transaction():
            return Payment.create(
                order=order,
                telegram_user_id=payer,
                charge_id=charge.telegram_payment_charge_id,
                stars=charge.total_amount,
            )
    except IntegrityError:
        return None


def _mark_paid(order: Order, payment: Payment, config: Config) -> bool:
    fits = payment.stars == order.stars and payment.telegram_user_id == order.telegram_user_id
    late = order.stage == "expired"
    if not fits or order.stage not in {"awaiting_payment", "expired"}:
        return False
    if late and catalogue.plan(order.plan_id) is None:
        order.move("failed", actor="payment", note="paid after expiry, plan is gone", failure="gone")
        notifications.enqueue(order, "failed")
        return False
    now = clock.now()
    deadline = now + timedelta(seconds=config.deadline_s)
    note = f"{payment.stars} Stars" + (", after expiry" if late else "")
    if not order.move("paid", actor="payment", note=note, paid_at=now, deadline_at=deadline):
        return False
    notifications.enqueue(order, "paid")
    return True


def return_all(order: Order, reason: str) -> None:
    """Every charge on this order goes back. Call it in the transaction that ends the order."""
    for payment in Payment.select().where(Payment.order == order):
        _give_back(payment, reason)


def _give_back(payment: Payment, reason: str) -> None:
    Refund.insert(payment=payment, reason=reason).on_conflict_ignore().execute()


def issue_refunds(bot: BotApi) -> int:
    """Send what is due; returns how many arrived. A repeated call is harmless: Telegram refunds once."""
    due = Refund.select().where(Refund.state == "due", Refund.next_try_at <= clock.now())
    done = 0
    for refund in due.order_by(Refund.id):
        try:
            bot.refund_star_payment(refund.payment.telegram_user_id, refund.payment.charge_id)
        except AlreadyRefunded:
            done += _refunded(refund)
        except SlowDown as error:
            _try_again(refund, error.retry_after_s, refund.attempts)
            break
        except TelegramError:
            _try_again(refund, min(5 * 2**refund.attempts, LONGEST_PAUSE_S), refund.attempts + 1)
        else:
            done += _refunded(refund)
    return done


def _refunded(refund: Refund) -> bool:
    with transaction():
        mine = (Refund.id == refund.id) & (Refund.state != "done")
        if not Refund.update(state="done", done_at=clock.now()).where(mine).execute():
            return False
        order = refund.payment.order
        if order is not None and order.status == "failed":
            notifications.enqueue(order, "refunded")
    return True


def _try_again(refund: Refund, seconds: float, attempts: int) -> None:
    """It stays due until it has arrived, however long that takes."""
    again = clock.now() + timedelta(seconds=seconds)
    Refund.update(attempts=attempts, next_try_at=again).where(
        Refund.id == refund.id, Refund.state == "due"
    ).execute()


def is_stuck(refund: Refund) -> bool:
    """Has it been refused so often that a person should look? It goes on being tried all the same."""
    return refund.state != "done" and refund.attempts >= STUCK_AFTER


def refund_of(order: Order) -> Refund | None:
    """The way back of the newest charge on this order."""
    mine = Refund.select().join(Payment).where(Payment.order == order)
    newest: Refund | None = mine.order_by(Refund.id.desc()).first()
    return newest
