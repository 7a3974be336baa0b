"""Copies by e-mail go out."""

from jobs.context import Context
from webapp.clients.mail.smtp import Mailer
from webapp.customers import outbox
from webapp.state import restoration


def run(context: Context) -> None:
    if context.config.smtp_url is not None and not restoration.past().is_forgetting:
        mailer = Mailer(context.config.smtp_url, authorities=context.config.ca_file)
        outbox.deliver_letters(mailer, context.config)
