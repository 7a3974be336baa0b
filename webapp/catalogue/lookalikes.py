"""Countries that are taken for each other: by their names in English or Russian, or because there are two of
them. A traveller who bought a plan for the wrong one has paid for nothing.

Each is told apart by where it lies (a CLDR region) and by its capital or best known town. The
names of countries and regions are CLDR's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from babel.lists import format_list

from webapp.base.i18n import LANGUAGES, N_, area_name, flag, language, region_name
from webapp.base.i18n import gettext as _

EUROPE, OCEANIA = "150", "009"
WEST_AFRICA, EAST_AFRICA, MIDDLE_AFRICA, SOUTH_AFRICA, NORTH_AFRICA = "011", "014", "017", "018", "015"
WEST_ASIA, SOUTH_ASIA, SOUTH_EAST_ASIA, EAST_ASIA = "145", "034", "035", "030"
NORTH_AMERICA, CENTRAL_AMERICA, SOUTH_AMERICA, CARIBBEAN = "003", "013", "005", "029"

PLACES: dict[str, tuple[str, str]] = {
    "ag": (CARIBBEAN, N_("Saint John’s")),
    "an": (CARIBBEAN, N_("Willemstad")),
    "as": (OCEANIA, N_("Pago Pago")),
    "at": (EUROPE, N_("Vienna")),
    "au": (OCEANIA, N_("Canberra")),
    "bb": (CARIBBEAN, N_("Bridgetown")),
    "bh": (WEST_ASIA, N_("Manama")),
    "bs": (CARIBBEAN, N_("Nassau")),
    "cd": (MIDDLE_AFRICA, N_("Kinshasa")),
    "cg": (MIDDLE_AFRICA, N_("Brazzaville")),
    "ch": (EUROPE, N_("Bern")),
    "cy": (EUROPE, N_("southern Nicosia")),
    "cyp": (EUROPE, N_("northern Nicosia")),
    "dm": (CARIBBEAN, N_("Roseau")),
    "do": (CARIBBEAN, N_("Santo Domingo")),
    "es": (EUROPE, N_("Madrid")),
    "ge": (WEST_ASIA, N_("Tbilisi")),
    "gf": (SOUTH_AMERICA, N_("Cayenne")),
    "gh": (WEST_AFRICA, N_("Accra")),
    "gm": (WEST_AFRICA, N_("Banjul")),
    "gn": (WEST_AFRICA, N_("Conakry")),
    "gp": (CARIBBEAN, N_("Basse-Terre")),
    "gq": (MIDDLE_AFRICA, N_("Malabo")),
    "gt": (CENTRAL_AMERICA, N_("Guatemala City")),
    "gw": (WEST_AFRICA, N_("Bissau")),
    "gy": (SOUTH_AMERICA, N_("Georgetown")),
    "ic": (EUROPE, N_("Las Palmas")),
    "id": (SOUTH_EAST_ASIA, N_("Jakarta")),
    "ie": (EUROPE, N_("Dublin")),
    "in": (SOUTH_ASIA, N_("New Delhi")),
    "iq": (WEST_ASIA, N_("Baghdad")),
    "ir": (SOUTH_ASIA, N_("Tehran")),
    "is": (EUROPE, N_("Reykjavik")),
    "kp": (EAST_ASIA, N_("Pyongyang")),
    "kr": (EAST_ASIA, N_("Seoul")),
    "lb": (WEST_ASIA, N_("Beirut")),
    "lr": (WEST_AFRICA, N_("Monrovia")),
    "lt": (EUROPE, N_("Vilnius")),
    "lv": (EUROPE, N_("Riga")),
    "ly": (NORTH_AFRICA, N_("Tripoli")),
    "ma": (NORTH_AFRICA, N_("Rabat")),
    "mc": (EUROPE, N_("Monte Carlo")),
    "me": (EUROPE, N_("Podgorica")),
    "mf": (CARIBBEAN, N_("Marigot")),
    "ml": (WEST_AFRICA, N_("Bamako")),
    "mr": (WEST_AFRICA, N_("Nouakchott")),
    "ms": (CARIBBEAN, N_("Brades")),
    "mt": (EUROPE, N_("Valletta")),
    "mu": (EAST_AFRICA, N_("Port Louis")),
    "mv": (SOUTH_ASIA, N_("Malé")),
    "mw": (EAST_AFRICA, N_("Lilongwe")),
    "ne": (WEST_AFRICA, N_("Niamey")),
    "ng": (WEST_AFRICA, N_("Abuja")),
    "nl": (EUROPE, N_("Amsterdam")),
    "nr": (OCEANIA, N_("Yaren")),
    "nu": (OCEANIA, N_("Alofi")),
    "pg": (OCEANIA, N_("Port Moresby")),
    "py": (SOUTH_AMERICA, N_("Asunción")),
    "sd": (NORTH_AFRICA, N_("Khartoum")),
    "se": (EUROPE, N_("Stockholm")),
    "si": (EUROPE, N_("Ljubljana")),
    "sk": (EUROPE, N_("Bratislava")),
    "ss": (EAST_AFRICA, N_("Juba")),
    "sx": (CARIBBEAN, N_("Philipsburg")),
    "sz": (SOUTH_AFRICA, N_("Mbabane")),
    "tg": (WEST_AFRICA, N_("Lomé")),
    "to": (OCEANIA, N_("Nukuʻalofa")),
    "us": (NORTH_AMERICA, N_("Washington")),
    "us-ga": (NORTH_AMERICA, N_("Atlanta")),
    "us-hi": (OCEANIA, N_("Honolulu")),
    "uy": (SOUTH_AMERICA, N_("Montevideo")),
    "vg": (CARIBBEAN, N_("Road Town")),
    "vi": (CARIBBEAN, N_("Charlotte Amalie")),
    "ws": (OCEANIA, N_("Apia")),
    "zm": (EAST_AFRICA, N_("Lusaka")),
    "zw": (EAST_AFRICA, N_("Harare")),
}
"""By area code: CLDR's code of the region it lies in, and its capital or best known town."""

