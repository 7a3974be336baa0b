"""Every setting of the shop. The only reader of the environment.

A wrong value stops the start with one line that names the setting. `NAME_FILE` reads a secret from a file.
"""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
"""The folder with templates/ and static/."""


class ConfigError(Exception):
    """One line for the person who starts the shop: which setting is wrong, and what would be right."""


def setting(
    parse: Callable[[str], Any],
    about: str,
    *,
    default: Any = MISSING,
    secret: bool = False,
    development: bool = False,
) -> Any:
    """One dataclass field, named like its environment variable in lower case."""
    return field(
        default=default,
        repr=not secret,
        metadata={"parse": parse, "about": about, "secret": secret, "development": development},
    )


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def _key(value: str) -> str:
    """A secret that travels in a header: visible ASCII only."""
    if not re.fullmatch(r"[!-~]+", value.strip()):
        raise ValueError("must be visible ASCII characters without spaces")
    return value.strip()


def _bot_token(value: str) -> str:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", value.strip()):
        raise ValueError("must look like 123456:ABC-DEF, as BotFather gives it")
    return value.strip()


def _webhook_secret(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.strip()):
        raise ValueError("must be 1 to 256 of the characters A-Z a-z 0-9 _ -")
    return value.strip()


def _url(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address that starts with https:// (or http:// on this machine)")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("must start with https:// unless it points to this machine")
    return value.strip().rstrip("/")


def _database_url(value: str) -> str:
    url = re.sub(r"^postgres://", "postgresql://", value.strip())
    server = urlsplit(url)
    if not re.fullmatch(r"sqlite:///.+", url) and (server.scheme != "postgresql" or len(server.path) < 2):
        raise ValueError("must be sqlite:///path/to/file.db or postgresql://user:password@host/database")
    return url


def _data_keys(value: str) -> tuple[str, ...]:
    keys = tuple(urlsafe_b64encode(_32_bytes(key)).decode() for key in value.replace(",", " ").split())
    if not keys or len(set(keys)) < len(keys):
        raise ValueError("must be keys that differ, the newest first, with spaces between them")
    return keys


def _32_bytes(key: str) -> bytes:
    try:
        told = b64decode(key.translate(str.maketrans("-_", "+/")), validate=True)
    except ValueError:
        told = b""
    if len(told) != 32:
        raise ValueError("must be keys of 32 bytes in base64: `openssl rand -base64 32` makes one")
    return told


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return number

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value.strip()) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return parse


def _decimal(low: str, high: str) -> Callable[[str], Decimal]:
    def parse(value: str) -> Decimal:
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_nan() or not Decimal(low) <= number <= Decimal(high):
            raise ValueError(f"must be a number from {low} to {high}")
        return number

    return parse


