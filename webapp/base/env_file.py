"""The file that settings are written down in, `.env` or the one that ENV_FILE names.

A line means what python-dotenv reads in it; nothing is put in place of `$NAME`. What cannot be read, and a
name that is nearly a known one, stop the start: a setting that is not taken is noticed too late.
"""

import io
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values, find_dotenv
from dotenv.parser import Binding, parse_stream
from rapidfuzz.distance import OSA

VARIABLE = "ENV_FILE"
DEFAULT = ".env"
OF_MAKE_RUN = frozenset({"ESIMGO_SANDBOX_PORT", "TELEGRAM_SANDBOX_PORT"})
"""What `make run` reads in the same file: the ports of its stand-ins."""

EDITS, SHORT, EDITS_OF_SHORT = 2, 7, 1
"""How far a misspelt name may be from the known one, and from one of fewer than SHORT letters."""


class FileError(Exception):
    """One line: which file, where in it, and what would be right. Never the value."""


def environment() -> Mapping[str, str]:
    """What the process was started with, which goes before the file.

    The command `flask` has by then put the nearest `.env` into it, perhaps another folder's, and with other
    variables in place of `$NAME`: that is taken out again.
    """
    if not is_flask_command() or os.environ.get("FLASK_SKIP_DOTENV"):
        return os.environ
    loaded: dict[str, str | None] = {}
    for name in (".flaskenv", ".env"):
        if found := find_dotenv(name, usecwd=True):
            loaded |= dotenv_values(found)
    return {name: value for name, value in os.environ.items() if loaded.get(name) != value}


def is_flask_command() -> bool:
    """Does `flask --app wsgi ...` run in this process? It says so to the application."""
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true"


def read() -> dict[str, str]:
    """What the file says, by name; the last line of a name counts. Errors: FileError."""
    named = environment().get(VARIABLE)
    path = Path(named or DEFAULT)
    if not path.exists():
        if named:
            raise FileError(f"{VARIABLE}: there is no file {path}")
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path} is not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror})") from None
    return parse(text, path)


def parse(text: str, path: Path) -> dict[str, str]:
    """What these lines say, by name; the last line of a name counts. Errors: FileError with `path` in it."""
    bindings = parse_stream(io.StringIO(text))
    return dict(_pair(binding, path) for binding in bindings if binding.key is not None or binding.error)


def _pair(line: Binding, path: Path) -> tuple[str, str]:
    place = f"{path}, line {_first_line(line)}"
    if line.error or line.key is None:
        named = re.match(r"\s*(?:export\s+)?(\w+)", line.original.string)
        name = f"{named[1]} " if named else ""
        raise FileError(
            f"{place}: {name}cannot be read: is a quote missing, or something behind the last one?"
        )
    if line.value is None:
        raise FileError(f"{place}: {line.key} lacks a value: write {line.key}=value")
    if "\n" in line.value or "\r" in line.value:
        raise FileError(f"{place}: {line.key} goes on over several lines: is a quote missing?")
    return line.key, line.value


def _first_line(line: Binding) -> int:
    """The parser counts from the blank lines before it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def refuse_misspelt(names: Iterable[str], known: Iterable[str]) -> None:
    """Errors: FileError for a name of the file that is nearly one of the settings'."""
    settings = sorted({*known, *OF_MAKE_RUN})
    for name in unknown(names, settings):
        meant = min(settings, key=lambda setting: OSA.distance(name.upper(), setting))
        if OSA.distance(name.upper(), meant) <= (EDITS_OF_SHORT if len(meant) < SHORT else EDITS):
            raise FileError(f"{name} is no setting: did you mean {meant}?")


def unknown(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Which of the names nobody here reads, in order."""
    return sorted(set(names) - {*known, *OF_MAKE_RUN, VARIABLE})
