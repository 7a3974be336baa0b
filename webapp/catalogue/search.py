"""Finding an area by what a person types: in a hurry, in two languages, on the wrong keyboard.

What is typed is read in several ways, one after the other, and the first that finds something ends the
search: as it stands, as the same keys on the other keyboard, each of its words alone; then all of that once
more with a letter or two wrong. So a guess never stands beside what was really written.

Places that we do not sell are known too. When what was typed fits one of them better than all that we sell,
the answer says so and names what lies near it, and no wrong country is shown as found.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from webapp.base.i18n import area_name, is_territory
from webapp.catalogue import gazetteer
from webapp.catalogue.areas import POPULAR, AreaCard
from webapp.catalogue.gazetteer import Gazetteer
from webapp.catalogue.spelling import in_other_layout, normal
from webapp.catalogue.terms import BY_CODE, GUESS, PREFIX, STEM, Index, Rank

GENERATIONS = 4
"""Indexes that are kept: a web process may still show the catalogue of a moment ago."""
NEARBY = 6
SURE_PREFIX = 4
"""So many letters name a place that we do not sell; fewer may be on the way to any other."""

_SAID_BESIDES = """
    в во на для из по до с и к карта карту интернет поездка поездку отпуск отдых тариф план есим сим симка
    симку гб мб день дня дней роуминг связь хочу еду едем лечу летим купить нужен нужна
    to in for the and of esim sim card internet data travel trip plan gb mb day days roaming buy
"""
_FILLING = frozenset(_SAID_BESIDES.split())
"""Words that people add and no place is called by, unless nothing else is left."""

Hits = Mapping[str, Rank]


@dataclass(frozen=True)
class Found:
    """`cards` are the hits, the best first. When there are none because the place is not for sale, `unsold`
    is its name in the language at hand, and `nearby` are areas that we sell: what else the words fit, then
    what lies in the same part of the world, popular ones first.
    """

    cards: list[AreaCard]
    unsold: str | None = None
    nearby: Sequence[AreaCard] = ()


class Search:
    """Made once for a process, and safe to share between threads: the first search reads the gazetteer, and
    the first of a generation of the catalogue makes an index of what is sold.
    """

    def __init__(self) -> None:
        self._index = lru_cache(maxsize=GENERATIONS)(self._indexed)

    def prepare(self) -> None:
        """Read the gazetteer now, so that nobody's search waits for it."""
        _ = self.gazetteer

    @cached_property
    def gazetteer(self) -> Gazetteer:
        return gazetteer.read()

    def look(self, cards: list[AreaCard], query: str) -> Found:
        """Areas among `cards` that fit what was typed, the best first, or what to say of a place that is not
        for sale.
        """
        if not normal(query):
            return Found([])
        by_code = {card.code: card for card in cards}
        index = self._index(tuple((card.code, card.search_names) for card in cards))
        for hits in _readings(index, query):
            sold = {code: rank for code, rank in hits.items() if code in by_code}
            missing = _missing(hits, sold)
            if missing is not None:
                nearby = _nearby(missing, sold, by_code, self.gazetteer)
                return Found([], area_name(missing, missing), nearby)
            if sold:
                return Found([by_code[code] for code in _best_first(sold, by_code, self.gazetteer)])
        return Found([])

    def _indexed(self, sold: tuple[tuple[str, tuple[str, ...]], ...]) -> Index:
        """It is the same in both languages."""
        terms = self.gazetteer.terms
        known = {(term.code, term.text) for term in terms}
        named = [
            gazetteer.Term(name, code, gazetteer.Kind.NAME)
            for code, names in sold
            for name in {normal(code), *names}
            if name and (code, name) not in known
        ]
        return Index((*terms, *named), {**self.gazetteer.codes, **{code: code for code, _ in sold}})


# --- ways to read what was typed


def _readings(index: Index, query: str) -> Iterator[Hits]:
    here, swapped = _words(query), _words(in_other_layout(query))
    alone = [[word] for words in (here, swapped) if len(words) > 1 for word in words if len(word) > 2]
    swaps = [swapped] if len("".join(swapped)) > 2 else []
    yield _all_hits(index.exact, [here])
    yield _all_hits(index.exact, swaps)
    yield _all_hits(index.whole, alone)
    for words in ([here], swaps, alone):
        yield _all_hits(index.guess, words)


def _words(query: str) -> list[str]:
    words = [word for word in normal(query).split() if not word.isdigit()]
    return [word for word in words if word not in _FILLING and not word[0].isdigit()] or words


def _all_hits(find: Callable[[str], Hits], readings: Collection[Sequence[str]]) -> Hits:
    found: dict[str, Rank] = {}
    for words in readings:
        for code, rank in find(" ".join(words)).items() if words else ():
            found[code] = min(rank, found.get(code, rank))
    return found


# --- what comes of the hits


def _best_first(sold: Hits, by_code: Mapping[str, AreaCard], world: Gazetteer) -> list[str]:
    """Of equals the upper line of the data file wins: a part before its whole, then what many look for."""
    last = len(world.order)
    return sorted(
        sold, key=lambda code: (sold[code], world.order.get(code, last), normal(by_code[code].name))
    )


def _missing(hits: Hits, sold: Hits) -> str | None:
    """The place that was meant and is not for sale, if that is what the hits say."""
    others = {code: rank for code, rank in hits.items() if code not in sold and is_territory(code)}
    if not others:
        return None
    code = min(others, key=lambda code: (others[code], code))
    meant = others[code]
    if sold and meant >= min(sold.values()):
        return None
    if meant[0] in {BY_CODE, PREFIX}:
        return None if sold or (meant[0] == PREFIX and len(others) > 1) else code
    return code if meant[0] <= STEM or meant[0] >= GUESS or not sold else None


def _nearby(code: str, sold: Hits, by_code: Mapping[str, AreaCard], world: Gazetteer) -> list[AreaCard]:
    region = next((codes for codes in world.parts_of_the_world if code in codes), frozenset[str]())
    around = sorted(
        region & by_code.keys() - sold.keys(),
        key=lambda code: (POPULAR.index(code) if code in POPULAR else len(POPULAR), by_code[code].name),
    )
    return [by_code[code] for code in (*_best_first(sold, by_code, world), *around)[:NEARBY]]
