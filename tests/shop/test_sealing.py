"""Whoever has a copy of the database has nobody's eSIM: activation data lies there sealed with DATA_KEYS."""

import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from playhouse.migrations import Runner

import jobs.__main__
from tests.conftest import TEST_KEYS
from tests.databases.servers import Engine, files_with
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import make_customer, make_esim, make_order
from tests.shop.test_callbacks import signed
from webapp import create_app
from webapp.base import sealing
from webapp.base.config import ROOT, Config, ConfigError
from webapp.base.sealing import Keys
from webapp.esims import callbacks
from webapp.models import TABLES, Callback, Esim, data_keys, db
from webapp.models.db import SecretField, SecretTextField
from webapp.state.funnel import Funnel

SECRET = "JQ-123456-ABCDEPFX"
OLD, NEW, OTHER = (sealing.derived_key(name) for name in ("old", "new", "other"))
OLD_NAME, NEW_NAME = sealing.name_of(OLD), sealing.name_of(NEW)


def stored(column: str = "matching_id", table: str = "esim") -> list[str]:
    """As it lies in the database."""
    cursor = db.database.execute_sql(f'SELECT {column} FROM "{table}" ORDER BY id')
    return [value for (value,) in cursor.fetchall()]


def sold(number: int, matching_id: str = SECRET) -> list[Esim]:
    """So many eSIMs of one customer."""
    customer = make_customer()
    esims = [make_esim(make_order("ready", customer=customer)) for _ in range(number)]
    for esim in esims:
        esim.matching_id = matching_id
        esim.save()
    return esims


def opened_now() -> list[str]:
    return [esim.matching_id for esim in Esim.select().order_by(Esim.id)]


def test_a_matching_id_is_plain_for_the_shop_and_sealed_in_the_database(database: Config) -> None:
    sold(1)
    (text,) = stored()
    assert text.startswith(sealing.name_of(TEST_KEYS[0]) + sealing.MARK)
    assert SECRET not in text
    esim = Esim.get()
    assert (esim.matching_id, esim.activation_code) == (SECRET, f"LPA:1$rsp.example.com${SECRET}")


def test_equal_secrets_do_not_look_equal(database: Config) -> None:
    sold(2)
    assert len(set(stored())) == 2


def test_saving_what_was_never_opened_changes_nothing(database: Config) -> None:
    sold(1)
    before = stored()
    Esim.get().save()
    assert stored() == before
    Esim.update(matching_id="another").execute()
    assert Esim.get().matching_id == "another"


def test_whatever_a_callback_tells_is_sealed_too(database: Config) -> None:
    raw = f'{{"alertType": "esim.ready", "iccid": "8944", "matchingId": "{SECRET}"}}'.encode()
    assert callbacks.receive(raw, signed(raw), database, Funnel())
    assert SECRET not in str(db.database.execute_sql('SELECT * FROM "callback"').fetchall())
    assert Callback.get().body == raw.decode()
    assert callbacks.apply_waiting() == 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was unsealed, as it lay there."""
    seen: list[str] = []
    real = Keys.unseal

    def watched(keys: Keys, sealed: str) -> str:
        seen.append(sealed)
        return real(keys, sealed)

    monkeypatch.setattr(Keys, "unseal", watched)
    return seen


def test_a_list_opens_nothing_and_a_page_with_the_code_opens_one(owner: Person, opened: list[str]) -> None:
    esims = sold(20)
    opened.clear()
    assert owner.get("/esims").status_code == 200
    assert opened == []
    page = owner.get(f"/esims/{esims[0].reference}").get_data(as_text=True)
    assert esims[0].activation_code in page
    assert len(opened) == 1, "however often the page shows it"


def test_what_was_tampered_with_is_not_opened_and_not_told() -> None:
    keys = Keys([NEW])
    whole = keys.seal(SECRET)
    assert keys.unseal(whole) == SECRET
    for wrong in (whole[:-4] + "AAA=", whole[:20], whole.replace(NEW_NAME, OLD_NAME), SECRET, ""):
        with pytest.raises(sealing.CannotOpen) as caught:
            keys.unseal(wrong)
        assert SECRET not in str(caught.value)


# --- keys


@pytest.fixture
def many(database: Config, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five matching ids under the old key, and the key of digests (AbuseKey); nothing else is known of it."""
    monkeypatch.setattr(data_keys, "BATCH", 2)
    db.bind(database.database_url, [OLD])
    for number in range(5):
        sold(1, f"{SECRET}-{number}")
    return opened_now()


def test_after_a_rotation_the_old_key_is_not_needed(database: Config, many: list[str]) -> None:
    db.bind(database.database_url, [NEW, OLD])
    sold(1)
    assert data_keys.in_use() == {OLD_NAME: 6, NEW_NAME: 1}
    assert data_keys.rotate() == 6
    assert data_keys.in_use() == {NEW_NAME: 7}
    db.bind(database.database_url, [NEW])
    assert opened_now()[:5] == many
    assert data_keys.rotate() == 0


