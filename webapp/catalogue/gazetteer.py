"""What places are called, sold or not: CLDR's names and towns in our languages, and data/places.txt."""

from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from webapp.catalogue.spelling import area_code, in_latin, normal
from webapp.i18n import LANGUAGES, area_name, iso3_codes, speaking, territories, towns

DATA = Path(__file__).parent / "data"


class Kind(IntEnum):
    """The surer sign comes first."""

    NAME = 0
    ALIAS = 1
    PLACE = 2
    TOWN = 3
    SOUND = 4
    """A Russian name as people spell it in Latin letters."""


class Term(NamedTuple):
    """`text` is normal (see spelling.normal); `code` is the area's."""

    text: str
    code: str
    kind: Kind


@cache
def terms() -> tuple[Term, ...]:
    """Every one once, the surest kind first."""
    found: dict[tuple[str, str], Term] = {}
    for term in sorted(_all(), key=lambda term: term.kind):
        if term.text:
            found.setdefault((term.text, term.code), term)
    return tuple(found.values())


@cache
def codes() -> dict[str, str]:
    """Area codes by what is typed for them: "tr", "tur"."""
    known = {code.lower(): code.lower() for code in territories()}
    return known | {long.lower(): area_code(short) for long, short in iso3_codes().items()}


@cache
def parts_of_the_world() -> tuple[frozenset[str], ...]:
    """Codes of countries that lie near each other."""
    return tuple(frozenset(codes.split()) for _, codes in _rows("parts_of_the_world.txt"))


@cache
def order() -> dict[str, int]:
    """Of equals the upper line of data/places.txt wins."""
    return {code: line for line, (code, *_) in enumerate(_rows("places.txt"))}


def _all() -> Iterator[Term]:
    for code in (*map(str.lower, territories()), *order()):
        for lang in LANGUAGES:
            with speaking(lang):
                name = normal(area_name(code, ""))
            yield Term(name, code, Kind.NAME)
            yield Term(in_latin(name), code, Kind.SOUND)
    for code, names, places in _rows("places.txt"):
        yield from (Term(normal(name), code, Kind.ALIAS) for name in names.split(","))
        yield from (Term(normal(place), code, Kind.PLACE) for place in places.split(","))
    for territory, town in towns():
        yield Term(normal(town), territory.lower(), Kind.TOWN)


def _rows(file: str) -> list[list[str]]:
    """The cells of each line; a line that begins with # is a comment."""
    lines = (DATA / file).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and line[0] != "#"]
