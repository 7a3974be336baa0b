"""R33: `.env` means what it says: it is read as python-dotenv reads it, or the start ends with one line."""

import io
import logging
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from tests.shop.test_settings_documented import LINE
from webapp.base import env_file
from webapp.base.config import ROOT, Config, ConfigError, warn_of_unknown

NEEDED = "ESIMGO_API_KEY=key\nTELEGRAM_BOT_TOKEN=1:a\nTELEGRAM_WEBHOOK_SECRET=secret\n"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of settings, in the folder that the process runs in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENV_FILE")
    return tmp_path / ".env"


def read(file: Path, lines: str) -> Config:
    file.write_text(NEEDED + lines, encoding="utf-8")
    return Config.read()


def refusal(file: Path, lines: str) -> str:
    """The one line that the start ends with."""
    with pytest.raises(ConfigError) as caught:
        read(file, lines)
    line = str(caught.value)
    assert "\n" not in line
    return line


# --- what people write


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("SHOP_NAME=Almaty Travel eSIM", "shop_name", "Almaty Travel eSIM"),
        ('SHOP_NAME="Almaty Travel eSIM"', "shop_name", "Almaty Travel eSIM"),
        ("SHOP_NAME='Almaty Travel eSIM'", "shop_name", "Almaty Travel eSIM"),
        ("SHOP_NAME=Anna's eSIMs", "shop_name", "Anna's eSIMs"),
        ('SHOP_NAME="Anna\'s eSIMs"', "shop_name", "Anna's eSIMs"),
        (r"SHOP_NAME='Anna\'s eSIMs'", "shop_name", "Anna's eSIMs"),
        ('SHOP_NAME=The "Best" eSIMs', "shop_name", 'The "Best" eSIMs'),
        ("SHOP_NAME=Лунный магазин", "shop_name", "Лунный магазин"),
        ("SHOP_NAME=Simka # for now", "shop_name", "Simka"),
        ('SHOP_NAME="Simka # 1"', "shop_name", "Simka # 1"),
        ("SHOP_NAME=$HOME and ${PATH}", "shop_name", "$HOME and ${PATH}"),
        ("SHOP_NAME=100% & more; `date`", "shop_name", "100% & more; `date`"),
        ("SHOP_NAME = Simka \t", "shop_name", "Simka"),
        ("  export SHOP_NAME=Simka", "shop_name", "Simka"),
        ("SHOP_NAME=one\nSHOP_NAME=two", "shop_name", "two"),
        ("SHOP_NAME=Simka\r", "shop_name", "Simka"),
        ("SHOP_NAME=", "shop_name", "Simka"),
        ("SHOP_NAME= # the name", "shop_name", "Simka"),
        ("ADMIN_TELEGRAM_IDS=1001 1002", "admin_telegram_ids", (1001, 1002)),
        ("ADMIN_TELEGRAM_IDS=1001,1002", "admin_telegram_ids", (1001, 1002)),
        ("ADMIN_TELEGRAM_IDS=1001, 1002", "admin_telegram_ids", (1001, 1002)),
        ('ADMIN_TELEGRAM_IDS="1001 1002"', "admin_telegram_ids", (1001, 1002)),
        (
            "SMTP_FROM=Shop <shop@example.com>\nSMTP_URL=smtp://u:p$1x@host:587",
            "smtp_from",
            "Shop <shop@example.com>",
        ),
        (
            "SMTP_FROM=shop@example.com\nSMTP_URL=smtp://u:p$1x@host:587",
            "smtp_url",
            "smtp://u:p$1x@host:587",
        ),
        (
            "RATE_LIMITS=customer=9/second address=99/hour",
            "rate_limits",
            "customer=9/second address=99/hour",
        ),
        (
            "PURCHASE_LIMITS=orders=1/day stars=2/day first=3 burst=4/hour",
            "purchase_limits",
            "orders=1/day stars=2/day first=3 burst=4/hour",
        ),
        ("MARKUP_PERCENT=12.5", "markup_percent", Decimal("12.5")),
        ("ALERT_CHAT_ID=-1001234567890", "alert_chat_id", -1001234567890),
        (
            "DATABASE_URL=postgresql://u:p$w%2F'@db/simka",
            "database_url",
            "postgresql://u:p$w%2F'@db/simka",
        ),
    ],
)
def test_a_line_means_what_it_says(written: Path, line: str, name: str, value: Any) -> None:
    assert getattr(read(written, line), name) == value


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_from_another_system_is_read_from_its_first_line(
    written: Path, encoding: str, newline: str
) -> None:
    written.write_text(f"SHOP_NAME=Лунный магазин\n{NEEDED}", encoding=encoding, newline=newline)
    assert Config.read().shop_name == "Лунный магазин"


