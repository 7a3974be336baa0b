"""The catalogue, the ways it can be asked for, and how it changes (eSIM Go API v2.5, GET /catalogue)."""

from fnmatch import fnmatchcase
from typing import Any

from sandbox.esimgo import edits, offers
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.money import number
from sandbox.esimgo.offers import Bundle, Offers

GROUPS = [
    "Standard Fixed",
    "Standard Unlimited Lite",
    "Standard Unlimited Essential",
    "Standard Unlimited Plus",
    "Standard Long Duration",
]
LARGEST_PAGE = 1000


class Catalogue:
    """What is sold now, and all that ever was. `shown` gives a bundle in the API's spelling."""

    def __init__(self, first_day: Offers | None = None) -> None:
        first_day = first_day or offers.usual()
        self.areas = first_day.areas
        self._first = {bundle["name"]: bundle for bundle in first_day.bundles}
        self.start_over()

    def start_over(self) -> None:
        """As on the first day."""
        self._sold, self._ever = dict(self._first), dict(self._first)
        self.edits: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._sold)

    def get(self, name: object) -> Bundle | None:
        """What can be bought now. Names are case-sensitive."""
        return self._sold.get(name) if isinstance(name, str) else None

    def known(self, name: object) -> Bundle | None:
        """Also what is no longer sold: it still lies on eSIMs and in the inventory."""
        return self._ever.get(name) if isinstance(name, str) else None

    def country_name(self, iso: str) -> str:
        """The code itself where the name is not known."""
        return self.areas[iso].name if iso in self.areas else iso

    def edit(self, wish: dict[str, Any]) -> None:
        """Change what is sold, as sandbox.esimgo.edits describes; ValueError leaves all as it was."""
        self._sold = edits.edited(self._sold, self._first, self._ever, wish)
        self._ever |= self._sold
        self.edits.append(wish)

    def find(self, wanted: dict[str, str]) -> list[Bundle]:
        """Bundles by `countries`, `region`, `group` and `description`, ordered by `orderBy`."""
        rows = [bundle for bundle in self._sold.values() if _is_wanted(bundle, wanted)]
        column = wanted.get("orderBy")
        if column:
            if column not in {"name", "description", "price", "duration", "dataAmount"}:
                raise Refused(400, f"cannot order by {column}")
            rows.sort(key=lambda bundle: bundle["price_m" if column == "price" else column])
        if wanted.get("direction", "asc") == "desc":
            rows.reverse()
        return rows


def shown(bundle: Bundle, price_factor: float) -> dict[str, Any]:
    """A bundle as GET /catalogue spells it; the price is a number of currency units."""
    row = {key: value for key, value in bundle.items() if key != "price_m"}
    return row | {"price": number(int(bundle["price_m"] * price_factor))}


def _is_wanted(bundle: Bundle, wanted: dict[str, str]) -> bool:
    base = bundle["countries"][0]
    isos = {iso.strip() for iso in wanted.get("countries", "").split(",") if iso.strip()}
    pattern = wanted.get("description", "").lower()
    return (
        (not isos or base["iso"] in isos)
        and wanted.get("region", base["region"]) == base["region"]
        and wanted.get("group", bundle["groups"][0]) in bundle["groups"]
        and (not pattern or fnmatchcase(bundle["description"].lower(), f"*{pattern}*"))
    )
