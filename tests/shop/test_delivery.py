"""How pages and static files travel: tagged, compressed, named by their content, kept by browsers."""

import gzip
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.shop.conftest import Person, text
from webapp import create_app
from webapp.base.config import Config
from webapp.views import assets

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def test_a_page_is_compressed_as_the_browser_can_read_it(shelves: None, browser: FlaskClient) -> None:
    plain = browser.get("/")
    for encoding, unpack in {"br": brotli.decompress, "gzip": gzip.decompress}.items():
        packed = browser.get("/", headers={"Accept-Encoding": encoding})
        assert packed.headers["Content-Encoding"] == encoding
        assert unpack(packed.get_data()) == plain.get_data()
        assert len(packed.get_data()) < len(plain.get_data()) / 2
        assert int(packed.headers["Content-Length"]) == len(packed.get_data())
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_brotli_goes_first(shelves: None, browser: FlaskClient) -> None:
    assert browser.get("/", headers=BROWSER).headers["Content-Encoding"] == "br"


def test_what_is_refused_is_not_used(shelves: None, browser: FlaskClient) -> None:
    answer = browser.get("/", headers={"Accept-Encoding": "br;q=0, gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/", "/shop/tr", "/plans/tr-3gb-30d"])
def test_who_has_a_public_page_already_gets_no_body(shelves: None, browser: FlaskClient, path: str) -> None:
    first = browser.get(path, headers=BROWSER)
    again = browser.get(path, headers=BROWSER | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert {"HX-Request", "Accept-Language", "Accept-Encoding"} <= set(again.headers["Vary"].split(", "))


def test_another_language_is_another_page(shelves: None, browser: FlaskClient) -> None:
    tag = browser.get("/?lang=en").headers["ETag"]
    assert browser.get("/?lang=ru", headers={"If-None-Match": tag}).status_code == 200


def test_a_personal_page_has_no_tag_and_is_not_kept(shelves: None, owner: Person) -> None:
    answer = owner.get("/esims")
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", sorted(assets.BUNDLES))
def test_a_static_file_is_kept_for_ever_and_comes_compressed(
    app: Flask, browser: FlaskClient, name: str
) -> None:
    address = assets.build().address(name)
    with browser.get(address) as plain, browser.get(address, headers=BROWSER) as packed:
        assert "immutable" in plain.headers["Cache-Control"]
        assert packed.headers["Content-Encoding"] == "br"
        assert brotli.decompress(packed.get_data()) == plain.get_data()


def test_every_address_on_a_page_is_one_that_is_served(shelves: None, browser: FlaskClient) -> None:
    page = text(browser.get("/"))
    addresses = [part.split('"')[0] for part in page.split('"/static/')[1:]]
    assert len(addresses) == len(assets.BUNDLES)
    for address in addresses:
        with browser.get(f"/static/{address}") as answer:
            assert answer.status_code == 200


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of static/ that a test may change."""
    copy = Path(shutil.copytree(assets.SOURCES, tmp_path / "sources"))
    monkeypatch.setattr(assets, "SOURCES", copy)
    return copy


def test_a_file_that_changes_gets_another_name_and_the_others_keep_theirs(
    sources: Path, tmp_path: Path
) -> None:
    before = assets.build(tmp_path / "static")
    (sources / "launch.js").write_text("changed()")
    after = assets.build(tmp_path / "static")
    changed = {name for name in before.names if before.names[name] != after.names[name]}
    assert (changed, after.folder == before.folder) == ({"launch.js"}, False)
    assert (after.folder / after.names["launch.js"]).read_text() == "changed()"


def test_where_nothing_can_be_written_the_files_lie_in_a_folder_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, so that no folder can be made here")
    built = assets.build(tmp_path / "var" / "static")
    assert not built.folder.is_relative_to(tmp_path)
    assert {file.name for file in built.folder.iterdir()} == {
        name + ending for name in built.names.values() for ending in ("", ".br", ".gz")
    }


def test_processes_that_start_at_once_share_the_files_and_leave_no_drafts(tmp_path: Path) -> None:
    home = tmp_path / "static"
    with ThreadPoolExecutor(8) as threads:
        folders = {built.folder for built in threads.map(assets.build, [home] * 8)}
    assert list(home.iterdir()) == list(folders)
    assert len(list(*[folder.iterdir() for folder in folders])) == 3 * len(assets.BUNDLES)


# --- two builds at once


@pytest.fixture
def build(
    sources: Path, tmp_path: Path, database: Config, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], FlaskClient]:
    """A web process with this in launch.js; all of one machine, for they share a folder."""
    real = assets.build
    monkeypatch.setattr(assets, "build", lambda: real(tmp_path / "static"))

    def started(script: str) -> FlaskClient:
        (sources / "launch.js").write_text(script)
        return create_app(database).test_client()

    return started


def script_of(browser: FlaskClient) -> str:
    """The address of launch.js on its pages."""
    found = re.search(r"/static/launch\.[0-9a-f]{12}\.js", text(browser.get("/help")))
    assert found
    return found[0]


def served(browser: FlaskClient, address: str) -> tuple[int, str, str]:
    with browser.get(address) as answer:
        return answer.status_code, answer.get_data(as_text=True), answer.headers["Cache-Control"]


def test_the_files_of_the_builds_before_are_served_on(build: Callable[[str], FlaskClient]) -> None:
    addresses = {script: script_of(build(script)) for script in ("one()", "two()", "three()")}
    newest = build("four()")
    for script, address in addresses.items():
        status, content, kept = served(newest, address)
        assert (status, content, "immutable" in kept) == (200, script, True)


def test_a_file_that_a_newer_process_has_built_here_is_served_by_the_older(
    build: Callable[[str], FlaskClient],
) -> None:
    older = build("one()")
    newer = script_of(build("two()"))
    status, content, kept = served(older, newer)
    assert (status, content, "immutable" in kept) == (200, "two()", True)


def test_a_file_of_a_build_that_only_another_machine_has_is_answered_with_ours_and_kept_by_nobody(
    build: Callable[[str], FlaskClient],
) -> None:
    here = build("one()")
    assert served(here, "/static/launch.0123456789ab.js") == (200, "one()", "no-store")
    for nothing in (
        "launch.js",
        "other.0123456789ab.js",
        "launch.0123456789ab.css",
        "launch.0123.js",
        "..%2Fx",
    ):
        with here.get(f"/static/{nothing}") as answer:
            assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store"), nothing


def test_so_many_builds_are_kept_and_the_one_in_use_is_among_them(
    build: Callable[[str], FlaskClient], tmp_path: Path
) -> None:
    first = script_of(build("0()"))
    for number in range(1, assets.BUILDS_KEPT + 2):
        for folder in (tmp_path / "static").iterdir():
            used_at = folder.stat().st_mtime - 60
            os.utime(folder, (used_at, used_at))
        newest = build(f"{number}()")
    assert len(list((tmp_path / "static").iterdir())) == assets.BUILDS_KEPT + 1
    assert served(newest, first)[1:] == (f"{number}()", "no-store"), "the oldest is gone"


def test_every_answer_names_its_build_and_every_page_the_one_that_it_was_loaded_from(
    build: Callable[[str], FlaskClient], shelves: None
) -> None:
    one, two = build("one()"), build("two()")
    for path in ("/", "/help", "/plans/none", "/healthz", "/esims"):
        for headers in ({}, {"HX-Request": "true"}):
            names = [browser.get(path, headers=headers).headers["X-Build"] for browser in (one, two)]
            assert len(set(names)) == 2, path
    page = one.get("/help")
    assert f'data-build="{page.headers["X-Build"]}"' in text(page)
    assert build("one()").get("/help").headers["X-Build"] == page.headers["X-Build"], "the same on each node"
