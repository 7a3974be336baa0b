"""What the value of a setting may be, each kind with the words that refuse another one."""

import re
from base64 import b64decode, urlsafe_b64encode
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator


class ConfigError(Exception):
    """One line for the person who starts the shop: which setting is wrong, and what would be right."""


def _like(pattern: str, otherwise: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


def _parts(value: str) -> SplitResult:
    """Errors: ValueError in words that do not repeat the value, as urlsplit's own would."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("cannot be read as an address") from None
    return parts


def _url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address that starts with https:// (or http:// on this machine)")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("must start with https:// unless it points to this machine")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    url = re.sub(r"^postgres://", "postgresql://", value)
    if not re.fullmatch(r"sqlite:///.+", url) and not _is_postgresql(url):
        raise ValueError("must be sqlite:///path/to/file.db or postgresql://user:password@host/database")
    return url


def _is_postgresql(url: str) -> bool:
    server = _parts(url)
    is_encoded = not re.search(r"%(?![0-9A-Fa-f]{2})", url)
    return server.scheme == "postgresql" and re.fullmatch(r"/[^/]+", server.path) is not None and is_encoded


def _smtp_url(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0:
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    return value


def _sentry_dsn(value: str) -> str:
    from sentry_sdk.utils import BadDsn, Dsn  # most shops have none, and need not load it

    try:
        Dsn(value)
    except (BadDsn, ValueError):
        raise ValueError("must be the DSN of a project, as Sentry shows it") from None
    return value


def _toml_file(value: Path) -> Path:
    if value.suffix != ".toml":
        raise ValueError("must be the path of a .toml file")
    return value


def _pem_file(value: Path) -> Path:
    try:
        is_there = value.is_file()
    except OSError:
        is_there = False
    if not is_there:
        raise ValueError("must be the path of a PEM file that is there")
    return value


def _ip_address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1, 0.0.0.0 or ::") from None


def _words(value: object) -> object:
    """One line holds several values, with spaces or commas between them."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _data_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    same = tuple(urlsafe_b64encode(_32_bytes(key)).decode() for key in keys)
    if not same or len(set(same)) < len(same):
        raise ValueError("must be keys that differ, the newest first, with spaces between them")
    return same


def _32_bytes(key: str) -> bytes:
    try:
        told = b64decode(key.translate(str.maketrans("-_", "+/")), validate=True)
    except ValueError:
        told = b""
    if len(told) != 32:
        raise ValueError("must be keys of 32 bytes in base64: `openssl rand -base64 32` makes one")
    return told


def _people(value: object) -> object:
    numbers = _words(value)
    for number in numbers if isinstance(numbers, list) else ():
        if not re.fullmatch(r"[1-9]\d{0,14}", number):
            raise ValueError("must be the numbers of people, such as 123456789, with spaces between them")
    return numbers


def _chat(value: object) -> object:
    if not re.fullmatch(r"-?\d{1,15}", str(value).strip()):
        raise ValueError("must be the number of a chat, such as 123456789 or -1001234567890")
    return value


Text = Annotated[str, _like(r"(?s).+", "must not be empty")]
Key = Annotated[str, _like(r"[!-~]+", "must be visible ASCII characters without spaces")]
"""A secret that travels in a header."""
BotToken = Annotated[
    str, _like(r"\d+:[A-Za-z0-9_-]+", "must look like 123456:ABC-DEF, as BotFather gives it")
]
WebhookSecret = Annotated[
    str, _like(r"[A-Za-z0-9_-]{1,256}", "must be 1 to 256 of the characters A-Z a-z 0-9 _ -")
]
Address = Annotated[
    str,
    _like(
        r"(?:[^<>@\r\n]+ <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)",
        "must be an address such as Shop <shop@example.com>",
    ),
]
RateLimits = Annotated[
    str,
    _like(
        r"customer=\d+/(second|minute|hour) address=\d+/(second|minute|hour)",
        "must look like customer=1200/minute address=6000/minute",
    ),
]
PurchaseLimits = Annotated[
    str,
    _like(
        r"orders=\d{1,6}/day stars=\d{1,9}/day first=\d{1,9} burst=\d{1,6}/hour",
        "must look like orders=10/day stars=25000/day first=10000 burst=5/hour",
    ),
]
Url = Annotated[str, AfterValidator(_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
SentryDsn = Annotated[str, AfterValidator(_sentry_dsn)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
TomlFile = Annotated[Path, AfterValidator(_toml_file)]
PemFile = Annotated[Path, AfterValidator(_pem_file)]
DataKeys = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_data_keys)]
People = Annotated[
    tuple[int, ...], BeforeValidator(_people), AfterValidator(lambda told: tuple(dict.fromkeys(told)))
]
IpAddress = Annotated[str, AfterValidator(_ip_address)]
Chat = Annotated[int, BeforeValidator(_chat)]
Switch = Literal["off", "on"]


def is_loopback(url: str) -> bool:
    """Does this address point to the machine itself?"""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or re.fullmatch(r"127\.\d+\.\d+\.\d+", host) is not None