@given(st.text(alphabet="AB=#'\" \\\n\r\t$xé\ufeff-", max_size=60))
def test_it_is_read_as_python_dotenv_reads_it_or_refused(text: str) -> None:
    """Whatever lines there are, and on any of them."""
    expected = dict(dotenv_values(stream=io.StringIO(text), interpolate=False))
    try:
        found = env_file.parse(text, Path(".env"), {"A", "AB"})
    except ConfigError:
        return
    assert found == {name: value for name, value in expected.items() if value is not None}


# --- what stops the start


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('SHOP_NAME="Simka', ".env, line 4: SHOP_NAME cannot be read"),
        ("SHOP_NAME='Anna's eSIMs'", ".env, line 4: SHOP_NAME cannot be read"),
        ('SHOP_NAME="Simka" eSIMs', ".env, line 4: SHOP_NAME cannot be read"),
        ('\n\nSHOP_NAME="Simka\nPORT="8000"', ".env, line 6: SHOP_NAME cannot be read"),
        ('SHOP_NAME="Simka\nCURRENCY=USD"', ".env, line 4: SHOP_NAME goes on over several lines"),
        ("SHOP_NAME", ".env, line 4: SHOP_NAME lacks a value"),
        ('APPLE_PEM="begin\nSHOP_NAME=Simka\nPORT="', ".env, line 4: APPLE_PEM goes on over several lines"),
        ("SHOP_NAME: Simka", ".env, line 4: SHOP_NAME cannot be read"),
        ("MARKUP=40\nSHOP_NAM=Simka", "SHOP_NAM is no setting: did you mean SHOP_NAME?"),
        ("DATA_KEY=secret-of-mine", "DATA_KEY is no setting: did you mean DATA_KEYS?"),
        ("TELEGRAM_BOT_TOKEN_FILES=/x", "TELEGRAM_BOT_TOKEN_FILES is no setting"),
        ("ADMIN_TELEGRAM_ID=1", "ADMIN_TELEGRAM_ID is no setting: did you mean ADMIN_TELEGRAM_IDS?"),
        ("PROT=80", "PROT is no setting: did you mean PORT?"),
        ("port=80", "a name that is not in capital letters is no setting: did you mean PORT?"),
        ("ENV_FILES=other.env", "ENV_FILES is no setting: did you mean ENV_FILE?"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(written: Path, line: str, said: str) -> None:
    told = refusal(written, line)
    assert told.startswith(said)
    assert "secret-of-mine" not in told


@pytest.mark.parametrize("encoding", ["utf-16", "cp1251"])
def test_a_file_of_another_encoding_is_named(written: Path, encoding: str) -> None:
    written.write_text("SHOP_NAME=Лунный магазин", encoding=encoding)
    with pytest.raises(ConfigError, match=r"^\.env is not UTF-8"):
        Config.read()


def test_a_folder_in_its_place_is_named(written: Path) -> None:
    written.mkdir()
    with pytest.raises(ConfigError, match=r"^\.env cannot be read"):
        Config.read()


def test_a_file_that_is_named_and_not_there_is_told(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV_FILE", "/nowhere/simka.env")
    with pytest.raises(ConfigError, match=r"^ENV_FILE: there is no file /nowhere/simka.env$"):
        Config.read()


# --- names that nobody knows


def test_another_name_is_told_in_the_log_without_its_value(
    written: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two edits from a long name are a slip; what is farther away may be somebody else's."""
    read(written, "HOST=a-secret\nBACKUP_BUCKET=another\nESIMGO_SANDBOX_PORT=8190\nENV_FILE=other.env")
    with caplog.at_level(logging.WARNING):
        warn_of_unknown()
    assert caplog.messages == ["no setting is called BACKUP_BUCKET or ENV_FILE or HOST"]


@pytest.mark.parametrize(
    "line", ["COMPOSE_BAKE", 'APPLE_PEM="-----BEGIN\nMIIEvQ\n-----END"', 'APPLE_PEM="-----BEGIN\\nMIIEvQ"']
)
def test_what_another_program_reads_is_its_own_affair(written: Path, line: str) -> None:
    assert read(written, line).shop_name == "Simka"


@pytest.mark.parametrize(
    "lines", ["DATA_KEYS=\nq83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=", "SECRET_KEY=one\nMIIEvQIBADANBg"]
)
def test_a_piece_of_a_secret_on_the_next_line_is_not_repeated(
    written: Path, caplog: pytest.LogCaptureFixture, lines: str
) -> None:
    read(written, lines)
    with caplog.at_level(logging.WARNING):
        warn_of_unknown()
    assert not re.search("q83v|MIIEv", caplog.text)


def test_the_environment_is_not_searched_for_slips(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_NAM", "of another program")
    assert read(written, "").shop_name == "Simka"


# --- which of them counts


def test_the_environment_goes_before_the_file_and_may_take_away_what_it_says(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_NAME", "Given")
    monkeypatch.setenv("SUPPORT_URL", "")
    config = read(written, "SHOP_NAME=Written\nSUPPORT_URL=https://t.me/us\nMARKUP_PERCENT=7")
    assert (config.shop_name, config.support_url) == ("Given", None)
    assert config.markup_percent == 7


def test_a_secret_of_the_environment_goes_before_a_files_file(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (written.parent / "key").write_text("from the file")
    monkeypatch.setenv("SECRET_KEY", "given")
    assert read(written, "SECRET_KEY_FILE=key").secret_key == "given"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_line_may_name_a_file_with_the_secret(written: Path, encoding: str) -> None:
    (written.parent / "key").write_text("a-key\n", encoding=encoding)
    assert read(written, "SECRET_KEY_FILE=key").secret_key == "a-key"


def test_an_empty_file_of_a_secret_is_told(written: Path) -> None:
    (written.parent / "key").write_text("\n")
    assert refusal(written, "SECRET_KEY_FILE=key") == "SECRET_KEY_FILE: key is empty"


def test_an_empty_name_of_a_file_hides_what_the_file_of_settings_says(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "")
    assert read(written, "SECRET_KEY=written").secret_key is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SECRET_KEY_FILE=/nowhere/key", "SECRET_KEY_FILE: cannot read /nowhere/key"),
        ("SECRET_KEY_FILE=a\0b", "SECRET_KEY_FILE is no path"),
        ("DATABASE_URL=postgresql://u:hunter%2@db/simka", "DATABASE_URL must be sqlite:///"),
        ("DATABASE_URL=postgresql://u:hunter2：x@db/simka", "DATABASE_URL cannot be read as an address"),
        ("DATABASE_URL=postgresql://u:hunter/2@db/simka", "DATABASE_URL cannot be read as an address"),
        ("PUBLIC_URL=http://127.0.0.1:abc", "PUBLIC_URL cannot be read as an address"),
        ("PUBLIC_URL=http://127.0.0.1:99999", "PUBLIC_URL cannot be read as an address"),
        ("SENTRY_DSN=https://o1.ingest.example.com/hunter", "SENTRY_DSN must be the DSN of a project"),
    ],
)
def test_what_would_fail_later_stops_the_start_and_is_not_repeated(
    written: Path, line: str, said: str
) -> None:
    told = refusal(written, line)
    assert told.startswith(said)
    assert "hunter" not in told


def test_a_link_that_leads_nowhere_is_no_missing_file(written: Path) -> None:
    written.symlink_to("gone.env")
    with pytest.raises(ConfigError, match=r"^\.env: there is no file \.env$"):
        Config.read()


def test_both_the_secret_and_its_file_are_too_much(written: Path) -> None:
    assert refusal(written, "SECRET_KEY=a\nSECRET_KEY_FILE=key").startswith("SECRET_KEY and SECRET_KEY_FILE")


# --- the example


EXAMPLE = (ROOT / ".env.example").read_text()
LINES = [f"{name}={value}" for name, value in LINE.findall(EXAMPLE)]


@pytest.mark.parametrize("line", LINES)
def test_each_line_of_the_example_can_be_uncommented(written: Path, line: str) -> None:
    name, _, value = line.partition("=")
    written.write_text(f"{line}\n{NEEDED}")  # an example of what is needed is empty
    told = getattr(Config.read(), name.lower())
    assert not value or str(told) == value or Decimal(told) == Decimal(value)


def test_all_lines_of_the_example_can_be_uncommented(written: Path) -> None:
    written.write_text("\n".join([*LINES, NEEDED]))
    assert Config.read() == Config(
        esimgo_api_key="key", telegram_bot_token="1:a", telegram_webhook_secret="secret"
    )
