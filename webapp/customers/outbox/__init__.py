"""The outbox goes out, to chats and by e-mail: in order for each customer, and again until it has arrived."""

from webapp.customers.outbox.chat_sender import deliver
from webapp.customers.outbox.email_sender import deliver_letters

__all__ = ["deliver", "deliver_letters"]
