"""A full shop for looking at: every country there is, regions, all sizes of plans. Prices are invented."""

from typing import Any

from babel import Locale

from webapp.base.i18n import is_territory
from webapp.models import Area, Bundle, BundleArea, Plan, db

SIZES = ((1, 7, 257), (2, 15, 407), (3, 30, 547), (5, 30, 785), (10, 30, 1298), (20, 30, 2169))
"""Gigabytes, days, Stars."""
TIERS = {"lite": 329, "essential": 388, "plus": 542}
REGIONS = {"europe-lite": "Europe Lite", "asia": "Asia", "global": "Global", "middle-east-and-africa": "MEA"}
RICH = ("tr", "at", "europe-lite")
"""These have plans of all sizes; others have two."""
UNSOLD = "kp"


def fill() -> None:
    names = {str(code).lower(): name for code, name in Locale("en").territories.items()}
    countries = sorted(code for code in names if len(code) == 2 and is_territory(code) and code != UNSOLD)
    with db.transaction():
        for code in countries:
            Area.create(code=code, iso=code.upper(), name=names[code], is_country=True)
        for code, name in REGIONS.items():
            Area.create(code=code, iso=name, name=name, is_country=False)
        for code in (*countries, *REGIONS):
            sizes = SIZES if code in RICH else SIZES[1:3]
            covered = countries[:60] if code in REGIONS else [code]
            for gigabytes, days, stars in sizes:
                _sell(f"{code}-{gigabytes}gb-{days}d", code, covered, gigabytes * 1000, days, "", stars)
        for tier, stars in TIERS.items():
            for days in (1, 3, 7, 15):
                _sell(f"tr-unlimited-{tier}-{days}d", "tr", ["tr"], None, days, tier, stars * days * 4 // 5)


def _sell(
    plan_id: str, area: str, covered: list[str], data_mb: int | None, days: int, tier: str, stars: int
) -> None:
    retail = stars * 13
    row: dict[str, Any] = {"data_mb": data_mb, "tier": tier}
    bundle = Bundle.create(
        name=f"esim_{plan_id}",
        description=plan_id,
        unlimited=data_mb is None,
        duration_days=days,
        speeds="3G, 4G, 5G",
        autostart=True,
        wholesale=retail * 7 // 10,
        currency="USD",
        generation=1,
        **row,
    )
    places = [{"bundle": bundle, "area": code, "role": "roaming"} for code in covered if code != area]
    BundleArea.insert_many([{"bundle": bundle, "area": area, "role": "base"}, *places]).execute()
    Plan.create(
        plan_id=plan_id,
        plan_type="unlimited" if data_mb is None else "standard",
        area=area,
        days=days,
        bundle=bundle,
        retail=retail,
        currency="USD",
        stars=stars,
        available=True,
        **row,
    )
