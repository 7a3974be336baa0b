"""The owner hears of each incident once, again while it goes on, and when it is over.

What cannot wait makes a sound; the rest is there in the morning. Every kind has a page in docs/runbook.md.
"""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape, unescape
from typing import NamedTuple

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.base.i18n import moment_text, speaking
from webapp.clients.mail.errors import MailError
from webapp.clients.mail.smtp import Mailer
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import TelegramError
from webapp.models import Incident

log = logging.getLogger(__name__)

REMINDED_AFTER = timedelta(hours=6)
AT_A_STRETCH = 20


class Kind(NamedTuple):
    """`urgent`: somebody's money or every sale waits for a person."""

    title: str
    urgent: bool


def kinds() -> dict[str, Kind]:
    """By the kind of an incident, in the language at hand; its page of the runbook has the same name."""
    return {
        "order_stuck": Kind(_("An order is not finished"), True),
        "answer_differs": Kind(_("eSIM Go's answer is not what was asked for"), False),
        "copy_found": Kind(_("The shop runs on a copy of its database"), True),
        "copy_unchecked": Kind(_("Orders from before a restart wait for eSIM Go"), True),
        "orders_failing": Kind(_("Orders fail"), True),
        "provider_unreachable": Kind(_("eSIM Go does not answer"), True),
        "out_of_funds": Kind(_("eSIM Go's balance is used up"), True),
        "runway_critical": Kind(_("The balance lasts less than 6 hours"), True),
        "runway_short": Kind(_("The balance lasts less than a day"), False),
        "key_refused": Kind(_("eSIM Go refuses the API key"), True),
        "order_elsewhere": Kind(_("An order at eSIM Go that the shop has not made"), False),
        "order_twice": Kind(_("eSIM Go has made an order twice"), False),
        "order_lost": Kind(_("eSIM Go does not list an order of the shop"), False),
        "order_list_unread": Kind(_("eSIM Go's list of orders cannot be read to its end"), False),
        "balance_missing": Kind(_("eSIM Go's balance has fallen without an order"), True),
        "callbacks_unsigned": Kind(_("eSIM Go's callbacks are not signed as they should be"), False),
        "callbacks_silent": Kind(_("eSIM Go's callbacks do not come any more"), False),
        "ledger": Kind(_("The ledger does not add up"), True),
        "jobs_missing": Kind(_("The jobs process does not run"), True),
        "database_failing": Kind(_("The database does not work"), True),
        "jobs_failing": Kind(_("A job fails again and again"), True),
        "disk_full": Kind(_("The disk is nearly full"), True),
        "certificate_ending": Kind(_("The certificate ends soon"), False),
        "webhook_errors": Kind(_("Telegram cannot deliver its updates"), True),
        "clock_wrong": Kind(_("The machine's clock is wrong"), True),
        "clocks_disagree": Kind(_("eSIM Go and Telegram disagree about the time"), False),
        "customer_held": Kind(_("A customer's purchases are held"), False),
        "refund_stuck": Kind(_("A refund does not get through"), True),
        "unknown_payment": Kind(_("Somebody paid for what is not known"), True),
        "stars_short": Kind(_("The Stars do not cover the refunds"), True),
        "stars_lost": Kind(_("A switch in Telegram costs Stars"), False),
        "payment_not_listed": Kind(_("A payment is not in Telegram's list"), False),
        "refund_not_listed": Kind(_("A refund is not in Telegram's list"), False),
        "chargeback": Kind(_("A charge was taken back for what was delivered"), False),
    }


Channel = Callable[[str, bool], None]
"""Sends a text (Telegram's HTML), silently or not. Raises TelegramError or MailError."""


def send_pending(bot: BotApi, config: Config) -> int:
    """Send the alerts that are due, to ALERT_CHAT_ID and ALERT_EMAIL; returns how many were sent."""
    if not _channels(bot, config):
        return 0
    return sum(_claim_and_send(incident, bot, config) for incident in _news())


def send(incident: Incident, bot: BotApi, config: Config) -> bool:
    """Tell of one incident, which need not be a row, at once and without the database. True when somebody
    took it.
    """
    with speaking(config.default_language):
        text, urgent = _text(incident, config)
    silent = incident.closed_at is not None or not urgent
    taken = [_takes(channel, text, silent, incident) for channel in _channels(bot, config)]
    return any(taken)


def _channels(bot: BotApi, config: Config) -> list[Channel]:
    channels: list[Channel] = []
    if (chat_id := config.alert_chat_id) is not None:
        channels.append(lambda text, silent: _by_chat(bot, chat_id, text, silent))
    if config.alert_email is not None:
        channels.append(lambda text, _silent: _by_mail(text, config))
    return channels


def _by_chat(bot: BotApi, chat_id: int, text: str, silent: bool) -> None:
    bot.send_message(chat_id, text, silent=silent)


def _by_mail(text: str, config: Config) -> None:
    """The first line is what it is about."""
    plain = unescape(re.sub(r"</?b>", "", text))
    letter = EmailMessage()
    letter["From"], letter["To"] = config.smtp_from, config.alert_email
    letter["Date"], letter["Auto-Submitted"] = format_datetime(clock.now()), "auto-generated"
    letter["Subject"], _newline, body = plain.partition("\n")
    letter.set_content(body)
    Mailer(config.smtp_url or "", authorities=config.ca_file).send(letter)


def _news() -> list[Incident]:
    open_ = Incident.closed_at.is_null()
    new = open_ & Incident.told_at.is_null()
    still = open_ & (Incident.told_at < clock.now() - REMINDED_AFTER)
    over = Incident.closed_at.is_null(False) & Incident.told_at.is_null(False)
    return list(Incident.select().where(new | still | over).order_by(Incident.opened_at).limit(AT_A_STRETCH))


def _claim_and_send(incident: Incident, bot: BotApi, config: Config) -> bool:
    """Claimed before it is sent, so that two processes do not tell it twice; given back when none took it."""
    over = incident.closed_at is not None
    told_at = None if over else clock.now()
    if not incident.compare_and_set({"told_at": incident.told_at}, told_at=told_at):
        return False
    if not (is_taken := send(incident, bot, config)):
        incident.compare_and_set({"told_at": told_at}, told_at=incident.told_at)
    return is_taken


def _takes(channel: Channel, text: str, silent: bool, incident: Incident) -> bool:
    try:
        channel(text, silent)
    except (TelegramError, MailError) as error:
        log.error("the owner was not told of %s: %s", incident.kind, error)
        return False
    return True


def _text(incident: Incident, config: Config) -> tuple[str, bool]:
    kind = kinds().get(incident.kind, Kind(incident.kind, True))
    title = f"{escape(config.shop_name)}: {kind.title}"
    what = " ".join(filter(None, (incident.subject, incident.detail)))
    since = _("since %(time)s") % {"time": moment_text(incident.opened_at)}
    if incident.closed_at is not None:
        return f"✅ <b>{title}</b>\n" + _("It is over.") + f" {escape(what)}", False
    again = _("Still: ") if incident.told_at is not None else ""
    page = _("What to do: docs/runbook.md, “%(page)s”") % {"page": incident.kind}
    colour = "🔴" if kind.urgent else "🟡"
    return f"{colour} <b>{again}{title}</b>\n{escape(what)}\n{since}\n{page}", kind.urgent
