"""What can take the place of a bundle that was paid for: equal or better in all that it was sold as."""

from typing import Any

from peewee import fn

from webapp.catalogue.mapping import Size, is_as_much, speed
from webapp.models import Area, Bundle, BundleArea


def substitutes(sold: Bundle, wanted: Size, most: int) -> list[Bundle]:
    """Bundles on sale of at most this wholesale price (thousandths) that work in every country of `sold`, are
    not slower, and have all that the plan says; `sold` itself is one, if it is like that.

    First those of the plan's own area, then wider ones; of these the cheapest, and of equals the plan's own
    size. An amount of data and no limit never stand in for each other.
    """
    on_sale = Bundle.gone_at.is_null() & (Bundle.wholesale <= most)
    known = Bundle.select().where(on_sale, Bundle.id.in_(_working_in(_places(sold, wanted.area))))
    at_home = BundleArea.select(BundleArea.bundle).where(
        BundleArea.area == wanted.area, BundleArea.role == "base"
    )
    of_this_area = set(Bundle.select().where(Bundle.id.in_(at_home)))
    fitting = [
        bundle
        for bundle in known
        if is_as_much(bundle.data_mb, bundle.duration_days, bundle.tier, wanted)
        and speed(bundle.speeds) >= speed(sold.speeds)
    ]
    return sorted(fitting, key=lambda one: (one not in of_this_area, *_preference(one, wanted)))


def _preference(bundle: Bundle, wanted: Size) -> tuple[object, ...]:
    size = (bundle.data_mb, bundle.duration_days, bundle.tier)
    is_other_size = size != (wanted.data_mb, wanted.days, wanted.tier)
    return bundle.wholesale, is_other_size, -speed(bundle.speeds), bundle.name


def _working_in(places: set[str]) -> Any:
    """A query of the ids of bundles that work in all of these."""
    there = BundleArea.select(BundleArea.bundle).where(BundleArea.area.in_(places))
    return there.group_by(BundleArea.bundle).having(fn.COUNT(BundleArea.area.distinct()) == len(places))


def _places(sold: Bundle, area: str) -> set[str]:
    """The countries in which it works, the plan's own among them. The label of a region is no country: it
    counts where eSIM Go does not say what the region is.
    """
    covered = BundleArea.select(BundleArea.area).where(BundleArea.bundle == sold)
    countries = Area.select().where(Area.is_country, Area.code.in_(covered) | (Area.code == area))
    return {country.code for country in countries} or {area}


def is_less(bundle: Bundle, wanted: Size) -> bool:
    """Has a bundle less by now than the plan that was sold with it? A tier that is not told is no proof."""
    tier = bundle.tier or wanted.tier
    if not is_as_much(bundle.data_mb, bundle.duration_days, tier, wanted):
        return True
    is_country = Area.select().where(Area.code == wanted.area, Area.is_country).exists()
    here = BundleArea.select().where(BundleArea.bundle == bundle, BundleArea.area == wanted.area)
    return is_country and not here.exists()
