"""Every setting of the shop. The only reader of the environment and of `.env`.

A wrong value stops the start with one line that names the setting. `NAME_FILE` reads a secret from a file.
"""

import logging
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

from annotated_types import Ge, Le
from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from webapp.base import env_file
from webapp.base.setting_types import (
    Address,
    BotToken,
    Chat,
    DatabaseUrl,
    DataKeys,
    IpAddress,
    Key,
    PemFile,
    People,
    PurchaseLimits,
    RateLimits,
    SentryDsn,
    SmtpUrl,
    Switch,
    Text,
    TomlFile,
    Url,
    WebhookSecret,
    is_loopback,
)
from webapp.base.setting_types import ConfigError as ConfigError

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
"""The folder with templates/ and static/."""

ONLY_IN_DEVELOPMENT: dict[str, Any] = {"development": True}


class Written(PydanticBaseSettingsSource):
    """Lines of a person's: `NAME`, or `NAME_FILE` with the path of a file that holds the value."""

    def __init__(self, settings_cls: type[BaseSettings], lines: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._lines = lines

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        name = field_name.upper()
        value, path = self._lines.get(name), self._lines.get(f"{name}_FILE")
        if path and value:
            raise ConfigError(f"{name} and {name}_FILE are both set: keep one")
        if path:
            value = _content(name, Path(path))
        return path if value is None else value, field_name, False

    def __call__(self) -> dict[str, Any]:
        """By field, what is written at all: an empty value too, which hides what a lower source says."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def _content(name: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{name}_FILE: cannot read {path}") from None
    except ValueError:
        raise ConfigError(f"{name}_FILE is no path") from None
    if not content:
        raise ConfigError(f"{name}_FILE: {path} is empty")
    return content


class Config(BaseSettings):
    """The environment goes before the file. What a test gives by hand goes before both."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )

    esimgo_api_key: Key = Field(
        description="API key of the eSIM Go organisation; also signs its callbacks", repr=False
    )
    esimgo_api_key_previous: Key | None = Field(
        default=None,
        description="the key before a rotation: callbacks signed with it are still accepted",
        repr=False,
    )
    esimgo_api_url: Url = Field(default="https://api.esim-go.com/v2.5", description="eSIM Go API")
    esimgo_order_interval_s: float = Field(
        default=3.0, ge=0, le=3600, description="seconds between two orders; eSIM Go asks for at least 3"
    )
    esimgo_unsigned_hints: Switch = Field(
        default="off",
        description="unsigned callbacks (version 2): on takes them as a hint to look, off refuses them",
    )
    esimgo_refunds: Switch = Field(
        default="off",
        description="customers may give unused plans back; eSIM Go must have enabled refunds for the account",
    )
    catalogue_ttl_s: int = Field(
        default=3600, ge=60, le=604800, description="seconds until the catalogue is read again"
    )
    telegram_bot_token: BotToken = Field(description="token of the bot, from BotFather", repr=False)
    telegram_api_url: Url = Field(default="https://api.telegram.org", description="Telegram Bot API")
    telegram_webhook_secret: WebhookSecret = Field(
        description="sent by Telegram with every update; any long random text", repr=False
    )
    public_url: Url = Field(
        default="http://127.0.0.1:8000", description="address of the shop as Telegram and eSIM Go reach it"
    )
    database_url: DatabaseUrl = Field(
        default="sqlite:///var/simka.db", description="where the orders are kept", repr=False
    )
    data_keys: DataKeys | None = Field(
        default=None,
        description="encrypt activation data in the database, the newest first; needed when PUBLIC_URL is "
        "public",
        repr=False,
    )
    markup_percent: Decimal = Field(
        default=Decimal(40), ge=Decimal("0"), le=Decimal("1000"), description="added to the wholesale price"
    )
    currency: Literal["USD"] = Field(
        default="USD", description="currency of the eSIM Go account; prices are shown in it"
    )
    admin_telegram_ids: People = Field(
        default=(), description="who runs the shop in the Mini App: Telegram numbers with spaces between them"
    )
    alert_chat_id: Chat | None = Field(
        default=None,
        description="chat in which the owner hears of trouble: your own number, or a group that the bot "
        "is in",
    )
    alert_email: Address | None = Field(
        default=None, description="address to which the same goes by e-mail; needs SMTP_URL"
    )
    star_usd: Decimal = Field(
        default=Decimal("0.013"),
        ge=Decimal("0.001"),
        le=Decimal("1"),
        description="what one Telegram Star brings you, in USD",
    )
    deadline_s: int = Field(
        default=900, ge=180, le=86400, description="seconds from payment to a working eSIM or a refund"
    )
    quote_s: int = Field(
        default=120,
        ge=10,
        le=3600,
        description="seconds for which eSIM Go's word counts that a plan can be bought",
    )
    settle_s: int = Field(
        default=120,
        ge=1,
        le=3600,
        description="seconds after which an order that nobody finds at eSIM Go counts as never made",
    )
    lease_s: int = Field(
        default=15,
        ge=2,
        le=600,
        description="seconds after which a silent jobs process is replaced by a standby",
    )
    default_language: Literal["en", "ru"] = Field(
        default="en", description="language where the customer's is unknown"
    )
    shop_name: Text = Field(default="Simka", description="name of the shop in titles and messages")
    support_url: Url | None = Field(
        default=None,
        description="where a person answers customers, such as https://t.me/your_support; t.me gets the "
        "order's number",
    )
    legal_file: TomlFile = Field(
        default=Path("legal.toml"),
        description="who sells, for the pages about terms and privacy; legal.example.toml shows how",
    )
    forgotten_file: Path = Field(
        default=Path("var/forgotten"),
        description="digests of who has deleted their data: a copy of the database forgets them again",
    )
    smtp_url: SmtpUrl | None = Field(
        default=None,
        description="mail server for copies by e-mail, such as smtp://user:password@host:587; without it "
        "there are none",
        repr=False,
    )
    smtp_from: Address | None = Field(
        default=None, description="sender of these e-mails, such as Shop <shop@example.com>"
    )
    ca_file: PemFile | None = Field(
        default=None,
        description="PEM file of the authorities to trust instead of the usual ones, behind a proxy that "
        "has its own",
    )
    sentry_dsn: SentryDsn | None = Field(
        default=None, description="where errors are reported to, without anything personal", repr=False
    )
    log_format: Literal["text", "json"] = Field(default="text", description="form of the log lines")
    rate_limits: RateLimits = Field(
        default="customer=1200/minute address=6000/minute",
        description="requests that one customer and one address may make on each web node; webhooks are "
        "exempt",
    )
    purchase_limits: PurchaseLimits = Field(
        default="orders=10/day stars=25000/day first=10000 burst=5/hour",
        description="of one customer: orders and Stars in a day, Stars until one plan is a day old, "
        "orders in an hour",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65534,
        description="port of the web's metrics on this machine; the jobs' are on the next",
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=9, description="reverse proxies in front, whose X-Forwarded-For is believed"
    )
    secret_key: Key | None = Field(
        default=None,
        description="signs the download links of QR codes; made from the bot's token when it is not set",
        repr=False,
    )
    bind_address: IpAddress = Field(
        default="127.0.0.1",
        description="address that the web process listens on; any but this machine's own needs "
        "TRUSTED_PROXIES",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="port of the web process")
    telegram_sandbox_url: Url | None = Field(
        default=None,
        description="the local stand-in for Telegram's window",
        json_schema_extra=ONLY_IN_DEVELOPMENT,
    )
    clock_file: Path | None = Field(
        default=None,
        description="file with the seconds by which the clock is ahead",
        json_schema_extra=ONLY_IN_DEVELOPMENT,
    )
    kill_at: Text | None = Field(
        default=None,
        description="crash point at which the process kills itself (stop:NAME: pauses), for tests",
        json_schema_extra=ONLY_IN_DEVELOPMENT,
    )

    @classmethod
    def read(cls) -> Self:
        """The settings of this process, strictly.

        Errors: ConfigError with one line that names the first setting that is wrong.
        """
        try:
            return cls()  # type: ignore[call-arg] # what is needed comes from the sources
        except ValidationError as error:
            raise ConfigError(_sentence(error)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller gives, then the environment, then the file."""
        lines = env_file.read(names())
        env_file.refuse_misspelt(_unknown(lines), _written_in_full())
        return init_settings, Written(settings_cls, env_file.environment()), Written(settings_cls, lines)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_set(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != ""}

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Both sandboxes or neither, mail whole or not at all, and nothing of development in public."""
        sandboxed = {
            name: is_loopback(getattr(self, name.lower())) for name in ("ESIMGO_API_URL", "TELEGRAM_API_URL")
        }
        if len(set(sandboxed.values())) == 2:
            real = next(name for name, local in sandboxed.items() if not local)
            other = next(name for name, local in sandboxed.items() if local)
            raise ValueError(f"{real} is real but {other} is a local sandbox: use both sandboxes or neither")
        if (self.smtp_url is None) != (self.smtp_from is None):
            missing = "SMTP_FROM" if self.smtp_from is None else "SMTP_URL"
            raise ValueError(f"{missing} is missing: SMTP_URL and SMTP_FROM belong together")
        if self.alert_email is not None and self.smtp_url is None:
            raise ValueError("ALERT_EMAIL needs SMTP_URL and SMTP_FROM: without them no e-mail goes out")
        if not ip_address(self.bind_address).is_loopback and not self.trusted_proxies:
            raise ValueError(
                f"BIND_ADDRESS {self.bind_address} lets others reach the web process, which has to stand "
                "behind a proxy that buffers requests: set TRUSTED_PROXIES, or BIND_ADDRESS to 127.0.0.1"
            )
        if not is_loopback(self.public_url):
            self._fit_for_the_public()
        return self

    def _fit_for_the_public(self) -> None:
        if self.data_keys is None:
            raise ValueError(
                "DATA_KEYS is missing: a shop with a public PUBLIC_URL needs its own key; "
                "`openssl rand -base64 32` makes one"
            )
        for name, field in type(self).model_fields.items():
            if field.json_schema_extra == ONLY_IN_DEVELOPMENT and getattr(self, name) is not None:
                raise ValueError(
                    f"{name.upper()} is for development only: remove it when PUBLIC_URL is public"
                )


def warn_of_unknown() -> None:
    """Say in the log which names of the file are no settings; without their values, which may be secrets."""
    if unknown := unknown_names():
        log.warning("no setting is called %s", " or ".join(unknown))


def unknown_names() -> list[str]:
    """Names of the file that nobody here reads. Errors: ConfigError."""
    return sorted({env_file.repeated(name) for name in _unknown(env_file.read(names()))})


def secret_files() -> list[Path]:
    """Where secrets are read from: the file of settings, and what a NAME_FILE names. Errors: ConfigError."""
    written = {**env_file.read(names()), **env_file.environment()}
    secrets = [f"{name.upper()}_FILE" for name, field in Config.model_fields.items() if not field.repr]
    return [env_file.location(), *(Path(written[name]) for name in secrets if written.get(name))]


def _unknown(lines: Mapping[str, str]) -> set[str]:
    """ENV_FILE too: a file cannot name itself."""
    return lines.keys() - names() - env_file.OF_MAKE_RUN


def names() -> frozenset[str]:
    """Every name that a line of the file can begin with."""
    settings = [name.upper() for name in Config.model_fields]
    return frozenset(settings) | {f"{name}_FILE" for name in settings}


def _written_in_full() -> frozenset[str]:
    """What a misspelt name was perhaps meant to be: a setting, or the file of a secret."""
    fields = Config.model_fields.items()
    return frozenset(name.upper() for name, _ in fields) | {
        f"{name.upper()}_FILE" for name, field in fields if not field.repr
    }


def _sentence(error: ValidationError) -> str:
    """One line about the first setting that is wrong; never with its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return said
    name = str(first["loc"][0])
    field = Config.model_fields[name]
    if first["type"] == "missing":
        return f"{name.upper()} is missing: {field.description}"
    if first["type"] == "literal_error":
        said = f"must be one of: {first['ctx']['expected']}".replace("'", "").replace(" or ", ", ")
    elif first["type"] != "value_error":
        said = _range(field) or said
    return f"{name.upper()} {said}"


def _range(field: FieldInfo) -> str | None:
    low = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    kind = "whole number" if field.annotation in {int, int | None} else "number"
    return None if low is None or high is None else f"must be a {kind} from {low} to {high}"