def _chat(value: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", value.strip()):
        raise ValueError("must be the number of a chat, such as 123456789 or -1001234567890")
    return int(value)


def _people(value: str) -> tuple[int, ...]:
    numbers = value.replace(",", " ").split()
    if not all(re.fullmatch(r"[1-9]\d{0,14}", number) for number in numbers):
        raise ValueError("must be the numbers of people, such as 123456789, with spaces between them")
    return tuple(dict.fromkeys(int(number) for number in numbers))


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value.strip()

    return parse


def _limits(value: str) -> str:
    if not re.fullmatch(r"customer=\d+/(second|minute|hour) address=\d+/(second|minute|hour)", value.strip()):
        raise ValueError("must look like customer=1200/minute address=6000/minute")
    return value.strip()


def _purchase_limits(value: str) -> str:
    if not re.fullmatch(
        r"orders=\d{1,6}/day stars=\d{1,9}/day first=\d{1,9} burst=\d{1,6}/hour", value.strip()
    ):
        raise ValueError("must look like orders=10/day stars=25000/day first=10000 burst=5/hour")
    return value.strip()


def _toml_file(value: str) -> Path:
    if not value.strip().endswith(".toml"):
        raise ValueError("must be the path of a .toml file")
    return Path(value.strip())


def _pem_file(value: str) -> Path:
    if not Path(value.strip()).is_file():
        raise ValueError("must be the path of a PEM file that is there")
    return Path(value.strip())


def _smtp_url(value: str) -> str:
    parts = urlsplit(value.strip())
    try:
        named = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        named = False
    if not named:
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    return value.strip()


def _address(value: str) -> str:
    if not re.fullmatch(r"(?:[^<>@\r\n]+ <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)", value.strip()):
        raise ValueError("must be an address such as Shop <shop@example.com>")
    return value.strip()


@dataclass(frozen=True, kw_only=True)
class Config:
    esimgo_api_key: str = setting(
        _key, "API key of the eSIM Go organisation; also signs its callbacks", secret=True
    )
    esimgo_api_key_previous: str | None = setting(
        _key,
        "the key before a rotation: callbacks signed with it are still accepted",
        default=None,
        secret=True,
    )
    esimgo_api_url: str = setting(_url, "eSIM Go API", default="https://api.esim-go.com/v2.5")
    esimgo_order_interval_s: float = setting(
        _number(0, 3600), "seconds between two orders; eSIM Go asks for at least 3", default=3.0
    )
    esimgo_unsigned_hints: str = setting(
        _one_of("off", "on"),
        "unsigned callbacks (version 2): on takes them as a hint to look, off refuses them",
        default="off",
    )
    esimgo_refunds: str = setting(
        _one_of("off", "on"),
        "customers may give unused plans back; eSIM Go must have enabled refunds for the account",
        default="off",
    )
    catalogue_ttl_s: int = setting(
        _whole(60, 604800), "seconds until the catalogue is read again", default=3600
    )
    telegram_bot_token: str = setting(_bot_token, "token of the bot, from BotFather", secret=True)
    telegram_api_url: str = setting(_url, "Telegram Bot API", default="https://api.telegram.org")
    telegram_webhook_secret: str = setting(
        _webhook_secret, "sent by Telegram with every update; any long random text", secret=True
    )
    public_url: str = setting(
        _url, "address of the shop as Telegram and eSIM Go reach it", default="http://127.0.0.1:8000"
    )
    database_url: str = setting(
        _database_url, "where the orders are kept", default="sqlite:///var/simka.db", secret=True
    )
    data_keys: tuple[str, ...] | None = setting(
        _data_keys,
        "encrypt activation data in the database, the newest first; needed when PUBLIC_URL is public",
        default=None,
        secret=True,
    )
    markup_percent: Decimal = setting(
        _decimal("0", "1000"), "added to the wholesale price", default=Decimal(40)
    )
    currency: str = setting(
        _one_of("USD"), "currency of the eSIM Go account; prices are shown in it", default="USD"
    )
    admin_telegram_ids: tuple[int, ...] = setting(
        _people,
        "who runs the shop in the Mini App: Telegram numbers with spaces between them",
        default=(),
    )
    alert_chat_id: int | None = setting(
        _chat,
        "chat in which the owner hears of trouble: your own number, or a group that the bot is in",
        default=None,
    )
    alert_email: str | None = setting(
        _address, "address to which the same goes by e-mail; needs SMTP_URL", default=None
    )
    star_usd: Decimal = setting(
        _decimal("0.001", "1"), "what one Telegram Star brings you, in USD", default=Decimal("0.013")
    )
    deadline_s: int = setting(
        _whole(180, 86400), "seconds from payment to a working eSIM or a refund", default=900
    )
    quote_s: int = setting(
        _whole(10, 3600), "seconds for which eSIM Go's word counts that a plan can be bought", default=120
    )
    settle_s: int = setting(
        _whole(1, 3600),
        "seconds after which an order that nobody finds at eSIM Go counts as never made",
        default=120,
    )
    lease_s: int = setting(
        _whole(2, 600), "seconds after which a silent jobs process is replaced by a standby", default=15
    )
    default_language: str = setting(
        _one_of("en", "ru"), "language where the customer's is unknown", default="en"
    )
    shop_name: str = setting(_text, "name of the shop in titles and messages", default="Simka")
    support_url: str | None = setting(
        _url,
        "where a person answers customers, such as https://t.me/your_support; t.me gets the order's number",
        default=None,
    )
    legal_file: Path = setting(
        _toml_file,
        "who sells, for the pages about terms and privacy; legal.example.toml shows how",
        default=Path("legal.toml"),
    )
    smtp_url: str | None = setting(
        _smtp_url,
        "mail server for copies by e-mail, such as smtp://user:password@host:587; without it there are none",
        default=None,
        secret=True,
    )
    smtp_from: str | None = setting(
        _address, "sender of these e-mails, such as Shop <shop@example.com>", default=None
    )
    ca_file: Path | None = setting(
        _pem_file,
        "PEM file of the authorities to trust instead of the usual ones, behind a proxy that has its own",
        default=None,
    )
    sentry_dsn: str | None = setting(
        _url, "where errors are reported to, without anything personal", default=None, secret=True
    )
    log_format: str = setting(_one_of("text", "json"), "form of the log lines", default="text")
    rate_limits: str = setting(
        _limits,
        "requests that one customer and one address may make on each web node; webhooks are exempt",
        default="customer=1200/minute address=6000/minute",
    )
    purchase_limits: str = setting(
        _purchase_limits,
        "of one customer: orders and Stars in a day, Stars until one plan is a day old, orders in an hour",
        default="orders=10/day stars=25000/day first=10000 burst=5/hour",
    )
    metrics_port: int | None = setting(
        _whole(1, 65534), "port of the web's metrics on this machine; the jobs' are on the next", default=None
    )
    trusted_proxies: int = setting(
        _whole(0, 9), "reverse proxies in front, whose X-Forwarded-For is believed", default=0
    )
    secret_key: str | None = setting(
        _key,
        "signs the download links of QR codes; made from the bot's token when it is not set",
        default=None,
        secret=True,
    )
    port: int = setting(_whole(1, 65535), "port of the web process", default=8000)
    telegram_sandbox_url: str | None = setting(
        _url, "the local stand-in for Telegram's window", default=None, development=True
    )
    clock_file: Path | None = setting(
        Path, "file with the seconds by which the clock is ahead", default=None, development=True
    )
    kill_at: str | None = setting(
        _text,
        "crash point at which the process kills itself (stop:NAME: pauses), for tests",
        default=None,
        development=True,
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read all settings, strictly.

        Raises ConfigError with one line that names the first setting that is wrong.
        """
        values = {item.name: _read(item, environ) for item in fields(cls)}
        config = cls(**{name: value for name, value in values.items() if value is not MISSING})
        config.check()
        return config

    def check(self) -> None:
        """Rules between settings: both sandboxes or neither, and nothing of development in public."""
        sandboxed = {
            name: is_loopback(getattr(self, name.lower())) for name in ("ESIMGO_API_URL", "TELEGRAM_API_URL")
        }
        if len(set(sandboxed.values())) == 2:
            real = next(name for name, local in sandboxed.items() if not local)
            other = next(name for name, local in sandboxed.items() if local)
            raise ConfigError(f"{real} is real but {other} is a local sandbox: use both sandboxes or neither")
        if (self.smtp_url is None) != (self.smtp_from is None):
            missing = "SMTP_FROM" if self.smtp_from is None else "SMTP_URL"
            raise ConfigError(f"{missing} is missing: SMTP_URL and SMTP_FROM belong together")
        if self.alert_email is not None and self.smtp_url is None:
            raise ConfigError("ALERT_EMAIL needs SMTP_URL and SMTP_FROM: without them no e-mail goes out")
        if not is_loopback(self.public_url):
            if self.data_keys is None:
                raise ConfigError(
                    "DATA_KEYS is missing: a shop with a public PUBLIC_URL needs its own key; "
                    "`openssl rand -base64 32` makes one"
                )
            for item in fields(self):
                if item.metadata["development"] and getattr(self, item.name) is not None:
                    raise ConfigError(
                        f"{item.name.upper()} is for development only: remove it when PUBLIC_URL is public"
                    )


def is_loopback(url: str) -> bool:
    """Does this address point to the machine itself?"""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or re.fullmatch(r"127\.\d+\.\d+\.\d+", host) is not None


def _read(item: "Field[Any]", environ: Mapping[str, str]) -> Any:
    name = item.name.upper()
    raw = _from_file(name, environ) if environ.get(f"{name}_FILE") else environ.get(name, "")
    if not raw:
        if item.default is MISSING:
            raise ConfigError(f"{name} is missing: {item.metadata['about']}")
        return MISSING
    try:
        return item.metadata["parse"](raw)
    except ValueError as error:
        raise ConfigError(f"{name} {error}") from None


def _from_file(name: str, environ: Mapping[str, str]) -> str:
    path = Path(environ[f"{name}_FILE"])
    if environ.get(name):
        raise ConfigError(f"{name} and {name}_FILE are both set: keep one")
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{name}_FILE: cannot read {path}") from None
