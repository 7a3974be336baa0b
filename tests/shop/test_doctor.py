"""What a merchant gets wrong is found, said in plain words, and comes with what helps."""

import ast
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import pytest
import requests
import responses

from jobs import check_external
from jobs import doctor as command
from jobs.context import Context
from tests.settings import changed
from tests.shop.factories import lead, leader, make_bundle, make_plan, window
from tests.shop.standins import Bot, Provider, always
from webapp.base import clock
from webapp.base.config import ROOT, Config
from webapp.base.i18n import LANGUAGES, speaking
from webapp.clients.esimgo.errors import AccessDenied, Refused, Unavailable
from webapp.clients.esimgo.payloads import Organisation
from webapp.clients.telegram.errors import BadCall, Blocked, NotReached
from webapp.clients.telegram.updates import WebhookInfo
from webapp.esims import callbacks
from webapp.models import Callback, Plan, Setting, db
from webapp.operations import bot_setup, doctor, external_checks
from webapp.operations.doctor import Finding
from webapp.operations.doctor.words import words
from webapp.state import processes
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("database")

SHOP = "https://shop.example.com"
TELEGRAM = "https://telegram.example.com"

Told = tuple[int, dict[str, str], str]
"""An answer as it comes over the wire: status, headers, body."""


class Street:
    """What answers at our own address and at Telegram's, as it is seen from outside."""

    def __init__(self, secret: str) -> None:
        self.health: Told | Exception = 200, {}, '{"status":"ok"}'
        self.secret = secret
        self.ahead = timedelta(0)
        self.certificate_s: float | OSError = 80 * 86_400

    def stand(self, wire: responses.RequestsMock) -> None:
        wire.add_callback("GET", f"{SHOP}/healthz", lambda _request: self.health)
        wire.add_callback("POST", f"{SHOP}/api/telegram/webhook", self.knock)
        wire.add_callback("GET", TELEGRAM, self.tell_the_time)

    def knock(self, request: requests.PreparedRequest) -> Told:
        """As the shop does: an update that says nothing is a bad request, once its sender is believed."""
        believed = request.headers.get("X-Telegram-Bot-Api-Secret-Token") == self.secret
        return 400 if believed else 401, {}, ""

    def tell_the_time(self, _request: requests.PreparedRequest) -> Told:
        return 302, {"Date": format_datetime(clock.now() - self.ahead, usegmt=True)}, ""

    def certificate_end(self, host: str, port: int, _authorities: Path | None = None) -> object:
        if isinstance(self.certificate_s, OSError):
            raise self.certificate_s
        return clock.now() + timedelta(seconds=self.certificate_s)


