"""Copies by e-mail go out."""

from jobs.context import Context
from webapp import outbox
from webapp.mail.smtp import Mailer


def run(context: Context) -> None:
    if context.config.smtp_url is not None:
        outbox.deliver_letters(Mailer(context.config.smtp_url), context.config)
