"""Papers that people can ask for: a receipt as PDF, all purchases or the shop's sales as CSV. They go to
the chat, because a link carries no header that says who asks, and Telegram's web clients forbid downloads
from their frame.
"""

from webapp.customers.documents.document import Document
from webapp.customers.documents.history import history
from webapp.customers.documents.receipt import receipt
from webapp.customers.documents.sales import report

__all__ = ["Document", "history", "receipt", "report"]
