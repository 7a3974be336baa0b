"""The outbox goes out to the chats."""

from jobs.context import Context
from webapp.customers import outbox
from webapp.state import restoration


def run(context: Context) -> None:
    if not restoration.past().is_forgetting:
        outbox.deliver(context.bot, context.config, context.chat_limiter)