@pytest.fixture
def street(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    street = Street(config.telegram_webhook_secret)
    monkeypatch.setattr(external_checks, "certificate_end", street.certificate_end)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        street.stand(wire)
        yield street


class Merchant:
    """A shop in which everything is as it should be, until something is not."""

    def __init__(self, config: Config, bot: Bot, provider: Provider, street: Street) -> None:
        self.bot, self.provider, self.street = bot, provider, street
        self.config = changed(
            config,
            public_url=SHOP,
            esimgo_api_url="https://api.example.com",
            telegram_api_url=TELEGRAM,
            trusted_proxies=1,
            support_url="https://t.me/somebody",
            alert_chat_id=777,
        )
        facts = ("seller", "address", "contact", "law")
        config.legal_file.write_text("".join(f'{name} = "told"\n' for name in facts))
        lead()
        make_plan()
        Setting.write_time("catalogue.synced_at", clock.now())
        account = {"balance": 1000, "currency": "USD", "name": "Example", "callbackUrl": self.callback}
        self.provider.account = Organisation.model_validate(account)
        Callback.create(digest="d", body="{}", signature="hex", verdict="done")
        bot_setup.configure(bot, self.config)

    @property
    def callback(self) -> str:
        return f"{SHOP}/api/esimgo/webhook"

    def hears(self) -> dict[str, Finding]:
        outside = doctor.check_external(self.provider, self.bot, self.config)
        found = [*outside, *doctor.check_local(self.config)]
        return {finding.code: finding for finding in found}

    def set(self, **settings: object) -> None:
        self.config = changed(self.config, **settings)


@pytest.fixture
def merchant(
    config: Config, bot: Bot, provider: Provider, street: Street, monkeypatch: pytest.MonkeyPatch
) -> Merchant:
    file = config.legal_file.with_name("simka.env")
    file.write_text("ESIMGO_API_KEY=key\nTELEGRAM_BOT_TOKEN=1:a\nTELEGRAM_WEBHOOK_SECRET=secret\n")
    for private in (file, *file.parent.glob("simka.db*")):
        private.chmod(0o600)
    monkeypatch.setenv("ENV_FILE", str(file))
    return Merchant(config, bot, provider, street)


def state(found: Finding) -> str:
    return doctor.worded(found).state


def test_all_is_well_in_a_shop_that_is_set_up(merchant: Merchant) -> None:
    found = merchant.hears()
    assert [code for code, finding in found.items() if state(finding) != "ok"] == []
    assert len(found) >= 15


def account(merchant: Merchant, **values: object) -> None:
    about = {"balance": 1000, "currency": "USD", "callbackUrl": merchant.callback} | values
    merchant.provider.account = Organisation.model_validate(about)


def webhook(merchant: Merchant, **values: object) -> None:
    about: dict[str, object] = {
        "url": bot_setup.webhook(merchant.config),
        "allowed_updates": bot_setup.ALLOWED_UPDATES,
    }
    merchant.bot.webhook = WebhookInfo.model_validate(about | values)


def fails_with(error: str) -> dict[str, object]:
    now = int(clock.timestamp())
    return {"last_error_date": now, "last_error_message": error, "pending_update_count": 2}


def refuse(method: str) -> Callable[[str], object]:
    def mood(called: str) -> None:
        if called == method:
            raise Blocked("chat not found")

    return mood


def write_down(merchant: Merchant, line: str) -> None:
    with Path(os.environ["ENV_FILE"]).open("a") as file:
        file.write(f"{line}\n")


Mistake = Callable[[Merchant], object]

MISTAKES: dict[str, Mistake] = {
    "key_refused": lambda m: setattr(m.provider, "account", AccessDenied(403, "access denied", ())),
    "esimgo_silent": lambda m: setattr(m.provider, "account", Unavailable("no answer")),
    "other_currency": lambda m: account(m, currency="EUR"),
    "balance_empty": lambda m: account(m, balance=0),
    "order_list_refused": lambda m: setattr(m.provider, "window", Refused(400, "no")),
    "order_list_odd": lambda m: setattr(m.provider, "window", window(complete=False)),
    "callback_address": lambda m: account(m, callbackUrl="https://old.example.com"),
    "callbacks_none_yet": lambda m: Callback.delete().execute(),
    "token_refused": lambda m: setattr(m.bot, "mood", always(BadCall("401: Unauthorized"))),
    "topics_on": lambda m: setattr(m.bot, "topics", True),
    "telegram_silent": lambda m: setattr(m.bot, "mood", always(NotReached("no connection"))),
    "webhook_elsewhere": lambda m: webhook(m, url="https://old.example.com/hook"),
    "updates_missing": lambda m: webhook(m, allowed_updates=["message"]),
    "webhook_secret": lambda m: webhook(m, **fails_with("Wrong response from the webhook: 401 Unauthorized")),
    "webhook_failing": lambda m: webhook(m, **fails_with("Connection refused")),
    "button_wrong": lambda m: setattr(m.bot, "menu_button", "https://old.example.com"),
    "commands_wrong": lambda m: m.bot.commands.clear(),
    "alert_chat_closed": lambda m: setattr(m.bot, "mood", refuse("sendChatAction")),
    "certificate_ending": lambda m: setattr(m.street, "certificate_s", 5 * 86_400),
    "certificate_bad": lambda m: setattr(m.street, "certificate_s", OSError("self-signed certificate")),
    "door_closed": lambda m: setattr(m.street, "health", requests.ConnectionError("refused")),
    "door_of_others": lambda m: setattr(m.street, "health", (404, {}, "nginx")),
    "door_other_secret": lambda m: setattr(m.street, "secret", "of another shop"),
    "clock_wrong": lambda m: setattr(m.street, "ahead", timedelta(seconds=90)),
    "database_away": lambda m: db.bind(f"sqlite:///{m.config.legal_file.parent}"),
    "migrations_missing": lambda m: db.database.execute_sql("DELETE FROM schema_migration"),
    "scheduler_missing": lambda m: m.config.clock_file and m.config.clock_file.write_text("100000"),
    "settings_unreadable": lambda m: write_down(m, "MARKUP_PERCENT=much"),
    "settings_unknown": lambda m: write_down(m, "BACKUP_BUCKET=simka"),
    "settings_outdated": lambda m: processes.began("web", changed(Config.read(), shop_name="Old")),
    "files_open": lambda m: Path(os.environ["ENV_FILE"]).chmod(0o644),
    "public_url_is_here": lambda m: m.set(public_url="http://127.0.0.1:8000"),
    "public_url_unfit": lambda m: m.set(public_url=f"{SHOP}:8080"),
    "proxy_not_trusted": lambda m: m.set(trusted_proxies=0),
    "plans_lose_money": lambda m: Plan.update(stars=100).execute(),
    "star_too_dear": lambda m: m.set(star_usd=2 * m.config.star_usd),
    "catalogue_empty": lambda m: Setting.write("catalogue.synced_at", None),
    "catalogue_held": lambda m: Setting.write("catalogue.held", {"at": "", "known": 9, "missing": 5}),
    "legal_missing": lambda m: m.config.legal_file.unlink(),
    "support_missing": lambda m: m.set(support_url=None),
    "alerts_nowhere": lambda m: m.set(alert_chat_id=None),
}


@pytest.mark.parametrize("code", MISTAKES)
def test_each_mistake_is_found_with_its_remedy(merchant: Merchant, code: str) -> None:
    MISTAKES[code](merchant)
    found = merchant.hears()
    assert code in found, found
    for language in LANGUAGES:
        with speaking(language):
            told = doctor.worded(found[code])
        assert told.state != "ok"
        assert len(told.remedy) > 10
        assert "%(" not in told.sentence + told.remedy


@pytest.mark.parametrize("filter_", ["refused", "ignored"])
def test_a_list_of_orders_without_a_filter_is_worth_a_word(
    merchant: Merchant, filter_: Literal["refused", "ignored"]
) -> None:
    merchant.provider.window = window()._replace(filter=filter_)
    assert state(merchant.hears()["order_list_unfiltered"]) == "ok"


def test_callbacks_that_are_refused_again_and_again_are_told(merchant: Merchant) -> None:
    told, counts = {"callbacks_unsigned", "callbacks_forged"}, Funnel()
    for header in 4 * [None, "forged"]:
        callbacks.receive(b"{}", header, merchant.config, counts)
    counts.write_down()
    assert not told & set(merchant.hears()), "a stranger who knocks"
    for header in (None, "forged"):
        callbacks.receive(b"{}", header, merchant.config, counts)
    counts.write_down()
    assert told <= set(merchant.hears())


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_file_that_others_can_read_is_named_with_its_cure(
    merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    key, database = tmp_path / "key", tmp_path / "shop.db"
    for file in (key, database):
        file.write_text("secret")
        file.chmod(mode)
    monkeypatch.setenv("ESIMGO_API_KEY_FILE", str(key))
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "gone"))
    merchant.set(database_url=f"sqlite:///{database}")
    told = merchant.hears()["files_open"]
    assert told.values == {"files": f"{key} {database}"}
    assert f"chmod o= {key} {database}" in doctor.worded(told).remedy
    for file in (key, database):
        file.chmod(0o640)
    assert "files_open" not in merchant.hears(), "its group is the owner's choice"


