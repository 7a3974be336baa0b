"""The outbox goes out to the chats."""

from jobs.context import Context
from webapp.customers import outbox


def run(context: Context) -> None:
    outbox.deliver(context.bot, context.config, context.chat_limiter)
