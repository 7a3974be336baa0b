"""Two languages: names, plurals and sizes as people write them."""

from datetime import UTC, datetime
from threading import Thread

import pytest

from webapp.base import i18n
from webapp.base.i18n import speaking


def say(language: str, text: str) -> str:
    with speaking(language):
        return i18n.gettext(text)


@pytest.mark.parametrize(
    ("number", "days", "stars"),
    [
        (1, "1 день", "1 звезду"),
        (2, "2 дня", "2 звезды"),
        (4, "4 дня", "4 звезды"),
        (5, "5 дней", "5 звёзд"),
        (11, "11 дней", "11 звёзд"),
        (14, "14 дней", "14 звёзд"),
        (21, "21 день", "21 звезду"),
        (22, "22 дня", "22 звезды"),
        (30, "30 дней", "30 звёзд"),
        (111, "111 дней", "111 звёзд"),
        (453, "453 дня", "453 звезды"),
        (1001, "1001 день", "1001 звезду"),
    ],
)
def test_russian_has_three_plurals(number: int, days: str, stars: str) -> None:
    with speaking("ru"):
        assert i18n.days_text(number) == days
        assert i18n.stars_text(number) == stars


def test_english_has_two() -> None:
    with speaking("en"):
        assert [i18n.days_text(n) for n in (1, 2, 21)] == ["1 day", "2 days", "21 days"]
        assert [i18n.stars_text(n) for n in (1, 453)] == ["1 Star", "453 Stars"]


@pytest.mark.parametrize(
    ("megabytes", "english", "russian"),
    [
        (None, "Unlimited", "Безлимит"),
        (0, "0 MB", "0 МБ"),
        (500, "500 MB", "500 МБ"),
        (999, "999 MB", "999 МБ"),
        (1000, "1 GB", "1 ГБ"),
        (1500, "1.5 GB", "1,5 ГБ"),
        (2345, "2.34 GB", "2,34 ГБ"),
        (100_000, "100 GB", "100 ГБ"),
    ],
)
def test_sizes(megabytes: int | None, english: str, russian: str) -> None:
    with speaking("en"):
        assert i18n.data_size(megabytes) == english
    with speaking("ru"):
        assert i18n.data_size(megabytes) == russian


@pytest.mark.parametrize(
    ("code", "fallback", "english", "russian"),
    [
        ("tr", "Turkey", "Türkiye", "Турция"),
        ("us", "United States", "United States", "Соединенные Штаты"),
        ("ic", "Canary Islands", "Canary Islands", "Канарские о-ва"),
        ("cyp", "Cyprus North", "Northern Cyprus", "Северный Кипр"),
        ("us-hi", "Hawaii", "Hawaii (USA)", "Гавайи (США)"),
        ("an", "Antilles", "Netherlands Antilles", "Нидерландские Антилы"),
        ("eu", "EU+", "Europe+", "Европа+"),
        ("global-light", "Global - Light", "Worldwide (Light)", "Весь мир (Light)"),
        ("europe-lite", "Europe Lite", "Europe (main countries)", "Европа (основные страны)"),
        ("atlantis-plus", "Atlantis Plus", "Atlantis Plus", "Atlantis Plus"),
        ("q9", "Somewhere", "Somewhere", "Somewhere"),
    ],
)
def test_areas_by_name_or_as_the_provider_calls_them(
    code: str, fallback: str, english: str, russian: str
) -> None:
    with speaking("en"):
        assert i18n.area_name(code, fallback) == english
    with speaking("ru"):
        assert i18n.area_name(code, fallback) == russian


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("TR", True),
        ("ic", True),
        ("CYP", True),
        ("US-HI", True),
        ("AN", True),
        ("Europe Lite", False),
        ("Q9", False),
        ("TUR", False),
        ("EU", False),
        ("ZZ", False),
    ],
)
def test_what_is_a_territory(code: str, known: bool) -> None:
    assert i18n.is_territory(code) is known


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        ("tr", "🇹🇷"),
        ("US", "🇺🇸"),
        ("ic", "🇮🇨"),
        ("us-hi", "🌍"),
        ("cyp", "🌍"),
        ("an", "🌍"),
        ("eu", "🌍"),
        ("uk", "🌍"),
        ("q9", "🌍"),
        ("", "🌍"),
    ],
)
def test_a_flag_or_a_globe(code: str, flag: str) -> None:
    assert i18n.flag(code) == flag


@pytest.mark.parametrize(
    ("tag", "code"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU_ru", "ru"), ("en-GB", "en"), ("de", None), ("", None), (None, None)],
)
def test_a_language_tag_of_ours_or_not(tag: str | None, code: str | None) -> None:
    assert i18n.supported(tag) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de-DE, en;q=0.7", "en"),
        ("de,fr", "default"),
        ("", "default"),
        (";;,,=", "default"),
        ("*", "default"),
    ],
)
def test_the_first_language_that_we_speak_is_the_best(header: str, code: str) -> None:
    assert i18n.best(header, "default") == code


def test_a_language_ends_with_its_block_even_when_it_fails() -> None:
    with speaking("ru"):
        with pytest.raises(ZeroDivisionError), speaking("en"):
            _ = 1 / 0
        assert i18n.language() == "ru"


def test_two_threads_speak_two_languages() -> None:
    heard: list[str] = []
    with speaking("ru"):
        other = Thread(target=lambda: heard.append(i18n.gettext("Open the shop")))
        other.start()
        other.join()
        heard.append(i18n.gettext("Open the shop"))
    assert heard == ["Open the shop", "Открыть магазин"]


def test_a_language_that_we_do_not_speak_is_answered_in_english() -> None:
    assert say("de", "Open the shop") == "Open the shop"
    assert say("ru-RU", "Open the shop") == "Открыть магазин"


def test_moments_follow_the_language_and_say_that_they_are_utc() -> None:
    moment = datetime(2030, 5, 9, 18, 5, tzinfo=UTC)
    with speaking("en"):
        assert (i18n.moment_text(moment), i18n.time_text(moment)) == ("9 May, 18:05 UTC", "18:05 UTC")
        assert i18n.date_text(moment) == "9 May"
        assert i18n.minutes_text(900) == "15 minutes"
        assert i18n.duration_text(-5) == "0 seconds"
    with speaking("ru"):
        assert i18n.moment_text(moment) == "9 мая, 18:05 UTC"
        assert i18n.date_text(moment) == "9 мая"
        assert i18n.minutes_text(900) == "15 минут"
