"""The file that settings are written down in, `.env` or the one that ENV_FILE names.

A line means what python-dotenv reads in it; nothing is put in place of `$NAME`. What cannot be read, and a
name that is nearly a known one, stop the start: a setting that is not taken is noticed too late.
"""

import io
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from rapidfuzz.distance import OSA

from webapp.base.setting_types import ConfigError

VARIABLE = "ENV_FILE"
DEFAULT = ".env"
OF_MAKE_RUN = frozenset({"ESIMGO_SANDBOX_PORT", "TELEGRAM_SANDBOX_PORT"})
"""What `make run` reads in the same file: the ports of its stand-ins."""

EDITS, SHORT, EDITS_OF_SHORT = 2, 7, 1
"""How far a misspelt name may be from the known one, and from one of fewer than SHORT letters."""
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
"""What looks like the name of a setting. Anything else at a line's beginning is perhaps a piece of a secret
that went on over a line's end, and is not repeated.
"""


def is_flask_command() -> bool:
    """Does `flask --app wsgi ...` run in this process? It says so to the application."""
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true"


def environment() -> Mapping[str, str]:
    """What the process was given, which goes before the file.

    The command `flask` has by now put the nearest `.env` into it, perhaps another folder's, and with other
    variables in place of `$NAME`. So there it is read as the process was started with it (Linux tells that).
    """
    if not is_flask_command() or _leaves_the_file_to_us():
        return os.environ
    try:
        started_with = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    lines = (line.partition(b"=") for line in started_with.split(b"\0") if line)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in lines}


def _leaves_the_file_to_us() -> bool:
    """Was `flask` told not to load it (FLASK_SKIP_DOTENV, as Flask reads it)?"""
    return os.environ.get("FLASK_SKIP_DOTENV", "").lower() not in {"", "0", "false", "no"}


def location() -> Path:
    """The file, whether it is there or not."""
    return Path(environment().get(VARIABLE) or DEFAULT)


def read(known: Collection[str]) -> dict[str, str]:
    """What the file says, by name; the last line of a name counts. Errors: ConfigError: which file, where in
    it, and what would be right, never with a value.
    """
    named = environment().get(VARIABLE)
    path = Path(named or DEFAULT)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8: save it as UTF-8") from None
    except FileNotFoundError:
        if named or path.is_symlink():
            raise ConfigError(f"{VARIABLE if named else DEFAULT}: there is no file {path}") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from None
    except ValueError:
        raise ConfigError(f"{VARIABLE} is no path") from None
    return parse(text, path, known)


def parse(text: str, path: Path, known: Collection[str]) -> dict[str, str]:
    """What these lines say, by name. `known`: the settings, which have a value on one line; what others are
    called and have is their own affair. Errors: ConfigError with `path` in it.
    """
    found: dict[str, str] = {}
    for line in parse_stream(io.StringIO(text)):
        if line.error or (line.key in known and _is_torn(line)) or _swallows(line, known):
            raise ConfigError(f"{path}, line {_number(line)}: {_why_not(line)}")
        if line.key is not None and line.value is not None:
            found[line.key] = line.value
    return found


def _is_torn(line: Binding) -> bool:
    return line.value is None or "\n" in line.value or "\r" in line.value


def _swallows(line: Binding, known: Collection[str]) -> bool:
    """Does a quote that is not closed reach over the next settings?"""
    names = re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", line.value or "", re.MULTILINE)
    return any(name in known for name in names)


def _why_not(line: Binding) -> str:
    begins = re.match(r"\s*(?:export\s+)?(\w+)", line.original.string)
    name = f"{begins[1]} " if begins and NAME.fullmatch(begins[1]) else "it "
    if line.error:
        return f"{name}cannot be read: is a quote missing, or something behind the last one?"
    if line.value is None:
        return f"{name}lacks a value: write {name.strip()}=value"
    return f"{name}goes on over several lines: is a quote missing?"


def _number(line: Binding) -> int:
    """The parser counts from the blank lines before it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def refuse_misspelt(unknown: Iterable[str], settings: Iterable[str]) -> None:
    """Errors: ConfigError for a name of the file that is nearly one of these."""
    candidates = sorted({*settings, *OF_MAKE_RUN, VARIABLE})
    for name in sorted(set(unknown) - {VARIABLE}):
        meant = min(candidates, key=lambda setting: OSA.distance(name.upper(), setting))
        letters = len(meant.replace("_", ""))
        if OSA.distance(name.upper(), meant) <= (EDITS_OF_SHORT if letters < SHORT else EDITS):
            raise ConfigError(
                f"{repeated(name)} is no setting: did you mean {meant}? (What another program reads goes "
                "into a file of its own.)"
            )


def repeated(name: str) -> str:
    return name if NAME.fullmatch(name) else "a name that is not in capital letters"