PARTS = {"us-ga": N_("Georgia, a state of the USA")}
"""What is no area of ours, but may be meant."""

GROUPS: tuple[tuple[str, str], ...] = (
    ("at au", "en ru"),
    ("ne ng", "en ru"),
    ("cd cg", "en ru"),
    ("gn gw gq pg", "en ru"),
    ("gy gf", "en ru"),
    ("gh gy", "en ru"),
    ("kp kr", "en ru"),
    ("dm do", "en ru"),
    ("ge us-ga", "en"),
    ("sk si", "en ru"),
    ("ir iq", "en ru"),
    ("mu mr", "en ru"),
    ("gm zm", "en ru"),
    ("zm zw", "en ru"),
    ("py uy", "en ru"),
    ("ie is", "en ru"),
    ("ml mw mv mt", "en ru"),
    ("sx mf", "en ru"),
    ("ws as", "en ru"),
    ("vg vi", "en ru"),
    ("in id", "en ru"),
    ("lv lt", "en ru"),
    ("lr ly", "en ru"),
    ("lb ly", "ru"),
    ("sd ss", "en ru"),
    ("ch se", "en ru"),
    ("ch sz", "en"),
    ("ms me", "en"),
    ("mc ma", "ru"),
    ("bh bs", "en ru"),
    ("bb ag", "en ru"),
    ("gt gp", "en ru"),
    ("tg to", "en ru"),
    ("nr nu", "en ru"),
    ("cy cyp", "en ru"),
    ("nl an", "en ru"),
)
"""Who is taken for whom, and in which languages."""

PART_OF = {"ic": "es", "us-hi": "us"}
"""Sold apart, but often taken for the whole. Whoever buys the whole is not warned of each of its parts."""


@dataclass(frozen=True)
class Place:
    """In the language at hand, as for a list: "Austria", "🇦🇹", "Europe", "Vienna"."""

    code: str
    name: str
    flag: str
    region: str
    city: str

    @property
    def told_apart(self) -> str:
        """ "Austria (Europe, Vienna)", "Hawaii (USA; Oceania, Honolulu)"."""
        where = f"{self.region}, {self.city})"
        return f"{self.name[:-1]}; {where}" if self.name.endswith(")") else f"{self.name} ({where}"


@dataclass(frozen=True)
class LookAlikes:
    this: Place
    others: tuple[Place, ...]

    @property
    def sentence(self) -> str:
        """ "Check the country: Austria (Europe, Vienna), not Australia (Oceania, Canberra)." """
        others = [place.told_apart for place in self.others]
        return _("Check the country: %(this)s, not %(others)s.") % {
            "this": self.this.told_apart,
            "others": format_list(others, style="or", locale=language()),
        }


def taken_for(code: str) -> LookAlikes | None:
    """What this area may be taken for by somebody who speaks the language at hand; None for most."""
    others = _MISTAKEN_FOR.get(language(), {}).get(code)
    return LookAlikes(_place(code), tuple(map(_place, others))) if others else None


def _mistaken_for(lang: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {part: (whole,) for part, whole in PART_OF.items()}
    for members, languages in GROUPS:
        if lang in languages.split():
            group = members.split()
            for code in (code for code in group if code not in PARTS):
                found[code] = (*found.get(code, ()), *(other for other in group if other != code))
    return found


_MISTAKEN_FOR = {lang: _mistaken_for(lang) for lang in LANGUAGES}


def _place(code: str) -> Place:
    region, city = PLACES[code]
    name = _(PARTS[code]) if code in PARTS else area_name(code, code)
    return Place(code, name, flag(code.split("-")[0]), region_name(region), _(city))
