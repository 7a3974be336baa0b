"""Countries that are taken for each other are told apart, in words that fit the language."""

import re

import pytest

from webapp import catalogue
from webapp.base.i18n import LANGUAGES, area_name, is_territory, speaking
from webapp.catalogue.lookalikes import GROUPS, PART_OF, PARTS, PLACES

BOTH = (
    "at-au ne-ng cg-cd gn-gq gw-pg kp-kr dm-do sk-si ir-iq mu-mr gm-zm py-uy ie-is ml-mw mv-mt sx-mf ws-as "
    "vg-vi in-id lv-lt cy-cyp sd-ss "
)
PAIRS = {"en": BOTH + "ge-us-ga ch-sz", "ru": BOTH + "ma-mc lb-ly"}


def others(code: str) -> list[str]:
    found = catalogue.taken_for(code)
    return [place.code for place in found.others] if found else []


@pytest.mark.parametrize(("lang", "pair"), [(lang, pair) for lang in PAIRS for pair in PAIRS[lang].split()])
def test_a_country_is_told_from_the_one_it_is_taken_for(lang: str, pair: str) -> None:
    one, other = pair.split("-", 1)
    with speaking(lang):
        assert other in others(one)
        assert other == "us-ga" or one in others(other)


def test_names_that_differ_in_the_other_language_do_not_alarm() -> None:
    with speaking("ru"):
        assert others("ge") == [], "Грузия is nothing like Джорджия"
        assert "sz" not in others("ch"), "nor Эсватини like Швейцария"
    with speaking("en"):
        assert others("ma") == [], "Morocco is nothing like Monaco"


@pytest.mark.parametrize("code", ["tr", "fr", "th", "us", "es", "europe", "nowhere", "us-ga"])
def test_most_places_are_taken_for_nothing(code: str) -> None:
    for lang in LANGUAGES:
        with speaking(lang):
            assert catalogue.taken_for(code) is None


def test_a_part_that_is_sold_apart_is_told_from_the_whole() -> None:
    assert (others("us-hi"), others("ic")) == (["us"], ["es"])


@pytest.mark.parametrize(
    ("lang", "code", "sentence"),
    [
        ("en", "at", "Check the country: Austria (Europe, Vienna), not Australia (Oceania, Canberra)."),
        ("ru", "at", "Проверьте страну: Австрия (Европа, Вена), а не Австралия (Океания, Канберра)."),
        (
            "en",
            "ge",
            "Check the country: Georgia (Western Asia, Tbilisi), not Georgia, a state of the USA "
            "(North America, Atlanta).",
        ),
        (
            "ru",
            "vi",
            "Проверьте страну: Виргинские о-ва (США; Карибы, Шарлотта-Амалия), а не Виргинские о-ва "
            "(Великобритания; Карибы, Род-Таун).",
        ),
        (
            "ru",
            "ly",
            "Проверьте страну: Ливия (Северная Африка, Триполи), а не Либерия (Западная Африка, Монровия) "
            "или Ливан (Западная Азия, Бейрут).",
        ),
    ],
)
def test_the_sentence_reads_well(lang: str, code: str, sentence: str) -> None:
    with speaking(lang):
        found = catalogue.taken_for(code)
        assert found is not None
        assert found.sentence == sentence


def test_every_place_has_names_that_tell_it_apart_in_both_languages() -> None:
    for lang in LANGUAGES:
        with speaking(lang):
            known = [found for code in PLACES if (found := catalogue.taken_for(code))]
            assert len(known) > 60
            for found in known:
                words = {place.told_apart for place in (found.this, *found.others)}
                assert len(words) == 1 + len(found.others), "no two read the same"
                assert bool(re.search("[a-zA-Z]", found.sentence)) is (lang == "en"), found.sentence


def test_every_code_is_a_place_that_is_used() -> None:
    used = {code for members, _ in GROUPS for code in members.split()}
    parts = {code for pair in PART_OF.items() for code in pair}
    assert used | parts == set(PLACES)
    assert {code for code in used if not is_territory(code)} == set(PARTS)
    assert area_name("ic", "?") != "?"