def test_a_rotation_that_was_broken_off_goes_on(
    database: Config, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    db.bind(database.database_url, [NEW, OLD])
    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(Keys, "unseal", failing_after(3))
        data_keys.rotate()
    assert data_keys.in_use() == {OLD_NAME: 3, NEW_NAME: 3}
    assert data_keys.rotate() == 3
    assert opened_now() == many


def failing_after(times: int) -> Callable[[Keys, str], str]:
    left, real = iter(range(times)), Keys.unseal

    def limited(keys: Keys, text: str) -> str:
        if next(left, None) is None:
            raise ConnectionError
        return real(keys, text)

    return limited


def rotated(config: Config) -> Result:
    app: Flask = create_app(config)
    return app.test_cli_runner().invoke(args=["rotate-keys"])


def test_the_command_says_what_it_did_and_which_key_can_go(database: Config, many: list[str]) -> None:
    told = rotated(changed(database, data_keys=(NEW, OLD)))
    assert (told.exit_code, told.output.splitlines()) == (
        0,
        [
            f"6 rows encrypted again; all lie under {NEW_NAME} now.",
            f"Not needed any more, once every process has the new one: {OLD_NAME}.",
        ],
    )
    assert rotated(changed(database, data_keys=(NEW,))).output.startswith("0 rows")


def test_a_wrong_key_stops_the_start_with_one_line(database: Config, many: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        create_app(changed(database, data_keys=(OTHER,)))
    line = f"DATA_KEYS lacks a key that the database was written with: {OLD_NAME} (6 rows)"
    assert str(caught.value) == line
    create_app(changed(database, data_keys=(OTHER, OLD)))


def environment(config: Config, *keys: str) -> dict[str, str]:
    return {
        "ESIMGO_API_KEY": config.esimgo_api_key,
        "ESIMGO_API_URL": config.esimgo_api_url,
        "TELEGRAM_BOT_TOKEN": config.telegram_bot_token,
        "TELEGRAM_API_URL": config.telegram_api_url,
        "TELEGRAM_WEBHOOK_SECRET": config.telegram_webhook_secret,
        "DATABASE_URL": config.database_url,
        "DATA_KEYS": " ".join(keys),
    }


def test_web_and_jobs_end_with_that_line_and_nothing_else(
    database: Config,
    many: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment(database, OTHER).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as web:
        runpy.run_path(str(ROOT / "wsgi.py"))
    line = str(web.value.code)
    assert line.startswith("simka: DATA_KEYS lacks a key")
    assert len(line.splitlines()) == 1
    assert capsys.readouterr().err == "", "Python writes the line itself, and ends with 1"
    assert jobs.__main__.main([]) == 2
    assert capsys.readouterr().err == f"{line}\n"


def test_a_database_that_is_not_there_yet_asks_for_no_key(database: Config, tmp_path: Path) -> None:
    create_app(changed(database, database_url=f"sqlite:///{tmp_path}/new.db", data_keys=(OTHER,)))
    nobody = "postgresql:///simka?host=/nowhere"
    create_app(changed(database, database_url=nobody, data_keys=(OTHER,)))


def test_without_a_key_one_is_made_from_the_bots_token(database: Config) -> None:
    create_app(changed(database, data_keys=None))
    make_esim()
    assert data_keys.in_use() == {sealing.name_of(sealing.derived_key(database.telegram_bot_token)): 2}


def test_the_page_about_a_stolen_copy_names_every_column_that_is_sealed() -> None:
    page = (ROOT / "docs/security.md").read_text()
    shown = page[page.index("## What a stolen copy") :].partition("\n## ")[0]
    columns = {
        f"{table._meta.table_name}.{field.column_name}"
        for table in TABLES
        for field in table._meta.sorted_fields
        if isinstance(field, SecretField | SecretTextField)
    }
    assert set(re.findall(r"`(\w+\.\w+)`", shown)) == columns


# --- what was plain before


@pytest.fixture
def plain(database: Config, engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A database with three matching ids and a callback in plain text, not migrated yet, and its address."""
    (tmp_path / "plain").mkdir()
    url = engine.empty(tmp_path / "plain")
    db.bind(url, TEST_KEYS)
    db.database.make()
    runner().up()
    sold(3)
    db.database.execute_sql("DELETE FROM schema_migration WHERE name = '0003_data_keys'")
    db.database.execute_sql(f"UPDATE esim SET matching_id = '{SECRET}-' || id")
    raw = f"INSERT INTO callback (digest, raw, received_at, signature, kind) SELECT 'd', '{SECRET}', "
    db.database.execute_sql(raw + "created_at, 'none', '' FROM esim LIMIT 1")
    yield url
    db.database.close()


def runner() -> Any:
    return Runner(db.database, str(db.MIGRATIONS))  # type: ignore[no-untyped-call] # the stubs lack it


def test_the_migration_seals_what_was_plain_and_can_be_taken_back(plain: str) -> None:
    data_keys.check()  # nothing of it is taken for the name of a key
    before = stored()
    assert db.migrate()[-1] == "0003_data_keys"
    assert SECRET not in str(stored() + stored("raw", "callback"))
    assert opened_now() == before
    assert Callback.get().body == SECRET
    while runner().down() != ["0003_data_keys"]:
        pass
    assert (stored(), stored("raw", "callback")) == (before, [SECRET])


def test_the_migration_leaves_nothing_of_it_in_the_files(plain: str) -> None:
    db.migrate()
    if plain.startswith("sqlite"):
        folder = Path(plain.removeprefix("sqlite:///")).parent
        assert files_with(SECRET, folder.iterdir()) == []
    else:
        (dead,) = db.database.execute_sql("SELECT pg_relation_size('esim')").fetchone()
        assert dead == 8192, "one page: the rows as they were are gone with the old file"


def test_a_migration_that_was_broken_off_is_repeated(plain: str) -> None:
    db.database.execute_sql(f"UPDATE esim SET matching_id = '{db.database.keys.seal('first')}' WHERE id = 1")
    db.migrate()
    assert opened_now()[0] == "first"
