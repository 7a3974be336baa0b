"""What the owner should hear of, found by looking: each condition opens its incident, and closes it again.

What a single place in the code notices (a stuck refund, a customer who is held) opens an incident from there.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from math import ceil
from pathlib import Path

from peewee import fn

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.base.setting_types import is_loopback
from webapp.books import provider_audit, provider_balance, stars
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import TelegramError
from webapp.esims import callbacks
from webapp.models import OPEN_STAGES, Order, OrderEvent, Setting, Submission, db
from webapp.operations import external_checks
from webapp.orders import payments, reconciling, unplaced
from webapp.state import incidents, outages, provider, restoration

log = logging.getLogger(__name__)

Found = Mapping[str, str]
"""By subject ("" where there can be one only): a line that says how bad it is."""

STUCK_AFTER = timedelta(minutes=5)
UNCHECKED_AFTER = timedelta(minutes=1)
FAILURES_ALLOWED = 0.01
BURNING = 14
"""So many times more failures than allowed use up a month's allowance in two days."""
ENOUGH_TO_TELL = 10
QUIET_LAST = 2
DAY = timedelta(days=1)
RUNWAY_SHORT, RUNWAY_CRITICAL = timedelta(hours=24), timedelta(hours=6)
UNREAD_FOR = timedelta(hours=3)
TOLD_ONE_BY_ONE = 5
SILENT_AFTER_ACTIVATIONS = 3
DISK_LEAST_FREE = 0.1
CERTIFICATE_LEAST = timedelta(days=14)
STARS_LOST_EVERY = timedelta(seconds=30)
WEBHOOK_EVERY = timedelta(seconds=30)
WEBHOOK_ERROR_COUNTS_FOR = timedelta(minutes=10)
CERTIFICATE_EVERY = timedelta(hours=6)


def evaluate(config: Config, bot: BotApi) -> None:
    """Evaluate every condition that is due; open and close its incidents. One that fails stops no other."""
    for kind, find in CONDITIONS.items():
        try:
            found = find(config, bot)
        except Exception as error:
            if db.trouble(error):
                raise
            log.exception("the condition %s could not be evaluated", kind)
            continue
        if found is not None:
            _compare(kind, found)


def _compare(kind: str, found: Found) -> None:
    for subject, detail in found.items():
        incidents.open(kind, subject, detail)
    for incident in incidents.open_ones():
        if incident.kind == kind and incident.subject not in found:
            incidents.close(kind, incident.subject)


# --- orders


def _stuck_orders(_config: Config, _bot: BotApi) -> Found:
    late = Order.select().where(Order.stage.in_(OPEN_STAGES), Order.paid_at < clock.now() - STUCK_AFTER)
    return {order.reference: f"{order.stage}, paid at {order.paid_at:%H:%M} UTC" for order in late}


def _failing_orders(_config: Config, _bot: BotApi) -> Found:
    """Many failures in the last hour that still go on; in a quiet shop, the last orders of the day."""
    hour, lately = _ended(timedelta(hours=1)), _ended(timedelta(minutes=30))
    if len(hour) >= ENOUGH_TO_TELL:
        lost = _lost_share(hour)
        burning = min(lost, _lost_share(lately)) >= BURNING * FAILURES_ALLOWED
        return {"": f"{lost:.0%} of {len(hour)} orders failed in the last hour"} if burning else {}
    last = _ended(DAY)[:QUIET_LAST]
    failed = len(last) == QUIET_LAST and _lost_share(last) == 1
    return {"": f"the last {QUIET_LAST} orders failed"} if failed else {}


def _ended(span: timedelta) -> list[str]:
    """How paid orders have ended within the span, the latest first."""
    ended = OrderEvent.select(OrderEvent.to_stage).where(
        OrderEvent.to_stage.in_(("ready", "failed")),
        OrderEvent.from_stage != "expired",
        OrderEvent.at > clock.now() - span,
    )
    return [event.to_stage for event in ended.order_by(OrderEvent.at.desc(), OrderEvent.id.desc())]


def _answers_differ(_config: Config, _bot: BotApi) -> Found:
    """Opened where an answer is read: it goes on until the owner was told and the purchase is settled."""
    told = {one.subject: one for one in incidents.open_ones() if one.kind == "answer_differs"}
    open_ = Order.stage.in_(OPEN_STAGES) | (Submission.outcome.is_null() & Submission.sent_at.is_null(False))
    served = Submission.id == Order.submission_id
    recent = (Order.paid_at > clock.now() - reconciling.LOOK_FOR) & Order.reference.in_(list(told) or [""])
    unsettled = Order.select(Order.reference).join(Submission, on=served).where(recent, open_)
    references = {order.reference for order in unsettled}
    unread = {
        one.subject for one in told.values() if one.told_at is None and clock.now() - one.opened_at < DAY
    }
    return {subject: one.detail for subject, one in told.items() if subject in references | unread}


