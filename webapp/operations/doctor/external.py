"""What only others can tell: eSIM Go, Telegram, and our own door as it is seen from outside.

It calls eSIM Go, so it is for the jobs process and for commands, never for a page.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime

import requests
from peewee import PeeweeException

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import LANGUAGES
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, EsimGoError
from webapp.clients.http import Adapter, Answer, Bounds, NoAnswer, send
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import BadCall, TelegramError
from webapp.esims import callbacks
from webapp.operations import bot_setup, conditions, external_checks
from webapp.operations.doctor.findings import Finding, finding

BOUNDS = Bounds(connect_s=5, answer_s=10, size=1024 * 1024)
CLOCK_MAY_DIFFER = timedelta(seconds=30)
"""initData from the future is refused beyond 60 s."""
RECENT = timedelta(hours=1)
NOBODY_BEHIND = {502, 503, 504}
"""What a reverse proxy says while the web process does not run."""


def check_external(esimgo: ESIMGoClient, bot: BotApi, config: Config) -> Iterator[Finding]:
    yield from _provider(esimgo, config)
    yield from _telegram(bot, config)
    yield from _door(config)
    yield from _clock(config)


# --- eSIM Go


def _provider(esimgo: ESIMGoClient, config: Config) -> Iterator[Finding]:
    try:
        organisation = esimgo.authenticate()
    except AccessDenied as error:
        yield finding("key_refused", error=error.message)
        return
    except EsimGoError as error:
        yield finding("esimgo_silent", error=error, url=config.esimgo_api_url)
        return
    with suppress(PeeweeException):  # where the database is away, the rest is still worth knowing
        callbacks.address_seen(organisation.callback_url)
    yield finding("key_accepted", organisation=organisation.name or "–")
    if organisation.currency and organisation.currency.upper() != config.currency:
        yield finding("other_currency", theirs=organisation.currency, ours=config.currency)
    if organisation.balance <= 0:
        yield finding("balance_empty")
    else:
        yield finding("balance", amount=f"{organisation.balance / 1000:.2f} {config.currency}")
    yield _order_list(esimgo)


def _order_list(esimgo: ESIMGoClient) -> Finding:
    """Is there a list in which a purchase is found again when its answer was lost?"""
    now = clock.now()
    try:
        window = esimgo.list_orders(now - RECENT, now)
    except EsimGoError as error:
        return finding("order_list_refused", error=error)
    if not window.complete:
        return finding("order_list_odd")
    if window.filter != "heeded":
        return finding("order_list_unfiltered")
    return finding("order_list_well", count=len(window.orders))


# --- Telegram


def _telegram(bot: BotApi, config: Config) -> Iterator[Finding]:
    """The first that Telegram does not answer ends it: the others would say the same."""
    try:
        for check in (_token, _webhook, _menu_button, _commands, _alert_chat):
            yield from check(bot, config)
    except BadCall as error:
        yield finding("token_refused", error=error)
    except TelegramError as error:
        yield finding("telegram_silent", error=error, url=config.telegram_api_url)


def _token(bot: BotApi, _config: Config) -> Iterator[Finding]:
    me = bot.get_me()
    yield finding("token_accepted", name=me.username or "–")
    if me.has_topics_enabled:
        yield finding("topics_on")


def _webhook(bot: BotApi, config: Config) -> Iterator[Finding]:
    webhook, wanted = external_checks.webhook(bot, RECENT), bot_setup.webhook(config)
    if webhook.url != wanted:
        yield finding("webhook_elsewhere", told=webhook.url or "–", wanted=wanted)
        return
    if webhook.missing_updates:
        yield finding("updates_missing", missing=", ".join(webhook.missing_updates))
    if webhook.error and webhook.waiting:
        code = "webhook_secret" if "401" in webhook.error else "webhook_failing"
        yield finding(code, error=webhook.error, waiting=webhook.waiting)
    elif not webhook.missing_updates:
        yield finding("webhook_well")


def _menu_button(bot: BotApi, config: Config) -> Iterator[Finding]:
    opens = bot.get_chat_menu_button().rstrip("/")
    yield finding("button_well") if opens == config.public_url else finding("button_wrong", told=opens or "–")


def _commands(bot: BotApi, config: Config) -> Iterator[Finding]:
    wrong = [
        name
        for code, name in LANGUAGES.items()
        if bot.get_my_commands(bot_setup.for_language(code, config)) != bot_setup.commands(code)
    ]
    yield finding("commands_wrong", languages=", ".join(wrong)) if wrong else finding("commands_well")


def _alert_chat(bot: BotApi, config: Config) -> Iterator[Finding]:
    if config.alert_chat_id is None:
        return
    try:
        bot.send_chat_action(config.alert_chat_id)
    except BadCall as error:
        yield finding("alert_chat_closed", chat=config.alert_chat_id, error=error)
    else:
        yield finding("alert_chat_open")


# --- our own door


def _door(config: Config) -> Iterator[Finding]:
    yield from _certificate(config)
    try:
        yield from _answers(config)
    except NoAnswer as error:
        yield finding("door_closed", url=config.public_url, error=error.reason)


def _certificate(config: Config) -> Iterator[Finding]:
    host = external_checks.host(config)
    try:
        ends_at = external_checks.certificate_ends_at(config)
    except OSError as error:
        yield finding("certificate_bad", host=host, error=error)
        return
    if ends_at is not None:
        days = (ends_at - clock.now()).days
        code = "certificate_ending" if days < conditions.CERTIFICATE_LEAST.days else "certificate_good"
        yield finding(code, host=host, days=days)


def _answers(config: Config) -> Iterator[Finding]:
    """Who answers there, and does it know the secret that Telegram will bring? An empty update is not one."""
    health = _ask(config, "GET", f"{config.public_url}/healthz")
    if health.status in NOBODY_BEHIND:
        yield finding("door_closed", url=config.public_url, error=f"status {health.status} of the proxy")
        return
    if health.status != 200 or b'"ok"' not in health.body:
        yield finding("door_of_others", url=config.public_url, status=health.status)
        return
    secret = {"X-Telegram-Bot-Api-Secret-Token": config.telegram_webhook_secret}
    knocked = _ask(config, "POST", bot_setup.webhook(config), headers=secret, json={})
    code = {400: "door_well", 401: "door_other_secret"}.get(knocked.status, "door_of_others")
    yield finding(code, url=config.public_url, status=knocked.status)


def _clock(config: Config) -> Iterator[Finding]:
    """Telegram's time is the one that initData is signed with."""
    try:
        told = _ask(config, "GET", config.telegram_api_url).headers.get("Date", "")
        ahead = clock.now() - parsedate_to_datetime(told)
    except (NoAnswer, ValueError):
        yield finding("clock_unknown")
        return
    wrong = abs(ahead) > CLOCK_MAY_DIFFER
    yield finding("clock_wrong" if wrong else "clock_well", seconds=f"{ahead.total_seconds():+.0f}")


def _ask(config: Config, method: str, url: str, **content: dict[str, str]) -> Answer:
    """Raises NoAnswer."""
    request = requests.Request(method, url, **content).prepare()
    adapter = Adapter(config.ca_file)
    try:
        return send(adapter, request, BOUNDS)
    finally:
        adapter.close()
