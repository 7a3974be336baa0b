"""What processes beside each other do with one database: read the catalogue, write, search. Each is forked
(tests/forking.py), and tells through its end of a pipe.
"""

import re
from multiprocessing.connection import Connection
from pathlib import Path

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.models import Setting, db


def sync(pipe: Connection, url: str, address: str) -> None:
    """Read the catalogue; tells what memory that took (MB), and how many bundles and places there are."""
    config = Config(
        esimgo_api_key="sandbox-key",
        esimgo_api_url=address,
        telegram_bot_token="123456:SANDBOX",
        telegram_api_url="http://127.0.0.1:9",
        telegram_webhook_secret="hook",
        database_url=url,
    )
    db.bind(url)
    client = ESIMGoClient(config.esimgo_api_key, config.esimgo_api_url)
    catalogue.sync(client.catalogue_pages(500), config)
    # Of this process alone: ru_maxrss would count what its parent had taken before it started us.
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    state = catalogue.state()
    pipe.send((int(peak[1]) // 1024, state.bundles, state.places))


def write(pipe: Connection, url: str) -> None:
    """Until somebody says something; tells how often."""
    db.bind(url)
    pipe.send("ready")
    written = 0
    while not pipe.poll():
        with db.transaction():
            Setting.write("another.writer", 1)
        written += 1
        clock.sleep(0.01)
    pipe.send(written)


def look(pipe: Connection, url: str) -> None:
    """Until somebody says something; tells each pair that was seen: areas found, plans of one of them."""
    db.bind(url)
    search, seen = catalogue.Search(), set[tuple[int, int]]()
    pipe.send("ready")
    with speaking("en"):
        while not pipe.poll():
            with db.database.atomic():  # one state of the catalogue for both
                cards = search.look(catalogue.areas(), "germany").cards
                seen.add((len(cards), len(catalogue.plans_in("DE"))))
            clock.sleep(0.01)
    pipe.send(seen)
