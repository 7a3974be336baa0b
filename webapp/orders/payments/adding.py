"""The owner adds Stars to the bot's balance, by paying an invoice of their own bot: refunds are paid from it.

Telegram has no other way into that balance. It buys nothing, so it is no payment of the shop's: its line in
the statement is a movement of the kind "added".
"""

from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.orders.payments.providers import PaymentProvider, Question
from webapp.orders.payments.registry import PRICED_IN
from webapp.orders.payments.stars import ADDED

MOST = 10_000
"""Stars in one invoice."""


def invoice(amount: int, provider: PaymentProvider, config: Config) -> str:
    """A link that opens the payment sheet. Raises ProviderError."""
    return provider.invoice(config.shop_name[:32], _("Stars for refunds"), ADDED, amount)


def is_adding(asked: Question) -> bool:
    return asked.reference == ADDED


def may_add(asked: Question, config: Config) -> bool:
    """Only who runs the shop: anybody else would have paid for nothing."""
    return asked.payer in config.admin_telegram_ids and asked.currency == PRICED_IN
