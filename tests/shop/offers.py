"""eSIM Go's catalogue as a test writes it down. Every name, number and price is invented."""

from collections.abc import Iterator, Sequence
from itertools import product
from string import ascii_uppercase

from tests.shop.factories import country, on_sale
from webapp import catalogue
from webapp.base.config import Config
from webapp.base.i18n import is_territory
from webapp.clients.esimgo.payloads import CatalogueBundle, CataloguePage
from webapp.models import Plan

ROWS_A_PAGE = 500
TURKEY, FRANCE, SPAIN = country("TR", "Turkey"), country("FR", "France"), country("ES", "Spain")
EUROPE = country("Europe", "Europe")

TR_3GB = on_sale("esim_3GB_30D_TR_V2", [TURKEY])
TR_1GB = on_sale("esim_1GB_7D_TR_V2", [TURKEY], gigabytes=1, days=7, price=1.5)
FR_1GB = on_sale("esim_1GB_7D_FR_V2", [FRANCE], gigabytes=1, days=7, price=1.4)
EU_5GB = on_sale("esim_5GB_30D_EU", [EUROPE], roaming=[FRANCE, SPAIN], gigabytes=5, price=12)


def pages(
    bundles: Sequence[CatalogueBundle], *, rows: int | None = None, skipped: int = 0
) -> Iterator[CataloguePage]:
    """As eSIM Go sends them; `rows` is what it says to have in all."""
    count = -(-len(bundles) // ROWS_A_PAGE)
    told = len(bundles) + skipped if rows is None else rows
    for number in range(count):
        part = tuple(bundles[number * ROWS_A_PAGE : (number + 1) * ROWS_A_PAGE])
        yield CataloguePage(part, count, told, 0 if number else skipped)


def stock(config: Config, *bundles: CatalogueBundle) -> int:
    """The shop has read that this is all there is; however much is missing, the owner agrees."""
    generation = catalogue.sync(pages(bundles), config)
    if catalogue.state().held is None:
        return generation
    catalogue.accept()
    return catalogue.sync(pages(bundles), config)


def sold() -> dict[str, str]:
    """What can be bought: the bundle behind each plan."""
    return {plan.plan_id: plan.bundle.name for plan in Plan.select().where(Plan.available)}


def world(bundles: int, countries: int) -> list[CatalogueBundle]:
    """That many bundles for that many countries, one in twelve a region's that works in half of them."""
    codes = [a + b for a, b in product(ascii_uppercase, repeat=2) if is_territory(a + b)][:countries]
    homes = [country(code) for code in codes]
    regions = [country(f"Region {number}") for number in range(14)]
    offers = []
    for number in range(bundles):
        regional, size = number % 12 == 0, number // len(homes)
        place = regions[number // 12 % len(regions)] if regional else homes[number % len(homes)]
        offers.append(
            on_sale(
                f"bundle-{number}",
                [place],
                roaming=homes[number % 2 :: 2] if regional else [],
                gigabytes=None if size % 3 == 2 else 1 + size // 3,
                days=7 + number % 23,
                price=1 + number % 977 / 100,
            )
        )
    return offers
