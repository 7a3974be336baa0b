"""A copy of the database, taken in the middle of business, installs nobody's eSIM."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.databases.servers import files_with
from tests.stack import Stack, Traveller, until

pytestmark = pytest.mark.flow


def test_no_table_and_no_file_holds_what_installs_an_esim(shop: Stack, john: Traveller) -> None:
    reference = john.buy()
    ready = john.reaches(reference, "ready")
    (esim,) = shop.esimgo("GET", "state")["esims"]
    until(lambda: any(esim["lpa"] in text for text in john.texts()), what="the code in the chat")
    shop.esimgo("POST", f"esims/{esim['iccid']}/install")
    shop.esimgo("POST", f"esims/{esim['iccid']}/use", {"mb": 500})
    john.reaches(reference, "active")
    assert ready["activation_code"] == esim["lpa"]

    secrets = (esim["matchingId"], esim["lpa"])
    text = every_row(shop.environment["DATABASE_URL"])
    assert esim["iccid"] in text, "all was read"
    assert [secret for secret in secrets if secret in text] == []
    files = [path for path in shop.folder.iterdir() if path.name.startswith("simka.db")]
    assert bool(files_with(esim["iccid"], files)) == bool(files), "all was read"
    assert files_with(esim["matchingId"], files) == []
    print(f"\na copy of the database after a purchase: {len(text)} characters, 0 activation codes")


def every_row(url: str) -> str:
    """All tables as text, as a dump has them."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as database:
            return "\n".join(database.iterdump())
    with psycopg.connect(url) as server:
        named = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        rows = [server.execute(f'SELECT * FROM "{name}"'.encode()).fetchall() for (name,) in named.fetchall()]
        return str(rows)
