"""When somebody asks: both books are compared with ours now, eSIM Go's orders and Telegram's charges."""

from jobs import audit_provider
from jobs.context import Context
from webapp.orders import payments


def run(context: Context) -> None:
    """Beside the timers that do the same: never at once with them."""
    with context.locks.of("audit_provider"):
        audit_provider.look(context, "asked")
    with context.locks.of("telegram_payments"):
        payments.ask_for_statement()
        payments.reconcile(context.bot, context.config)
