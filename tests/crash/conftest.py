"""A shop whose processes may be killed, and which sells again afterwards."""

from collections.abc import Callable, Iterator

import pytest

from tests.crash.matrix import Matrix
from tests.settings import settings_of
from tests.stack import Stack, Traveller
from webapp.base import clock
from webapp.models import db


@pytest.fixture
def matrix(shop: Stack, traveller: Callable[..., Traveller]) -> Iterator[Matrix]:
    """The test reads what the shop writes, on the shop's clock."""
    clock.use_offset_file(shop.folder / "clock")
    db.bind(shop.environment["DATABASE_URL"])
    matrix = Matrix(shop, traveller, settings_of(shop.environment))
    yield matrix
    matrix.leave()
    db.database.close()
    clock.use_offset_file(None)
