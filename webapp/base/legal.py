"""Who sells: facts that only the merchant knows, from LEGAL_FILE. legal.example.toml shows what it holds.

Read anew each time, so that a corrected file counts at once. A file that is missing or broken stops no sale:
the pages say what is not filled in, and `missing` tells the merchant.
"""

import tomllib
from dataclasses import dataclass
from typing import Any

from webapp.base.config import ROOT, Config
from webapp.base.i18n import gettext as _
from webapp.base.i18n import language

NEEDED = ("seller", "address", "contact", "law")


@dataclass(frozen=True)
class Seller:
    """In the language at hand. Empty is what the merchant has not filled in; `terms` and `privacy` are the
    merchant's own paragraphs after ours.
    """

    seller: str = ""
    address: str = ""
    registration: str = ""
    contact: str = ""
    law: str = ""
    updated: str = ""
    terms: tuple[str, ...] = ()
    privacy: tuple[str, ...] = ()


def seller(config: Config) -> Seller:
    facts = _read(config)
    texts = {name: _text(facts.get(name)) for name in (*NEEDED, "registration", "updated")}
    return Seller(**texts, terms=_paragraphs(facts, "terms"), privacy=_paragraphs(facts, "privacy"))


def missing(config: Config) -> list[str]:
    """What the merchant still has to fill in, one line each; empty when the pages may be shown to anybody."""
    path = ROOT / config.legal_file
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [
            _("%(file)s is missing: copy legal.example.toml and fill it in") % {"file": config.legal_file}
        ]
    except (OSError, ValueError) as error:
        return [_("%(file)s cannot be read: %(error)s") % {"file": config.legal_file, "error": error}]
    empty = _("%(file)s: %(name)s is not filled in")
    return [
        empty % {"file": config.legal_file, "name": name} for name in NEEDED if not _text(facts.get(name))
    ]


def _read(config: Config) -> dict[str, Any]:
    try:
        return tomllib.loads((ROOT / config.legal_file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _text(value: object) -> str:
    """One text for all languages, or a table with one for each."""
    if isinstance(value, dict):
        value = value.get(language()) or next(iter(value.values()), "")
    return value.strip() if isinstance(value, str) else ""


def _paragraphs(facts: dict[str, Any], name: str) -> tuple[str, ...]:
    found = facts.get(name)
    if isinstance(found, dict):
        found = found.get(language(), [])
    rows = found if isinstance(found, list) else [found]
    return tuple(row.strip() for row in rows if isinstance(row, str) and row.strip())
