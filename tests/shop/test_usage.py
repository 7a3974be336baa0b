"""How a plan's data was used up: noted when it changes, and not too often."""

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import after, bundles, details, make_esim, near
from tests.shop.standins import Provider
from tests.shop.test_esims import again, plan_of
from webapp import esims
from webapp.base import clock
from webapp.models import Esim, UsagePoint

pytestmark = pytest.mark.usefixtures("database")

GB = 1_000_000_000


def points(esim: Esim) -> list[int]:
    return [point.remaining_bytes for point in esims.usage_of(plan_of(esim))]


def test_what_is_left_is_noted_when_it_changes_and_not_too_often(
    provider: Provider, advance: Advance
) -> None:
    esim = make_esim()
    provider.details = details(esim)

    def look(state: str, left: int, later_s: float) -> list[int]:
        advance(later_s)
        provider.bundles = bundles(state, remainingQuantity=left)
        esims.refresh(again(esim), provider)
        return points(esim)

    assert look("Queued", 3 * GB, 0) == []
    assert look("Active", 3 * GB, 60) == [3 * GB]
    assert look("Active", 2 * GB, 60) == [3 * GB], "the last point is a minute old"
    assert look("Active", 2 * GB, 600) == [3 * GB, 2 * GB]
    assert look("Active", 2 * GB, 6000) == [3 * GB, 2 * GB]
    assert look("Active", GB, 60) == [3 * GB, 2 * GB, GB]
    assert look("Depleted", 0, 60) == [3 * GB, 2 * GB, GB, 0], "the end is noted at once"
    assert look("Expired", 0, 60) == [3 * GB, 2 * GB, GB, 0]


def test_the_first_point_is_the_start(provider: Provider) -> None:
    esim, start = make_esim(), after(-3600)
    provider.details = details(esim)
    provider.bundles = bundles("Active", remainingQuantity=GB, startTime=start.isoformat())
    esims.refresh(esim, provider)
    first, second = esims.usage_of(plan_of(esim))
    assert (first.at, first.remaining_bytes) == (start, 3 * GB)
    assert (near(second.at, clock.now()), second.remaining_bytes) == (True, GB)


def test_unlimited_data_has_no_points(provider: Provider) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim), bundles("Active", unlimited=True)
    esims.refresh(esim, provider)
    assert UsagePoint.select().count() == 0
