"""The owner hears of each incident once, again while it goes on, and when it is over.

What cannot wait makes a sound; the rest is there in the morning. Every kind has a page in docs/runbook.md.
"""

import logging
from datetime import timedelta
from html import escape
from typing import NamedTuple

from webapp import clock
from webapp.config import Config
from webapp.i18n import gettext as _
from webapp.i18n import moment_text, speaking
from webapp.models import Incident
from webapp.telegram.botapi import BotApi
from webapp.telegram.errors import TelegramError

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
        "orders_failing": Kind(_("Orders fail"), True),
        "provider_unreachable": Kind(_("eSIM Go does not answer"), True),
        "out_of_funds": Kind(_("eSIM Go's balance is used up"), True),
        "runway_critical": Kind(_("The balance lasts less than 6 hours"), True),
        "runway_short": Kind(_("The balance lasts less than a day"), False),
        "key_refused": Kind(_("eSIM Go refuses the API key"), True),
        "callbacks_unsigned": Kind(_("eSIM Go's callbacks are not signed as they should be"), False),
        "callbacks_silent": Kind(_("eSIM Go's callbacks do not come any more"), False),
        "ledger": Kind(_("The ledger does not add up"), True),
        "jobs_missing": Kind(_("The jobs process does not run"), True),
        "disk_full": Kind(_("The disk is nearly full"), True),
        "certificate_ending": Kind(_("The certificate ends soon"), False),
        "webhook_errors": Kind(_("Telegram cannot deliver its updates"), True),
        "customer_held": Kind(_("A customer's purchases are held"), False),
        "refund_stuck": Kind(_("A refund does not get through"), True),
        "unknown_payment": Kind(_("Somebody paid for what is not known"), False),
        "payment_not_listed": Kind(_("A payment is not in Telegram's list"), False),
        "refund_not_listed": Kind(_("A refund is not in Telegram's list"), False),
        "chargeback": Kind(_("A charge was taken back for what was delivered"), False),
    }


def tell(bot: BotApi, config: Config) -> int:
    """Send what the owner has not heard yet; returns how many messages went out. ALERT_CHAT_ID says where."""
    if config.alert_chat_id is None:
        return 0
    with speaking(config.default_language):
        return sum(_send(incident, bot, config) for incident in _news())


def _news() -> list[Incident]:
    open_ = Incident.closed_at.is_null()
    new = open_ & Incident.told_at.is_null()
    still = open_ & (Incident.told_at < clock.now() - REMINDED_AFTER)
    over = Incident.closed_at.is_null(False) & Incident.told_at.is_null(False)
    return list(Incident.select().where(new | still | over).order_by(Incident.opened_at).limit(AT_A_STRETCH))


def _send(incident: Incident, bot: BotApi, config: Config) -> bool:
    """Claimed before it is sent, so that two processes do not tell it twice; given back when it failed."""
    over = incident.closed_at is not None
    told_at = None if over else clock.now()
    if not _mark(incident, incident.told_at, told_at):
        return False
    text, urgent = _text(incident, config)
    try:
        bot.send_message(config.alert_chat_id or 0, text, silent=over or not urgent)
    except TelegramError as error:
        log.error("the owner was not told of %s: %s", incident.kind, error)
        _mark(incident, told_at, incident.told_at)
        return False
    return True


def _mark(incident: Incident, was: object, becomes: object) -> bool:
    as_read = Incident.told_at.is_null() if was is None else Incident.told_at == was
    return bool(Incident.update(told_at=becomes).where(Incident.id == incident.id, as_read).execute())


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
