"""Every setting: its default, what it takes, what it refuses, and in which words."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.settings import settings_of
from webapp.base import server
from webapp.base.config import ONLY_IN_DEVELOPMENT, Config, ConfigError
from webapp.base.setting_types import is_loopback

NEEDED = {
    "ESIMGO_API_KEY": "key-of-esimgo",
    "TELEGRAM_BOT_TOKEN": "4242:secret-of-bot",
    "TELEGRAM_WEBHOOK_SECRET": "secret-of-hook",
}
LOCAL = {"ESIMGO_API_URL": "http://127.0.0.1:8090/v2.5", "TELEGRAM_API_URL": "http://localhost:8091"}

DEFAULTS = {
    "ESIMGO_API_KEY_PREVIOUS": None,
    "ESIMGO_API_URL": "https://api.esim-go.com/v2.5",
    "ESIMGO_ORDER_INTERVAL_S": 3.0,
    "ESIMGO_UNSIGNED_HINTS": "off",
    "ESIMGO_REFUNDS": "off",
    "CATALOGUE_TTL_S": 3600,
    "TELEGRAM_API_URL": "https://api.telegram.org",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "DATABASE_URL": "sqlite:///var/simka.db",
    "DATA_KEYS": None,
    "MARKUP_PERCENT": Decimal(40),
    "CURRENCY": "USD",
    "ADMIN_TELEGRAM_IDS": (),
    "ALERT_CHAT_ID": None,
    "ALERT_EMAIL": None,
    "STAR_USD": Decimal("0.013"),
    "DEADLINE_S": 900,
    "QUOTE_S": 120,
    "SETTLE_S": 120,
    "LEASE_S": 15,
    "DEFAULT_LANGUAGE": "en",
    "SHOP_NAME": "Simka",
    "SUPPORT_URL": None,
    "LEGAL_FILE": Path("legal.toml"),
    "FORGOTTEN_FILE": Path("var/forgotten"),
    "SMTP_URL": None,
    "SMTP_FROM": None,
    "CA_FILE": None,
    "SENTRY_DSN": None,
    "LOG_FORMAT": "text",
    "RATE_LIMITS": "customer=1200/minute address=6000/minute",
    "PURCHASE_LIMITS": "orders=10/day stars=25000/day first=10000 burst=5/hour",
    "METRICS_PORT": None,
    "TRUSTED_PROXIES": 0,
    "SECRET_KEY": None,
    "BIND_ADDRESS": "127.0.0.1",
    "PORT": 8000,
    "TELEGRAM_SANDBOX_URL": None,
    "CLOCK_FILE": None,
    "KILL_AT": None,
}

DATA_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OLD_KEY = "_" * 42 + "8="

GOOD = [
    ("ESIMGO_API_KEY", " k-1 ", "k-1"),
    ("ESIMGO_API_KEY_PREVIOUS", "old", "old"),
    ("ESIMGO_API_URL", "https://eu.example.com/v2.5/", "https://eu.example.com/v2.5"),
    ("ESIMGO_ORDER_INTERVAL_S", "0.5", 0.5),
    ("ESIMGO_UNSIGNED_HINTS", "on", "on"),
    ("ESIMGO_REFUNDS", "on", "on"),
    (
        "PURCHASE_LIMITS",
        " orders=1/day stars=2/day first=0 burst=3/hour",
        "orders=1/day stars=2/day first=0 burst=3/hour",
    ),
    ("CATALOGUE_TTL_S", "60", 60),
    ("TELEGRAM_BOT_TOKEN", "1:a_B-9", "1:a_B-9"),
    ("TELEGRAM_API_URL", "https://bots.example.com", "https://bots.example.com"),
    ("TELEGRAM_WEBHOOK_SECRET", "a" * 256, "a" * 256),
    ("PUBLIC_URL", "https://shop.example.com/", "https://shop.example.com"),
    ("DATABASE_URL", "sqlite:////srv/simka.db", "sqlite:////srv/simka.db"),
    ("DATABASE_URL", "postgresql://u:p@db.example.com/simka", "postgresql://u:p@db.example.com/simka"),
    ("DATABASE_URL", "postgres:///simka?host=/run/postgresql", "postgresql:///simka?host=/run/postgresql"),
    ("DATA_KEYS", f" {DATA_KEY} ", (DATA_KEY,)),
    ("DATA_KEYS", f"{DATA_KEY},{'/' * 42}8=", (DATA_KEY, OLD_KEY)),
    ("MARKUP_PERCENT", "12.5", Decimal("12.5")),
    ("CURRENCY", "USD", "USD"),
    ("ADMIN_TELEGRAM_IDS", "123456789, 42 42", (123456789, 42)),
    ("ALERT_CHAT_ID", "-1001234567890", -1001234567890),
    ("ALERT_EMAIL", "owner@example.com", "owner@example.com"),
    ("CA_FILE", __file__, Path(__file__)),
    ("SENTRY_DSN", "https://key@sentry.example.com/1", "https://key@sentry.example.com/1"),
    ("STAR_USD", "0.02", Decimal("0.02")),
    ("DEADLINE_S", "180", 180),
    ("QUOTE_S", "10", 10),
    ("SETTLE_S", "1", 1),
    ("LEASE_S", "600", 600),
    ("DEFAULT_LANGUAGE", "ru", "ru"),
    ("SHOP_NAME", " Лунный магазин ", "Лунный магазин"),
    ("SUPPORT_URL", "https://t.me/help_desk/", "https://t.me/help_desk"),
    ("LEGAL_FILE", "/etc/simka/legal.toml", Path("/etc/simka/legal.toml")),
    ("FORGOTTEN_FILE", "/srv/simka/forgotten", Path("/srv/simka/forgotten")),
    ("SMTP_URL", "smtps://u:p@mail.example.com:465", "smtps://u:p@mail.example.com:465"),
    ("SMTP_FROM", "Лунный магазин <shop@example.com>", "Лунный магазин <shop@example.com>"),
    ("LOG_FORMAT", "json", "json"),
    ("RATE_LIMITS", "customer=9/second address=99/hour", "customer=9/second address=99/hour"),
    ("METRICS_PORT", "9100", 9100),
    ("TRUSTED_PROXIES", "1", 1),
    ("SECRET_KEY", "a-long-random-text", "a-long-random-text"),
    ("BIND_ADDRESS", "::1", "::1"),
    ("PORT", "65535", 65535),
    ("TELEGRAM_SANDBOX_URL", "http://127.0.0.1:8091", "http://127.0.0.1:8091"),
    ("CLOCK_FILE", "/tmp/clock", Path("/tmp/clock")),
    ("KILL_AT", "order.post.sent", "order.post.sent"),
]

BAD = [
    ("ESIMGO_REFUNDS", "yes"),
    ("PURCHASE_LIMITS", "orders=1 stars=2 first=3 burst=4"),
    ("PURCHASE_LIMITS", "off"),
    ("ESIMGO_API_KEY", "two words"),
    ("ESIMGO_API_KEY", "ключ"),
    ("ESIMGO_API_KEY_PREVIOUS", "a\nb"),
    ("ESIMGO_API_URL", "api.esim-go.com"),
    ("ESIMGO_API_URL", "http://api.esim-go.com"),
    ("ESIMGO_API_URL", "http://127.0.0.1.example.com"),
    ("ESIMGO_API_URL", "https://"),
    ("ESIMGO_API_URL", "https://[::1"),
    ("ESIMGO_ORDER_INTERVAL_S", "-1"),
    ("ESIMGO_ORDER_INTERVAL_S", "nan"),
    ("ESIMGO_ORDER_INTERVAL_S", "soon"),
    ("ESIMGO_UNSIGNED_HINTS", "yes"),
    ("CATALOGUE_TTL_S", "59"),
    ("CATALOGUE_TTL_S", "60.5"),
    ("TELEGRAM_BOT_TOKEN", "no-colon"),
    ("TELEGRAM_BOT_TOKEN", "12:to/ken"),
    ("TELEGRAM_API_URL", "ftp://127.0.0.1"),
    ("TELEGRAM_WEBHOOK_SECRET", "with space"),
    ("TELEGRAM_WEBHOOK_SECRET", "a" * 257),
    ("PUBLIC_URL", "http://shop.example.com"),
    ("DATABASE_URL", "mysql://localhost/simka"),
    ("DATABASE_URL", "postgresql://localhost"),
    ("DATABASE_URL", "sqlite:///"),
    ("DATA_KEYS", "hush"),
    ("DATA_KEYS", DATA_KEY[4:]),
    ("DATA_KEYS", f"{DATA_KEY} {DATA_KEY}"),
    ("DATA_KEYS", f"{DATA_KEY} {DATA_KEY[:-1]}"),
    ("DATA_KEYS", " , "),
    ("MARKUP_PERCENT", "-0.1"),
    ("MARKUP_PERCENT", "1e9"),
    ("MARKUP_PERCENT", "sNaN"),
    ("CURRENCY", "EUR"),
    ("ADMIN_TELEGRAM_IDS", "@owner"),
    ("ADMIN_TELEGRAM_IDS", "0"),
    ("ADMIN_TELEGRAM_IDS", "12 -1001234567890"),
    ("ALERT_CHAT_ID", "@owner"),
    ("ALERT_EMAIL", "owner"),
    ("CA_FILE", "/nowhere/ca.pem"),
    ("SENTRY_DSN", "key@sentry"),
    ("STAR_USD", "0"),
    ("STAR_USD", "a star"),
    ("DEADLINE_S", "179"),
    ("QUOTE_S", "9"),
    ("SETTLE_S", "0"),
    ("LEASE_S", "1"),
    ("DEFAULT_LANGUAGE", "de"),
    ("SHOP_NAME", "   "),
    ("SUPPORT_URL", "@help_desk"),
    ("LEGAL_FILE", "legal.txt"),
    ("SMTP_URL", "mail.example.com:587"),
    ("SMTP_URL", "smtp://mail.example.com:many"),
    ("SMTP_URL", "https://mail.example.com"),
    ("SMTP_FROM", "shop"),
    ("SMTP_FROM", "Shop <shop@example.com>\nBcc: x@example.com"),
    ("LOG_FORMAT", "xml"),
    ("RATE_LIMITS", "customer=9/second"),
    ("RATE_LIMITS", "customer=9/fortnight address=99/hour"),
    ("METRICS_PORT", "65535"),
    ("TRUSTED_PROXIES", "10"),
    ("TRUSTED_PROXIES", "-1"),
    ("SECRET_KEY", "two words"),
    ("BIND_ADDRESS", "everywhere"),
    ("BIND_ADDRESS", "0.0.0.0:8000"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "80a"),
    ("PORT", "9" * 30),
    ("TELEGRAM_SANDBOX_URL", "window"),
    ("KILL_AT", "  "),
]


def read(**environ: str) -> Config:
    return settings_of({"ENV_FILE": os.devnull} | NEEDED | environ)


def refusal(**environ: str) -> str:
    """The one line that the start ends with."""
    with pytest.raises(ConfigError) as caught:
        read(**environ)
    line = str(caught.value)
    assert "\n" not in line
    return line


MAIL = {"SMTP_URL": "smtp://127.0.0.1:2525", "SMTP_FROM": "shop@example.com"}


def local_with(name: str, value: str) -> dict[str, str]:
    """A setting beside local stand-ins, unless it is about one of them, and beside what belongs to it."""
    about_a_stand_in = name in LOCAL
    in_public = {"DATA_KEYS": DATA_KEY} if name == "PUBLIC_URL" else {}
    both = (MAIL if name in {*MAIL, "ALERT_EMAIL"} else {}) | in_public | {name: value}
    return both if about_a_stand_in else LOCAL | both


@pytest.mark.parametrize("name", sorted(MAIL))
def test_a_mail_server_and_its_sender_belong_together(name: str) -> None:
    (missing,) = set(MAIL) - {name}
    assert refusal(**LOCAL, **{name: MAIL[name]}).startswith(f"{missing} is missing")


def test_alerts_by_mail_need_a_mail_server() -> None:
    assert refusal(**LOCAL, ALERT_EMAIL="owner@example.com").startswith("ALERT_EMAIL needs SMTP_URL")


def test_the_defaults_are_those_of_the_documents() -> None:
    found = {n.upper(): f.default for n, f in Config.model_fields.items() if not f.is_required()}
    assert found == DEFAULTS


@pytest.mark.parametrize("name", sorted(DEFAULTS))
@pytest.mark.parametrize("unset", ["absent", "empty"])
def test_what_is_not_set_has_its_default(name: str, unset: str) -> None:
    config = read(**({name: ""} if unset == "empty" else {}))
    assert getattr(config, name.lower()) == DEFAULTS[name]


def test_there_is_a_good_and_a_bad_example_of_every_setting() -> None:
    names = {name.upper() for name in Config.model_fields}
    assert {name for name, _, _ in GOOD} == names
    assert {name for name, _ in BAD} == names - {"CLOCK_FILE", "FORGOTTEN_FILE"}, "any text can be a path"


@pytest.mark.parametrize(("name", "raw", "value"), GOOD)
def test_a_good_value_is_taken_without_the_space_around_it(name: str, raw: str, value: Any) -> None:
    assert getattr(read(**local_with(name, raw)), name.lower()) == value


@pytest.mark.parametrize(("name", "raw"), BAD)
def test_a_bad_value_stops_the_start_with_a_line_that_names_it(name: str, raw: str) -> None:
    assert refusal(**local_with(name, raw)).startswith(f"{name} ")


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_is_needed_and_missing_is_named(name: str) -> None:
    assert refusal(**{name: ""}).startswith(f"{name} is missing")


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-in-a-file\n")
    assert read(ESIMGO_API_KEY="", ESIMGO_API_KEY_FILE=f"{tmp_path}/key").esimgo_api_key == "key-in-a-file"


def test_a_bad_value_in_a_file_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two words")
    assert refusal(ESIMGO_API_KEY="", ESIMGO_API_KEY_FILE=f"{tmp_path}/key").startswith("ESIMGO_API_KEY ")


def test_a_setting_and_its_file_are_not_both_taken(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("other")
    line = refusal(ESIMGO_API_KEY_FILE=f"{tmp_path}/key")
    assert line == "ESIMGO_API_KEY and ESIMGO_API_KEY_FILE are both set: keep one"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    line = refusal(ESIMGO_API_KEY="", ESIMGO_API_KEY_FILE=f"{tmp_path}/key")
    assert line == f"ESIMGO_API_KEY_FILE: cannot read {tmp_path}/key"


@pytest.mark.parametrize(
    ("local", "real"), [("ESIMGO_API_URL", "TELEGRAM_API_URL"), ("TELEGRAM_API_URL", "ESIMGO_API_URL")]
)
def test_one_stand_in_without_the_other_is_refused(local: str, real: str) -> None:
    line = refusal(**{local: LOCAL[local]})
    assert line.startswith(f"{real} is real but {local} is a local sandbox")


def test_both_stand_ins_or_none_are_taken() -> None:
    assert read(**LOCAL).esimgo_api_url == LOCAL["ESIMGO_API_URL"]
    assert read().esimgo_api_url == DEFAULTS["ESIMGO_API_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("TELEGRAM_SANDBOX_URL", "http://127.0.0.1:8091"), ("CLOCK_FILE", "/tmp/clock"), ("KILL_AT", "a.b")],
)
def test_what_is_for_development_is_refused_in_public(name: str, value: str) -> None:
    line = refusal(PUBLIC_URL="https://shop.example.com", DATA_KEYS=DATA_KEY, **{name: value})
    assert line.startswith(f"{name} is for development only")


def test_every_setting_for_development_is_known_to_the_test_above() -> None:
    found = {n.upper() for n, f in Config.model_fields.items() if f.json_schema_extra == ONLY_IN_DEVELOPMENT}
    assert found == {"TELEGRAM_SANDBOX_URL", "CLOCK_FILE", "KILL_AT"}


def test_a_shop_in_public_needs_a_key_for_its_data_and_is_told_how_to_make_one() -> None:
    line = refusal(PUBLIC_URL="https://shop.example.com")
    assert line.startswith("DATA_KEYS is missing")
    assert "`openssl rand -base64 32`" in line


def test_secrets_are_never_in_the_repr() -> None:
    rotated = {"ESIMGO_API_KEY_PREVIOUS": "key-of-yesterday", "SECRET_KEY": "key-of-links"}
    shown = repr(read(**rotated, DATA_KEYS=DATA_KEY))
    assert "Simka" in shown
    for secret in (*NEEDED.values(), *rotated.values(), DATA_KEY):
        assert secret not in shown


@pytest.mark.parametrize("name", [*NEEDED, "ESIMGO_API_KEY_PREVIOUS", "SECRET_KEY", "DATA_KEYS"])
def test_a_refused_secret_is_not_repeated(name: str) -> None:
    assert "hush" not in refusal(**{name: "hush hush/"})


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.1.2.3", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://user@example.com#127.0.0.1", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_the_machine_itself_is_loopback(url: str, local: bool) -> None:
    assert is_loopback(url) is local


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.5"])
def test_the_web_listens_to_others_only_behind_a_proxy(address: str) -> None:
    assert "TRUSTED_PROXIES" in refusal(BIND_ADDRESS=address)
    assert read(BIND_ADDRESS=address, TRUSTED_PROXIES="1").bind_address == address


@pytest.mark.parametrize("given", [{}, {"BIND_ADDRESS": "0.0.0.0", "TRUSTED_PROXIES": "1"}])
def test_the_web_server_listens_where_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in (NEEDED | given | {"MALLOC_ARENA_MAX": "2"}).items():
        monkeypatch.setenv(name, value)
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: became.append(command))
    server.main()
    assert became[0][became[0].index("--host") + 1] == given.get("BIND_ADDRESS", "127.0.0.1")
