"""What the shop tells its customers: written with the change it tells of, worded when it is sent, in the
language that they have by then. outbox/ sends it.
"""

from webapp.customers.notifications.chat_messages import Message, compose
from webapp.customers.notifications.emails import BOT_NAME, letter
from webapp.customers.notifications.kinds import GROUPS, KINDS, ON_REQUEST, is_muted, useful_for
from webapp.customers.notifications.writing import enqueue, request, were_sent

__all__ = [
    "BOT_NAME",
    "GROUPS",
    "KINDS",
    "ON_REQUEST",
    "Message",
    "compose",
    "enqueue",
    "is_muted",
    "letter",
    "request",
    "useful_for",
    "were_sent",
]
