"""Languages: texts from translations/, names and numbers from CLDR. Plain Babel, so that jobs speak too.

The language of the work at hand is a context variable: `with speaking("ru"): ...`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from babel.units import format_unit

LANGUAGES = {"en": "English", "ru": "Русский"}
TRANSLATIONS = Path(__file__).parent / "translations"

_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    return _language.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    token = _language.set(supported(code) or "en")
    try:
        yield
    finally:
        _language.reset(token)


def supported(tag: str | None) -> str | None:
    """The language of ours that an IETF tag asks for ("ru-RU" is "ru"); None when we do not speak it."""
    code = (tag or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else None


def best(accept_language: str, default: str) -> str:
    """The first language of an Accept-Language header that we speak."""
    for part in accept_language.split(","):
        if found := supported(part.split(";")[0].strip()):
            return found
    return default


def _translations(code: str) -> NullTranslations:
    source = TRANSLATIONS / code / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


TEXTS = {code: _translations(code) for code in LANGUAGES}
"""Read while the process starts: every one needs them with its first page or message."""


def gettext(message: str) -> str:
    return str(TEXTS[language()].gettext(message))


def ngettext(one: str, many: str, count: int) -> str:
    return str(TEXTS[language()].ngettext(one, many, count))


def N_(message: str) -> str:  # noqa: N802 - the usual name for "mark for translation, translate later"
    return message


_ODD_AREAS = {
    "cyp": N_("Northern Cyprus"),
    "us-hi": N_("Hawaii (USA)"),
    "an": N_("Netherlands Antilles"),
}
_REGIONS = {
    "africa": N_("Africa"),
    "americas": N_("North and South America"),
    "asia": N_("Asia"),
    "balkans": N_("Balkans"),
    "business-hubs": N_("Business hubs"),
    "caribbean": N_("Caribbean"),
    "cenam": N_("Central America"),
    "cis": N_("CIS"),
    "eu": N_("Europe+"),
    "europe": N_("Europe"),
    "europe-lite": N_("Europe (main countries)"),
    "europe-usa": N_("Europe and USA"),
    "global": N_("Worldwide"),
    "global-light": N_("Worldwide (Light)"),
    "global-max": N_("Worldwide (Max)"),
    "global-standard": N_("Worldwide (Standard)"),
    "latin-america": N_("Latin America"),
    "middle-east": N_("Middle East"),
    "middle-east-africa": N_("Middle East and Africa"),
    "middle-east-and-africa": N_("Middle East and Africa"),
    "middle-east-and-north-africa": N_("Middle East and North Africa"),
    "middle-east-north-africa": N_("Middle East and North Africa"),
    "north-america": N_("North America"),
    "oceania": N_("Oceania"),
}
"""By the code that the provider's label becomes: "EU+" is eu, "Global - Light" is global-light."""

