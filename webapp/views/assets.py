"""Static files as browsers get them: joined, minified, compressed, and named by what is in them.

The stylesheet travels inside the page, so that the first paint waits for nothing else; the policy lets it in
by its digest. Files are made from static/ when the shop starts, once for each state of the sources, so
nothing that is checked in can go stale. They lie in var/static; where that cannot be written, in a folder of
the process.
"""

import atexit
import base64
import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import brotli
import rcssmin
import rjsmin

from webapp.base.config import ROOT

SOURCES = ROOT / "static"
BUNDLES = {
    "launch.js": ("launch.js",),
    # Ours first: it has to hear htmx's first events.
    "shop.js": ("native.js", "page.js", "vendor/htmx.min.js", "vendor/hx-ptag.min.js"),
    "telegram-web-app.js": ("vendor/telegram-web-app.js",),
}


@dataclass(frozen=True)
class Assets:
    """What `build` made. `folder`: where the files lie. `names`: by the name that templates use, the one
    under which a file is served.
    """

    folder: Path
    names: Mapping[str, str]
    stylesheet: str

    @property
    def stylesheet_digest(self) -> str:
        """As a Content-Security-Policy names it."""
        digest = hashlib.sha256(self.stylesheet.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    def address(self, name: str) -> str:
        return f"/static/{self.names[name]}"


def build(home: Path = ROOT / "var" / "static") -> Assets:
    """Make what is not there yet. `home`: the folder that keeps it for the next start; where it cannot be
    written, the files lie in a temporary folder that goes with the process.
    """
    contents = {name: _joined(parts) for name, parts in BUNDLES.items()}
    names = {name: _fingerprinted(name, content) for name, content in contents.items()}
    files = {names[name]: content for name, content in contents.items()}
    return Assets(_written(files, home), names, _minified(SOURCES / "app.css"))


def _joined(parts: Iterable[str]) -> bytes:
    return "\n".join(_minified(SOURCES / part) for part in parts).encode()


def _minified(file: Path) -> str:
    text = file.read_text("utf-8")
    if ".min." in file.name:
        return text
    return str(rcssmin.cssmin(text) if file.suffix == ".css" else rjsmin.jsmin(text))


def _fingerprinted(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"


def _written(files: Mapping[str, bytes], home: Path) -> Path:
    state = hashlib.sha256(" ".join(sorted(files)).encode()).hexdigest()[:16]
    final = home / state
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=final.parent, prefix=".draft-"))
    except OSError:
        return _filled(_temporary(), files)
    return _published(_filled(draft, files), final)


def _published(draft: Path, final: Path) -> Path:
    """All at once: another process, which started at the same moment, sees all files or none."""
    try:
        draft.chmod(0o755)
        return draft.rename(final)
    except OSError:
        if not final.is_dir():
            raise
        shutil.rmtree(draft)  # the other one was first
        return final


def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="simka-static-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _filled(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        (folder / f"{name}.br").write_bytes(brotli.compress(content))
    return folder
