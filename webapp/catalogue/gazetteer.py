"""What places are called, sold or not: CLDR's names and towns in our languages, and data/places.txt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from webapp.base.i18n import LANGUAGES, area_name, iso3_codes, speaking, territories, towns
from webapp.catalogue.spelling import area_code, in_latin, normal

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


@dataclass(frozen=True)
class Gazetteer:
    """`terms`: every one once, the surest kind first. `codes`: area codes by what is typed for them ("tr",
    "tur"). `parts_of_the_world`: codes of countries that lie near each other. `order`: of equals the upper
    line of data/places.txt wins.
    """

    terms: tuple[Term, ...]
    codes: Mapping[str, str]
    parts_of_the_world: tuple[frozenset[str], ...]
    order: Mapping[str, int]


def read() -> Gazetteer:
    """Takes a quarter of a second, so it is read once and handed on."""
    order = {code: line for line, (code, *_) in enumerate(_rows("places.txt"))}
    parts = tuple(frozenset(codes.split()) for _, codes in _rows("parts_of_the_world.txt"))
    return Gazetteer(_terms(order), _codes(), parts, order)


def _terms(order: Mapping[str, int]) -> tuple[Term, ...]:
    found: dict[tuple[str, str], Term] = {}
    for term in sorted(_all(order), key=lambda term: term.kind):
        if term.text:
            found.setdefault((term.text, term.code), term)
    return tuple(found.values())


def _codes() -> dict[str, str]:
    known = {code.lower(): code.lower() for code in territories()}
    return known | {long.lower(): area_code(short) for long, short in iso3_codes().items()}


def _all(order: Mapping[str, int]) -> Iterator[Term]:
    for code in (*map(str.lower, territories()), *order):
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