_NO_PLACES = {"CQ", "EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
"""CLDR names these like territories, but nobody travels there, or sells eSIMs under the name (Sark)."""


_TERRITORIES = {
    lang: {code: name for code, name in Locale(lang).territories.items() if code not in _NO_PLACES}
    for lang in LANGUAGES
}


def _territory(code: str, lang: str) -> str | None:
    return _TERRITORIES[lang].get(code.upper())


def is_territory(code: str) -> bool:
    """Is this a code that we can name: ISO 3166, or one of the provider's own for a part of a country?"""
    return code.lower() in _ODD_AREAS or (len(code) == 2 and _territory(code, "en") is not None)


def territories() -> list[str]:
    """Every code that is_territory() knows, ISO's in capital letters."""
    codes = map(str, Locale("en").territories)
    return [*(code for code in codes if is_territory(code)), *_ODD_AREAS]


def iso3_codes() -> dict[str, str]:
    """ISO 3166's codes of three letters, with the two letters that stand for the same: TUR is TR."""
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    return {
        long: short[0]
        for long, short in aliases.items()
        if len(long) == 3 and long.isalpha() and len(short) == 1
    }


def towns() -> set[tuple[str, str]]:
    """CLDR's towns (one for each time zone) in our languages, each with the territory that it lies in."""
    zones: Mapping[str, str] = get_global("zone_territories")
    found = {(place, zone.rsplit("/", 1)[-1].replace("_", " ")) for zone, place in zones.items()}
    for lang in LANGUAGES:
        named = Locale(lang).time_zones
        found |= {
            (place, str(named[zone]["city"]))
            for zone, place in zones.items()
            if "city" in named.get(zone, {})
        }
    return {(place, town) for place, town in found if is_territory(place)}


def area_name(code: str, fallback: str) -> str:
    """A country's or region's name in the language at hand; `fallback` is the provider's English one."""
    if known := _ODD_AREAS.get(code) or _REGIONS.get(code):
        return gettext(known)
    return (_territory(code, language()) if len(code) == 2 else None) or fallback


def region_name(code: str) -> str:
    """A part of the world in the language at hand, by its UN M49 code: "150" is Europe."""
    return str(Locale(language()).territories[code])


_GLOBES = {
    "🌎": {"americas", "caribbean", "cenam", "latin-america", "north-america"},
    "🌏": {"asia", "oceania"},
}
"""The side of the globe on which a region lies, where it is not the one with Europe and Africa."""


def flag(code: str) -> str:
    """The flag emoji of a two-letter code that has one; a globe for everything else."""
    if len(code) == 2 and _territory(code, "en"):
        return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code.upper())
    return next((globe for globe, regions in _GLOBES.items() if code in regions), "🌍")


def data_size(megabytes: int | None) -> str:
    """Provider units: 1 GB is 1000 MB. None is unlimited."""
    if megabytes is None:
        return gettext("Unlimited")
    if megabytes >= 1000:
        return gettext("%(number)s GB") % {
            "number": format_decimal(megabytes / 1000, "0.##", locale=language())
        }
    return gettext("%(number)s MB") % {"number": megabytes}


def speed_text(kbps: int) -> str:
    """ "512 kbit/s", "1.25 Mbit/s"."""
    if kbps < 1000:
        return gettext("%(number)s kbit/s") % {"number": kbps}
    return gettext("%(number)s Mbit/s") % {"number": format_decimal(kbps / 1000, "0.##", locale=language())}


def days_text(days: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", days) % {"num": days}


def stars_text(stars: int) -> str:
    """Where a sentence needs a case, it is written for the accusative ("we return 3 Stars")."""
    return ngettext("%(num)s Star", "%(num)s Stars", stars) % {"num": stars}


def number_text(number: float) -> str:
    """With the marks of the language, and one decimal at most."""
    return str(format_decimal(number, "#,##0.#", locale=language()))


def minutes_text(seconds: float) -> str:
    return str(format_unit(round(seconds / 60), "duration-minute", locale=language()))


def moment_text(moment: datetime) -> str:
    """Date and time, UTC, said as such: the server does not know the traveller's zone."""
    return f"{format_datetime(moment, 'd MMM, HH:mm', locale=language())} UTC"


def time_text(moment: datetime) -> str:
    return f"{format_time(moment, 'HH:mm', locale=language())} UTC"


def date_text(moment: date) -> str:
    return str(format_date(moment, "d MMMM", locale=language()))


def short_date_text(moment: date) -> str:
    return str(format_date(moment, "d MMM", locale=language()))


def day_text(moment: datetime) -> str:
    """With its year, for papers."""
    return str(format_date(moment, "d MMMM y", locale=language()))


def span_text(seconds: float) -> str:
    """Days from two on; less than that in hours, or in minutes."""
    if seconds >= 2 * 86_400:
        return days_text(round(seconds / 86_400))
    if seconds >= 3600:
        return str(format_unit(round(seconds / 3600), "duration-hour", locale=language()))
    return minutes_text(max(60.0, seconds))


def duration_text(seconds: float) -> str:
    return str(format_timedelta(timedelta(seconds=max(0.0, seconds)), threshold=1.2, locale=language()))
