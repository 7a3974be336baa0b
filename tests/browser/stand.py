"""The web process alone, before a database full of rows: for looking at screens, with nothing behind it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import requests

from tests.browser import desk, shelves
from tests.browser.screens import SCREENS, Screen
from tests.databases.servers import migrate
from tests.forking import Forked
from tests.sandbox.esimgo import free_port
from tests.settings import settings_of
from tests.shop.factories import lead, make_customer
from tests.stack import ROOT, until
from tests.telegram.signing import fields, sign
from webapp.base import clock, sealing
from webapp.catalogue import pricing
from webapp.models import Customer, db

TOKEN = "123456:SANDBOX"
A_DAY = 86400
NEWCOMER = 7000
NOWHERE = "http://127.0.0.1:9"
"""Where the sandbox would be; nobody is there, and its bridge is an empty file."""


@dataclass
class Stand:
    """`people`: by name of screen, the customer to whom its rows belong."""

    folder: Path
    port: int = field(default_factory=free_port)
    people: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    server: str = ""
    """The address of a database elsewhere, in place of a file in the folder."""

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return self.server or f"sqlite:///{self.folder}/simka.db"

    @contextmanager
    def filling(self) -> Iterator[None]:
        """In here rows go to the stand's database, sealed with its keys."""
        db.bind(self.database_url, [sealing.derived_key(TOKEN)])
        yield
        db.database.close()

    def customer(self, screen: str) -> Customer:
        self.people[screen] = 7001 + len(self.people)
        return make_customer(self.people[screen])

    def seed(self) -> None:
        """Each screen's rows, for a customer of its own."""
        for screen in SCREENS:
            if callable(screen.address):
                self.addresses[screen.name] = screen.address(self.customer(screen.name))

    def url_of(self, screen: Screen, language: str, theme: str = "{}") -> str:
        """As Telegram opens it; a screen without rows of its own is opened by a newcomer."""
        path = self.addresses[screen.name] if callable(screen.address) else screen.address
        path += f"{'&' if '?' in path else '?'}lang={language}"
        if screen.outside:
            return self.web + path
        user = desk.SHOPKEEPER if screen.shopkeeper else self.people.get(screen.name, NEWCOMER)
        return self.launch_url(path, user=user, language=language, theme=theme)

    def environment(self, **settings: str) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("ESIMGO", "TELEGRAM", "CLOCK"))}
        return plain | {
            "ENV_FILE": os.devnull,
            "ESIMGO_API_KEY": "sandbox-key",
            "ESIMGO_API_URL": "http://127.0.0.1:9/v2.5",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": "http://127.0.0.1:9",
            "TELEGRAM_WEBHOOK_SECRET": "hook",
            "DATABASE_URL": self.database_url,
            "PUBLIC_URL": self.web,
            "SUPPORT_URL": "https://t.me/simka_support",
            "LEGAL_FILE": str(ROOT / "tests/browser/legal.toml"),
            "SMTP_URL": "smtp://127.0.0.1:9",
            "ESIMGO_REFUNDS": "on",
            "ADMIN_TELEGRAM_IDS": str(desk.SHOPKEEPER),
            "SMTP_FROM": "Simka <shop@example.com>",
            **settings,
        }

    def launch_url(
        self, path: str, *, user: int, language: str, theme: str = "{}", platform: str = "ios"
    ) -> str:
        """The Mini App as Telegram opens it: launch parameters in the fragment."""
        about = {"id": user, "first_name": "Ann", "language_code": language}
        launch = {
            "tgWebAppData": sign(fields(int(clock.timestamp()), about), TOKEN),
            "tgWebAppVersion": "9.1",
            "tgWebAppPlatform": platform,
            "tgWebAppThemeParams": theme,
        }
        return f"{self.web}{path}#{urlencode(launch, quote_via=quote)}"


@contextmanager
def standing(folder: Path, fill: Callable[[Stand], None], **settings: str) -> Iterator[Stand]:
    """The stand, once it answers; `fill` adds rows to the full shelves."""
    stand = Stand(folder)
    migrate(stand.database_url)
    with stand.filling():
        lead(A_DAY)
        shelves.fill()
        fill(stand)
        prices_by = pricing.PricedBy.of(settings_of(stand.environment(**settings)))
        pricing.note_in_force(prices_by)  # they stay as they were filled
    server = f"granian --interface wsgi --port {stand.port} --blocking-threads 4"
    command = f"{server} --no-access-log --log-level error wsgi:app".split()
    process = Forked(command, stand.environment(**settings), folder / "web.log")
    try:
        until(lambda: _answers(stand), what="the web process")
        yield stand
    finally:
        process.terminate()
        process.wait(60)


def _answers(stand: Stand) -> bool:
    try:
        return requests.get(f"{stand.web}/healthz", timeout=2).ok
    except requests.RequestException:
        return False