def _copy_found(_config: Config, _bot: BotApi) -> Found:
    """Opened where the evidence is seen: it goes on for a day."""
    since = clock.now() - DAY
    told = (one for one in incidents.open_ones() if one.kind == "copy_found")
    return {one.subject: one.detail for one in told if one.opened_at > since}


def _copy_unchecked(_config: Config, _bot: BotApi) -> Found:
    """Since a restart eSIM Go has not told whether what was paid for before is bought already."""
    past = restoration.past()
    if past.is_settled or clock.now() - past.began_at < UNCHECKED_AFTER:
        return {}
    waiting = Order.select().where(Order.stage.in_(OPEN_STAGES), Order.paid_at < past.began_at).count()
    return {"": f"{waiting} orders wait since {past.began_at:%H:%M} UTC"} if waiting else {}


def _lost_share(ended: list[str]) -> float:
    return ended.count("failed") / len(ended) if ended else 0.0


def _unplaced_charges(_config: Config, _bot: BotApi) -> Found:
    count, amount = unplaced.sums()
    return {"": f"{count} charges, {amount} Stars: serve or refund each at /admin/stars"} if count else {}


def _stars_short(_config: Config, _bot: BotApi) -> Found | None:
    """By what we know of the balance or, where that is nothing or not so, by what became of refunds."""
    missing, waiting = payments.shortage(), payments.waiting_for_balance()
    if missing:
        return {"": f"{ceil(missing / NANO)} Stars are missing for the refunds that are due"}
    if waiting:
        return {"": f"Telegram does not cover {waiting} refunds that are due"}
    return None if missing is None else {}


# --- eSIM Go


def _provider_unreachable(_config: Config, _bot: BotApi) -> Found:
    since = provider.failing_since()
    out = since is not None and clock.now() - since > outages.PAUSE_AFTER
    return {"": f"no good answer since {since:%H:%M} UTC"} if out else {}


def runway() -> timedelta | None:
    """How long the balance lasts at the pace of the last day, or of the last hour if that is faster."""
    told = provider.balance()
    pace = max(_spent(DAY) / DAY.total_seconds(), _spent(timedelta(hours=1)) / 3600)
    return None if told is None or pace == 0 else timedelta(seconds=told[0] / pace)


def _spent(span: timedelta) -> int:
    bought = (Submission.outcome == "bought") & (Submission.sent_at > clock.now() - span)
    return int(Submission.select(fn.SUM(Submission.cost)).where(bought).scalar() or 0)


def _runway_short(_config: Config, _bot: BotApi) -> Found:
    return _runway_between(RUNWAY_CRITICAL, RUNWAY_SHORT)


def _runway_critical(_config: Config, _bot: BotApi) -> Found:
    return _runway_between(timedelta(0), RUNWAY_CRITICAL)


def _runway_between(low: timedelta, high: timedelta) -> Found:
    left, told = runway(), provider.balance()
    if left is None or told is None or not low <= left < high:
        return {}
    return {"": f"{told[0] / 1000:.2f} left, enough for {left.total_seconds() / 3600:.0f} h at this pace"}


def _nobodys(verdict: str) -> Callable[[Config, BotApi], Found]:
    """Orders at eSIM Go that our rows do not explain and the owner has not settled. Of many, as the first
    look at a shop with a history may find them, a few are told by themselves.
    """

    def find(_config: Config, _bot: BotApi) -> Found:
        rows = provider_audit.unexplained((verdict,))
        found = {str(row.reference): provider_audit.in_words(row) for row in rows[:TOLD_ONE_BY_ONE]}
        more = len(rows) - len(found)
        return found | ({"": f"and {more} more: all of them are at /admin/books"} if more else {})

    return find


def _list_unread(_config: Config, _bot: BotApi) -> Found | None:
    """eSIM Go answers, and for hours no look at its orders has come to their end, or none has come at all."""
    last, whole = provider_audit.last_look(), provider_audit.last_look(complete=True)
    looked_at = last.at if last is not None and not last.complete else None
    in_vain = looked_at is not None and whole is not None and looked_at - whole.at >= UNREAD_FOR
    began_at = restoration.past().began_at
    since = max(began_at, whole.at) if whole else began_at
    is_late = began_at > restoration.BEGINNING and clock.now() - since >= UNREAD_FOR
    if not in_vain and not is_late:
        return {}
    if not in_vain and provider.failing_since() is not None:  # that is told, and tells nothing of the list
        return None
    return {"": f"not since {whole.at:%d %b %H:%M} UTC" if whole else "never yet"}


