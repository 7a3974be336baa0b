"""Before the charge: the invoice, and the last question, which is answered with no unless all is well."""

import logging

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.base.i18n import gettext as _
from webapp.clients.telegram.botapi import BotApi
from webapp.models import Order, Payment
from webapp.orders import capacity, gate
from webapp.orders.payments import adding
from webapp.orders.payments.booking import expect
from webapp.orders.payments.providers import PaymentProvider, ProviderError, Question
from webapp.orders.payments.registry import PRICED_IN, provider_for
from webapp.orders.places import Places
from webapp.state import outages, shares, switches

log = logging.getLogger(__name__)

ASK_AT_ONCE = 4


# --- the invoice


def invoice(order: Order, provider: PaymentProvider, config: Config) -> str:
    """The link that opens the payment sheet; made once per order. Raises ProviderError."""
    if order.invoice_url is None:
        url = provider.invoice(
            title=config.shop_name[:32],
            about=_("eSIM: %(plan)s") % {"plan": catalogue.title(order)},
            reference=order.reference,
            amount=order.stars,
        )
        Order.update(invoice_url=url).where(Order.id == order.id).execute()
        order.invoice_url = url
    Order.update(invoiced_at=clock.now()).where(Order.id == order.id).execute()
    return order.invoice_url


def invoice_or_none(order: Order, bot: BotApi, config: Config, places: Places) -> str | None:
    """For a page that somebody waits for: None when the order is not to be paid, when payments are switched
    off, when Telegram does not answer, when `places` (the web process has ASK_AT_ONCE) has none for this
    customer, because they or too many others already wait for Telegram, or when their share is used up.
    """
    if not order.is_open_for_payment or switches.is_off(switches.PAYMENTS):
        return None
    provider = provider_for("stars", bot)
    if order.invoice_url is not None:
        return invoice(order, provider, config)  # nobody has to be asked
    with places.of(order.telegram_user_id) as free:
        if free and shares.take(order.telegram_user_id, "invoices"):
            return _asked_for(order, provider, config)
    return None


def _asked_for(order: Order, provider: PaymentProvider, config: Config) -> str | None:
    try:
        url = invoice(order, provider, config)
    except ProviderError as error:
        outages.payments_reachable(False)
        log.warning("no invoice link", extra={"order": order.reference, "error": str(error)})
        return None
    outages.payments_reachable(True)
    return url


# --- the last question


def pre_checkout(asked: Question, config: Config) -> str | None:
    """Why this payment must not happen, in the language at hand; None when it may. Declines by default.

    What is allowed is written down: its place in the line is kept, and its charge is looked for if nobody
    tells us of it.
    """
    if adding.is_adding(asked):
        return None if adding.may_add(asked, config) else _("Only the owner of the shop pays this.")
    order = Order.get_or_none(Order.reference == asked.reference)
    if (
        order is None
        or asked.payer != order.telegram_user_id
        or asked.payer != order.customer.telegram_user_id
    ):
        return _("This order belongs to somebody else, or is gone. Please choose the plan again.")
    if not order.is_open_for_payment:
        return _("This order is not open for payment any more. Please choose the plan again.")
    if (asked.currency, asked.amount) != (PRICED_IN, order.stars):
        return _("The price has changed. Please choose the plan again.")
    if (refusal := gate.may_pay(order, config)) is not None:
        return refusal.sentence
    capacity.hold(order)
    _expect(order, asked)
    crash_point("payment.allowed")
    return None


def _expect(order: Order, asked: Question) -> None:
    """One row, however often the same person is asked about the same order. From now on its charge is missed
    when nobody tells us of it.
    """
    waiting = Payment.update(created_at=clock.now()).where(Payment.order == order, Payment.state == "created")
    if not waiting.execute():
        expect(asked.payer, asked.provider, asked.currency, asked.amount, order)
