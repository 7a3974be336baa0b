"""Which terms of the gazetteer fit a text, and how well."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product

from rapidfuzz import process
from rapidfuzz.distance import OSA

from webapp.catalogue.gazetteer import Kind, Term
from webapp.catalogue.spelling import stems

BY_CODE, WHOLE, STEM, PREFIX, WORDS, INSIDE, GUESS, GUESSED_PREFIX = range(8)
"""How a term fits, the best way first."""

Rank = tuple[int, int, int]
"""How it fits, by how much it misses, and what kind of term it is; the smaller the better."""

SHORT = 3
MOST_FORMS = 64


class Index:
    """`codes`: area codes by the code that is typed. Texts that are looked for are normal."""

    def __init__(self, terms: Sequence[Term], codes: Mapping[str, str]) -> None:
        self._codes = codes
        self._terms = terms
        self._spaced = [f" {term.text}" for term in terms]
        self._by_stem: defaultdict[str, list[Term]] = defaultdict(list)
        for term in terms:
            for form in _forms(term.text):
                self._by_stem[form].append(term)
        self._guessable = [term for term in terms if len(term.text) > SHORT]
        self._texts = [term.text for term in self._guessable]
        self._stems = [_forms(text)[-1] for text in self._texts]

    def exact(self, text: str) -> dict[str, Rank]:
        """Everything that fits without a mistake: whole, in another case, or begun."""
        return _best((*self._whole(text), *self._begun(text)))

    def whole(self, text: str) -> dict[str, Rank]:
        """What is called so and no longer: for a word that may be one of several."""
        return _best(self._whole(text))

    def guess(self, text: str) -> dict[str, Rank]:
        """The nearest with a letter or two wrong, by the length of the text; not the next best."""
        found = (
            _best(self._misspelt(text, self._texts))
            or _best(self._misspelt(_forms(text)[-1], self._stems))
            or _best(self._misspelt_beginning(text))
        )
        least = min((rank[1] for rank in found.values()), default=0)
        return {code: rank for code, rank in found.items() if rank[1] == least}

    def _whole(self, text: str) -> Iterator[tuple[str, Rank]]:
        if code := self._codes.get(text.replace(" ", "-")):
            yield code, (BY_CODE, 0, 0)
        for form in _forms(text):
            for term in self._by_stem.get(form, ()):
                if term.text == text:
                    yield term.code, (WHOLE, 0, term.kind)
                elif form != text:  # else it is no case but the beginning of the word
                    yield term.code, (STEM, len(text) - len(form), term.kind)

    def _begun(self, text: str) -> Iterator[tuple[str, Rank]]:
        words = [f" {word}" for word in text.split()]
        for term, spaced in zip(self._terms, self._spaced, strict=True):
            if len(text) < SHORT and term.kind > Kind.NAME:
                continue
            if term.text.startswith(text):
                yield term.code, (PREFIX, 0, term.kind)
            elif term.kind <= Kind.ALIAS and all(word in spaced for word in words):
                yield term.code, (WORDS, 0, term.kind)
            elif term.kind == Kind.NAME and len(text) > SHORT and text in term.text:
                yield term.code, (INSIDE, 0, term.kind)

    def _misspelt(self, text: str, among: Sequence[str]) -> Iterator[tuple[str, Rank]]:
        most = _mistakes(text)
        if most == 0:
            return
        found = process.extract(text, among, scorer=OSA.distance, score_cutoff=most, limit=None)
        for _, distance, place in found:
            term = self._guessable[place]
            if distance < 2 or term.kind <= Kind.ALIAS or len(text) > 8:
                yield term.code, (GUESS, int(distance), term.kind)

    def _misspelt_beginning(self, text: str) -> Iterator[tuple[str, Rank]]:
        """One wrong letter in a name that is not yet typed to its end."""
        if len(text) <= SHORT + 1:
            return
        longer = [term for term in self._guessable if len(term.text) > len(text) and term.kind <= Kind.PLACE]
        begun = [term.text[: len(text)] for term in longer]
        for _, distance, place in process.extract(
            text, begun, scorer=OSA.distance, score_cutoff=1, limit=None
        ):
            yield longer[place].code, (GUESSED_PREFIX, int(distance), longer[place].kind)


def _mistakes(text: str) -> int:
    """How many letters may be wrong, left out, added or swapped."""
    return 0 if len(text) <= SHORT else 1 if len(text) < 7 else 2


def _forms(text: str) -> list[str]:
    """The text with each of its words cut to each of its stems."""
    words = [sorted(stems(word), key=len, reverse=True) for word in text.split()]
    return [" ".join(form) for form in islice(product(*words), MOST_FORMS)]


def _best(found: Iterable[tuple[str, Rank]]) -> dict[str, Rank]:
    """By code, its best rank."""
    best: dict[str, Rank] = {}
    for code, rank in found:
        best[code] = min(rank, best.get(code, rank))
    return best
