"""What others made and lies in this repository is as they made it, and their licence lies beside it."""

from hashlib import sha256
from pathlib import Path

import pytest

from webapp.base.config import ROOT

SCRIPTS = ROOT / "static/vendor"
LICENCES = {
    SCRIPTS / "htmx.min.js": "htmx.LICENSE",
    SCRIPTS / "hx-ptag.min.js": "htmx.LICENSE",
    SCRIPTS / "telegram-web-app.js": "telegram-web-app.LICENSE",
    ROOT / "webapp/customers/documents/fonts/DejaVuSans.ttf": "LICENSE",
    ROOT / "webapp/customers/documents/fonts/DejaVuSans-Bold.ttf": "LICENSE",
}
"""Each file that is vendored, and which of the files beside it is its licence."""

FOLDERS = sorted({file.parent for file in LICENCES})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_vendored_file_is_the_one_that_its_checksum_names(folder: Path) -> None:
    """The licence is one of them."""
    named = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = [path for path in folder.iterdir() if path.name != "SHA256SUMS"]
    assert named == {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_vendored_file_has_a_licence_beside_it_and_no_licence_is_of_nothing(folder: Path) -> None:
    files = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    licensed = {path.name: licence for path, licence in LICENCES.items() if path.parent == folder}
    assert files == set(licensed) | set(licensed.values())


def test_nothing_is_vendored_elsewhere() -> None:
    ours = [
        path
        for path in ROOT.iterdir()
        if path.is_dir() and path.name not in {".venv", ".git", "var", "node_modules"}
    ]
    kinds = ("*.min.*", "*.ttf", "*.otf", "*.woff*", "SHA256SUMS")
    found = {file.parent for folder in ours for kind in kinds for file in folder.rglob(kind)}
    assert found == set(FOLDERS)


def test_make_vendor_fetches_every_script_and_every_licence() -> None:
    fetching = (ROOT / "tools/vendor.sh").read_text()
    names = {path.name for path in SCRIPTS.iterdir()} - {"SHA256SUMS"}
    assert [name for name in names if f'"$here/{name}"' not in fetching] == []
