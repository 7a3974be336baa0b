"""The outbox goes out to the chats."""

from jobs.context import Context
from webapp import outbox
from webapp.pace import Pace

_pace = Pace()


def run(context: Context) -> None:
    outbox.deliver(context.bot, context.config, _pace)