def codes() -> Iterator[str]:
    """Every code that a check can find, as the source names them."""
    for path in [*Path(ROOT / "webapp/operations/doctor").glob("*.py"), ROOT / "jobs/doctor.py"]:
        if path.name != "words.py":
            calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
            yield from (node.value for node in calls if isinstance(node.value, str) and node.value in words())


def test_every_sentence_is_of_a_finding_and_speaks_both_languages() -> None:
    assert set(codes()) == set(words())
    with speaking("ru"):
        russian = words()
    with speaking("en"):
        same = [code for code, told in words().items() if told.sentence == russian[code].sentence]
    assert same == []


def test_what_was_found_outside_is_there_for_a_page(merchant: Merchant) -> None:
    context = Context(merchant.config, merchant.provider, merchant.bot, leader(), {})
    check_external.run(context)
    kept = doctor.last_report()
    assert kept is not None
    assert [state(found) for found in kept.findings] == ["ok"] * len(kept.findings)


def test_the_command_says_it_and_ends_with_1(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "create_app", lambda config: None)

    def looked(config: Config, name: str) -> int:
        doctor.save_report(doctor.check_external(merchant.provider, merchant.bot, config))
        return 0

    monkeypatch.setattr("jobs.schedule.run_once", looked)
    assert command.run(merchant.config) == 0
    assert "The shop can sell." in capsys.readouterr().out
    merchant.street.secret = "of another shop"
    assert command.run(merchant.config, "ru") == 1
    told = capsys.readouterr().out
    assert "ИСПРАВИТЬ" in told
    assert "→" in told


def test_a_leader_that_does_not_look_is_told(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "create_app", lambda config: None)
    monkeypatch.setattr("jobs.schedule.run_once", lambda config, name: 1)
    assert command.run(merchant.config) == 1


def test_a_margin_is_counted_at_what_a_star_really_brings(merchant: Merchant) -> None:
    make_bundle()
    Plan.update(stars=323).execute()  # 4.199 USD for what costs 4.20
    assert "plans_lose_money" in merchant.hears()
    Plan.update(stars=324).execute()
    assert "prices_cover_costs" in merchant.hears()


def test_a_proxy_with_nobody_behind_it_is_no_wrong_proxy(merchant: Merchant) -> None:
    merchant.street.health = 502, {}, "Bad Gateway"
    found = merchant.hears()
    assert "door_of_others" not in found
    assert "502" in doctor.worded(found["door_closed"]).sentence
