"""Static files as browsers get them: joined, minified, compressed, and named by what is in them.

The stylesheet travels inside the page, so that the first paint waits for nothing else; the policy lets it in
by its digest. Files are made from static/ when the shop starts, once for each state of the sources, so
nothing that is checked in can go stale. They lie in var/static, a folder for each build; where that cannot be
written, in a folder of the process.

Two builds serve at once while a new version is rolled out, and old pages stay open for hours: files
of the last builds are served on, and each answer names its build, so that an old page learns that it is old.
"""

import atexit
import base64
import gzip
import hashlib
import mimetypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import brotli
import rcssmin
import rjsmin
from flask import Flask, Response
from werkzeug.exceptions import NotFound

from webapp.base.config import ROOT

SOURCES = ROOT / "static"
BUNDLES = {
    "launch.js": ("launch.js",),
    # Ours first: it has to hear htmx's first events.
    "shop.js": ("native.js", "page.js", "vendor/htmx.min.js", "vendor/hx-ptag.min.js"),
    "telegram-web-app.js": ("vendor/telegram-web-app.js",),
}

HEAD = ROOT / "templates" / "base.html"
"""With the files, what an open page has from when it was loaded, whatever is swapped into it."""
BUILDS_KEPT = 10
FINGERPRINTED = re.compile(r"([\w-]+)\.[0-9a-f]{12}\.(\w+)")
BUILD_HEADER = "X-Build"


@dataclass(frozen=True)
class Assets:
    """What `build` made. `folder`: where the files lie. `names`: by the name that templates use, the one
    under which a file is served. `older`: folders of the builds before. `build`: the name of this one.
    """

    folder: Path
    names: Mapping[str, str]
    stylesheet: str
    older: tuple[Path, ...]
    build: str

    @property
    def stylesheet_digest(self) -> str:
        """As a Content-Security-Policy names it."""
        digest = hashlib.sha256(self.stylesheet.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    def address(self, name: str) -> str:
        return f"/static/{self.names[name]}"

    def of_another_build(self, served: str) -> tuple[Path, bool]:
        """The file for a name that was not there when this process started, and whether it is the very one:
        another process may have built it here since; what only another machine has built is answered with
        ours of the same kind. Raises NotFound.
        """
        for folder in self.folder.parent.glob("*"):
            if FINGERPRINTED.fullmatch(served) and (folder / served).is_file():
                return folder / served, True
        name = FINGERPRINTED.sub(r"\1.\2", served)
        if name == served or name not in self.names:
            raise NotFound
        return self.folder / self.names[name], False


def build(home: Path = ROOT / "var" / "static") -> Assets:
    """Make what is not there yet. `home`: the folder that keeps it for the next start; where it cannot be
    written, the files lie in a temporary folder that goes with the process.
    """
    contents = {name: _joined(parts) for name, parts in BUNDLES.items()}
    names = {name: _fingerprinted(name, content) for name, content in contents.items()}
    files = {names[name]: content for name, content in contents.items()}
    stylesheet, folder = _minified(SOURCES / "app.css"), _written(files, home)
    page = " ".join((*sorted(files), stylesheet, HEAD.read_text("utf-8")))
    return Assets(folder, names, stylesheet, _older(folder), hashlib.sha256(page.encode()).hexdigest()[:12])


def register(app: Flask, assets: Assets) -> None:
    @app.get("/static/<served>")
    def of_another_build(served: str) -> Response:
        """What WhiteNoise did not find when it looked, at the start. A substitute is kept by nobody."""
        file, is_it = assets.of_another_build(served)
        kind, _encoding = mimetypes.guess_type(served)
        response = Response(file.read_bytes(), content_type=kind)
        response.headers["Cache-Control"] = "public, max-age=315360000, immutable" if is_it else "no-store"
        return response

    @app.after_request
    def named(response: Response) -> Response:
        response.headers[BUILD_HEADER] = assets.build
        return response


def _older(folder: Path) -> tuple[Path, ...]:
    """The builds before this one that are kept, the newest first; the others are deleted."""
    with suppress(OSError):
        os.utime(folder)  # it is in use
    there = [path for path in folder.parent.glob("[0-9a-f]*") if path.is_dir() and path != folder]
    there.sort(key=_used_at, reverse=True)
    for old in there[BUILDS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return tuple(there[:BUILDS_KEPT])


def _used_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has just deleted it
        return 0


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
    home = Path(tempfile.mkdtemp(prefix="simka-static-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "0").mkdir()
    return home / "0"


def _filled(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        (folder / f"{name}.br").write_bytes(brotli.compress(content))
    return folder
