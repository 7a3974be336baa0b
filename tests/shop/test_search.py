"""The search forgives: searches.txt holds what people type and what they mean."""

from functools import cache
from pathlib import Path

import pytest

from sandbox.esimgo import areas
from webapp import catalogue
from webapp.base.i18n import LANGUAGES, area_name, speaking, territories
from webapp.catalogue import AreaCard, Found, Search

FILE = Path(__file__).with_name("searches.txt")
LINES = [line for line in FILE.read_text().splitlines() if line and line[0] != "#"]
SEARCHES = [tuple(cell.strip() for cell in line.split("|")) for line in LINES]


def card(code: str, provider_name: str = "", *, country: bool = True) -> AreaCard:
    names = []
    for lang in LANGUAGES:
        with speaking(lang):
            names.append(catalogue.normal(area_name(code, provider_name)))
    names.append(catalogue.normal(provider_name))
    return AreaCard(code, area_name(code, provider_name), "", country, 100, tuple(names))


@cache
def sandbox_shop() -> list[AreaCard]:
    countries = areas.countries()
    places = [*countries, *areas.regions(countries)]
    return [card(catalogue.area_code(p.iso), p.name, country=not p.covers) for p in places]


@cache
def whole_world() -> list[AreaCard]:
    return [card(code.lower()) for code in territories()]


@cache
def search() -> Search:
    return Search()


def look(cards: list[AreaCard], query: str) -> Found:
    return search().look(cards, query)


def found(query: str, cards: list[AreaCard] | None = None) -> list[str]:
    return [hit.code for hit in look(cards or sandbox_shop(), query).cards]


@pytest.mark.parametrize(("query", "first"), SEARCHES, ids=[query for query, _ in SEARCHES])
def test_what_is_meant_stands_first(query: str, first: str) -> None:
    answer = look(sandbox_shop(), query)
    if first.startswith("!"):
        assert (answer.unsold, answer.cards) == (area_name(first[1:], ""), [])
    else:
        assert answer.unsold is None
        assert [hit.code for hit in answer.cards[:1]] == [code for code in (first,) if code != "-"]


def test_there_are_more_than_a_hundred_of_them() -> None:
    assert len({query for query, _ in SEARCHES}) == len(SEARCHES) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_page_changes_nothing(language: str) -> None:
    with speaking(language):
        assert found("Стамбул") == found("istanbul") == ["tr"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_is_found_by_its_own_name(language: str) -> None:
    with speaking(language):
        named = {place.code: area_name(place.code, "") for place in whole_world()}
    lost = {name for code, name in named.items() if name and found(name, whole_world())[:1] != [code]}
    assert len(named) > 250
    assert lost == set()


def test_every_country_is_found_by_its_code() -> None:
    assert [p.code for p in whole_world() if found(p.code, whole_world())[:1] != [p.code]] == []


def test_a_guess_never_stands_beside_what_was_written() -> None:
    assert found("Австрия") == ["at"]
    assert found("iraq", whole_world()) == ["iq"]


# --- what we do not sell


def test_an_honest_no_names_what_lies_near() -> None:
    answer = look(sandbox_shop(), "Иран")
    assert answer.unsold == "Iran"
    assert [place.code for place in answer.nearby][:3] == ["tr", "ae", "ge"], "popular, and next to it"
    with speaking("ru"):
        assert look(sandbox_shop(), "Iran").unsold == "Иран"


def test_what_else_the_words_may_mean_comes_first() -> None:
    cards = [place for place in sandbox_shop() if place.code != "ge"]
    answer = look([card("ng"), *cards], "Niger")
    assert answer.unsold == "Niger"
    assert answer.nearby[0].code == "ng"


def test_a_few_letters_may_be_on_the_way_to_what_we_sell() -> None:
    assert found("ira", [card("iq"), card("tr")]) == ["iq"]
    assert look([card("tr")], "ira").unsold is None
    assert look([card("ie"), card("tr")], "IR").unsold is None


def test_a_part_of_a_country_leads_to_the_whole_when_it_is_not_sold_apart() -> None:
    assert found("Тенерифе", [card("es"), card("tr")]) == ["es"]
    assert found("Honolulu", [card("us"), card("tr")]) == ["us"]
