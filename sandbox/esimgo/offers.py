"""What is sold in an area: sizes, days and invented prices, as GET /catalogue spells a bundle."""

from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import Any

from sandbox.esimgo.areas import GRIDS, Area, countries, many_countries, regions

Bundle = dict[str, Any]

DAYS_OF = {1: 7, 2: 15}  # every other size runs for 30 days
LONG = ((20, 60), (50, 90), (100, 90), (100, 180))
UNLIMITED_DAYS = (1, 3, 5, 7, 10, 15, 30)
TIERS = {"UL": ("Lite", 100), "ULE": ("Essential", 118), "ULP": ("Plus", 165)}
SPEEDS = {1: ["2G", "4G", "5G"], 2: ["2G", "3G", "4G", "5G"], 3: ["2G", "3G", "4G"], 4: ["4G", "5G"]}
ROAMING = {"GB": "IM", "FR": "MC", "CYP": "CY", "ES": "IC"}  # some countries' products work next door, too


class Offers:
    """Areas by code, and the bundles of the first day. `price_m` is the price in thousandths."""

    def __init__(self, areas: list[Area]) -> None:
        self.areas = {area.code: area for area in areas}
        self.bundles = [bundle for area in areas for bundle in self._of(area)]

    def _of(self, area: Area) -> list[Bundle]:
        fixed = [self._fixed(area, size, DAYS_OF.get(size, 30), "Standard Fixed") for size in area.sizes]
        if area.long:
            fixed += [self._fixed(area, size, days, "Standard Long Duration") for size, days in LONG]
        if area.unlimited:
            fixed += [self._unlimited(area, tier, days) for tier in TIERS for days in UNLIMITED_DAYS]
        return fixed

    def _fixed(self, area: Area, size: int, days: int, group: str) -> Bundle:
        price = int(400 + area.per_gb * float(size) ** 0.76 * (1 + days / 900)) // 5 * 5
        return self._bundle(area, f"{size}GB", f"{size}GB", days, size * 1000, group, price)

    def _unlimited(self, area: Area, tier: str, days: int) -> Bundle:
        label, percent = TIERS[tier]
        price = int((500 + area.per_gb * 1.3 * float(days) ** 0.87) * percent / 100) // 5 * 5
        return self._bundle(area, tier, f"Unlimited {label}", days, -1, f"Standard Unlimited {label}", price)

    def _bundle(
        self, area: Area, size: str, words: str, days: int, data_mb: int, group: str, price_m: int
    ) -> Bundle:
        unlimited = data_mb < 0
        return {
            "name": f"esim_{size}_{days}D_{area.code}_V2",
            "description": f"eSIM, {words}, {days} Day{'s' * (days > 1)}, {area.name}, V2",
            "groups": [group],
            "countries": [area.row],
            "dataAmount": data_mb,
            "duration": days,
            "speed": SPEEDS[area.profile],
            "autostart": True,
            "unlimited": unlimited,
            "roamingEnabled": self._roaming(area),
            "imageUrl": f"https://images.example.com/{area.code.lower()}.jpg",
            "price_m": price_m,
            "billingType": "FixedCost",
            "profileName": f"Profile {area.profile}",
            "allowances": [
                {
                    "type": "DATA",
                    "service": "STANDARD",
                    "description": "",
                    "amount": data_mb,
                    "unit": "MB",
                    "unlimited": unlimited,
                }
            ],
        }

    def _roaming(self, area: Area) -> list[dict[str, str]]:
        codes = area.covers or tuple(filter(None, [ROAMING.get(area.code)]))
        return [self.areas[code].row for code in codes if code in self.areas]


def usual() -> Offers:
    """The catalogue of `make run`."""
    base = countries()
    return Offers([*base, *regions(base)])


def sized(bundles: int, countries: int) -> Offers:
    """Exactly so many bundles over so many countries and the regions they make up; always the same ones.

    Sizes are spread over all areas as evenly as the number allows. ValueError when it cannot be done.
    """
    base = many_countries(countries)
    everything = [
        replace(area, sizes=GRIDS["all"], unlimited=True, long=True) for area in [*base, *regions(base)]
    ]
    offers = Offers(everything)
    if not len(everything) <= bundles <= len(offers.bundles):
        most = len(offers.bundles)
        raise ValueError(f"{countries} countries make {len(everything)} to {most} bundles, not {bundles}")
    kept = {bundle["name"] for bundle in islice(_in_turn(offers.bundles, len(everything)), bundles)}
    offers.bundles = [bundle for bundle in offers.bundles if bundle["name"] in kept]
    return offers


def _in_turn(bundles: list[Bundle], areas: int) -> chain[Bundle]:
    """One of every area, then a second of every area, and so on: all areas offer equally many."""
    each = len(bundles) // areas
    by_area = [bundles[place * each : (place + 1) * each] for place in range(areas)]
    return chain.from_iterable(zip_longest(*by_area))