def _balance_missing(_config: Config, _bot: BotApi) -> Found:
    missing, look = provider_balance.difference(), provider_balance.last()
    if look is None or not missing:
        return {}
    return {"": f"{missing / 1000:.2f} {look.currency} are gone and no order has cost them"}


def _callbacks_unsigned(config: Config, _bot: BotApi) -> Found:
    pattern = callbacks.self_check(config).pattern
    told = ", ".join(f"{count} {reason}" for reason, count in pattern.items())
    return {"": f"refused in two days: {told}"} if told else {}


def _callbacks_silent(config: Config, _bot: BotApi) -> Found:
    """They came once, eSIMs were activated, and nothing came of it."""
    last_at = callbacks.self_check(config).last_at
    if last_at is None or clock.now() - last_at < DAY:
        return {}
    activated = Order.select().where(Order.activated_at > clock.now() - DAY).count()
    if activated < SILENT_AFTER_ACTIVATIONS:
        return {}
    return {"": f"{activated} eSIMs activated in 24 h, the last callback came {last_at:%d %b}"}


# --- Telegram, and this machine


def _stars_lost(_config: Config, bot: BotApi) -> Found | None:
    """A switch in Telegram costs Stars: it says so itself, or sales are listed for less than was paid."""
    if not _is_time("stars_lost", STARS_LOST_EVERY):
        return None
    try:
        topics = bot.get_me().has_topics_enabled
    except TelegramError:
        return None
    count, kept = stars.kept_lately()
    found = {
        "topics in private chats are on: 15 % of every sale": topics,
        f"{ceil(kept / NANO)} Stars kept of {count} sales of the last day": bool(count),
        f"{ceil(stars.spent_lately() / NANO)} Stars for ads or paid messages": stars.spent_lately() > 0,
    }
    told = "; ".join(sentence for sentence, is_so in found.items() if is_so)
    return {"": told} if told else {}


def _webhook_errors(_config: Config, bot: BotApi) -> Found | None:
    if not _is_time("webhook", WEBHOOK_EVERY):
        return None
    try:
        webhook = external_checks.webhook(bot, WEBHOOK_ERROR_COUNTS_FOR)
    except TelegramError as error:
        return {"": f"Telegram does not answer: {error}"}
    return {"": f"{webhook.error}; {webhook.waiting} updates wait"} if webhook.error else {}


def _disk_full(config: Config, _bot: BotApi) -> Found:
    """Of the machine that the database file is on; a PostgreSQL server's is its own affair."""
    folder = Path(config.database_url.removeprefix("sqlite:///")).parent
    if not config.database_url.startswith("sqlite:///") or not folder.is_dir():
        return {}
    usage = shutil.disk_usage(folder)
    full = usage.free < DISK_LEAST_FREE * usage.total
    return {"": f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.0f} GB"} if full else {}


def _certificate_ending(config: Config, _bot: BotApi) -> Found | None:
    if is_loopback(config.public_url) or not _is_time("certificate", CERTIFICATE_EVERY):
        return None
    host = external_checks.host(config)
    try:
        ends_at = external_checks.certificate_ends_at(config)
    except OSError as error:
        return {"": f"{host} cannot be reached by https: {error}"}
    left = None if ends_at is None else ends_at - clock.now()
    return {"": f"{host}: {left.days} days left"} if left and left < CERTIFICATE_LEAST else {}


def _is_time(name: str, every: timedelta) -> bool:
    """Rate-limits conditions that need a network call."""
    last = Setting.read_time(f"watch.{name}.looked_at")
    if last is not None and clock.now() - last < every:
        return False
    Setting.write_time(f"watch.{name}.looked_at", clock.now())
    return True


def _jobs_missing(_config: Config, _bot: BotApi) -> Found:
    """Whoever looks here leads: what the web has noticed (watchdog.py) is over."""
    return {}


CONDITIONS: Mapping[str, Callable[[Config, BotApi], Found | None]] = {
    "order_stuck": _stuck_orders,
    "orders_failing": _failing_orders,
    "answer_differs": _answers_differ,
    "unknown_payment": _unplaced_charges,
    "copy_found": _copy_found,
    "copy_unchecked": _copy_unchecked,
    "stars_short": _stars_short,
    "provider_unreachable": _provider_unreachable,
    "runway_short": _runway_short,
    "runway_critical": _runway_critical,
    "order_elsewhere": _nobodys("elsewhere"),
    "order_twice": _nobodys("twice"),
    "order_lost": _nobodys("lost"),
    "order_list_unread": _list_unread,
    "balance_missing": _balance_missing,
    "callbacks_unsigned": _callbacks_unsigned,
    "callbacks_silent": _callbacks_silent,
    "webhook_errors": _webhook_errors,
    "stars_lost": _stars_lost,
    "jobs_missing": _jobs_missing,
    "disk_full": _disk_full,
    "certificate_ending": _certificate_ending,
}
