"""Copies by e-mail, and the codes that confirm an address. One after the other: a mail server that hangs
holds up nothing but mail.
"""

import logging

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.base.i18n import speaking
from webapp.clients.mail.errors import BadAddress, Lost, MailError, NotReached, Refused
from webapp.clients.mail.smtp import Mailer
from webapp.customers import notifications
from webapp.customers.outbox import rows
from webapp.models import EmailAddress, Notification, db
from webapp.state import shares

log = logging.getLogger(__name__)

AT_ONCE = 10
ROUND_S = 5.0


def deliver_letters(mailer: Mailer, config: Config) -> int:
    """Send what is due; returns how many the server has taken.

    Nothing is begun after ROUND_S, and nothing more once the server could not be reached.
    """
    rows.take_over_lapsed()
    ends_at, taken = clock.monotonic() + ROUND_S, 0
    for notification in rows.due("email").limit(AT_ONCE):
        if clock.monotonic() >= ends_at:
            break
        for claimed in rows.claim([notification]):
            try:
                taken += _deliver(claimed, mailer, config)
            except NotReached as error:
                log.warning("the mail server is not to be reached: %s", error)
                return taken
    return taken


def _deliver(notification: Notification, mailer: Mailer, config: Config) -> bool:
    """True when it was taken. Raises NotReached, after noting that it is to be tried again."""
    to = _address(notification)
    if to is None or _has_had_enough(notification):
        rows.leave("sending", notification, "not wanted")
        return False
    try:
        with speaking(notification.customer.language):
            letter = notifications.letter(notification, to, config)
        mailer.send(letter)
    except MailError as error:
        crash_point("letter.sent")
        _mark(notification, to, error)
        return False
    except Exception as error:  # one letter that cannot be written must not hold up everybody's
        if db.trouble(error):
            raise
        log.exception("%s cannot be written", notification.kind, extra=rows.about(notification))
        rows.try_again(notification)
        return False
    crash_point("letter.sent")
    rows.sent(notification)
    shares.take(notification.customer.telegram_user_id, "letters")
    return True


def _address(notification: Notification) -> EmailAddress | None:
    """Where it goes, as things are: a code to an address that waits for it, the rest to a confirmed one."""
    to = EmailAddress.get_or_none(EmailAddress.customer == notification.customer)
    if to is None:
        return None
    if notification.kind == "code":
        return to if to.awaits_code else None
    return to if to.confirmed_at is not None and to.wanted else None


def _has_had_enough(notification: Notification) -> bool:
    """Of copies: the chat has them too. Codes are counted where they are asked for (account.propose)."""
    customer = notification.customer
    return notification.kind != "code" and shares.is_used_up(customer.telegram_user_id, "letters")


def _mark(notification: Notification, to: EmailAddress, error: MailError) -> None:
    if isinstance(error, BadAddress):
        log.warning("an address is not there", extra=rows.about(notification) | {"error": str(error)})
        EmailAddress.update(confirmed_at=None).where(
            EmailAddress.id == to.id, EmailAddress.address == to.address
        ).execute()
        rows.leave("sending", notification, "refused")
    elif isinstance(error, Refused):
        log.error("the mail server refuses it: %s", error, extra=rows.about(notification))
        rows.leave("sending", notification, "refused")
    else:
        if isinstance(error, Lost):
            log.warning("no answer for a letter: %s", error, extra=rows.about(notification))
        rows.try_again(notification)
    if isinstance(error, NotReached):
        raise error
