"""GET /orders is read back to a moment, whatever becomes of its filter and whichever end it begins at."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from webapp.clients.esimgo import errors
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.endpoints.orders import ORDERS_PER_PAGE
from webapp.clients.esimgo.endpoints.paging import MOST_PAGES

from . import answers
from .conftest import BASE
from .table import SINCE, UNTIL

Row = dict[str, Any]
RECENT = 150
"""Orders in the span that is asked for: more than a page of them."""


def order(number: int, created_at: datetime) -> Row:
    return answers.ORDER | {"orderReference": f"order-{number}", "createdDate": created_at.isoformat()}


def history(count: int) -> list[Row]:
    """The oldest first, one a minute until SINCE, and then RECENT within the hour."""
    old = [order(number, SINCE - timedelta(minutes=count - number)) for number in range(count)]
    step = (UNTIL - SINCE) / (RECENT + 1)
    return old + [order(count + number, SINCE + step * (number + 1)) for number in range(RECENT)]


class Shelf:
    """GET /orders over `rows`. `filter`: heeded, ignored or refused. `told`: does it say how many pages?"""

    def __init__(
        self, rows: Sequence[Row], filter: str, *, told: bool = False, past_end: str = "empty"
    ) -> None:
        self.rows, self.filter, self.told, self.past_end = list(rows), filter, told, past_end
        self.asked = 0

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked += 1
        query = parse_qs(urlsplit(str(request.url)).query)
        rows, bounds = self.rows, query.get("createdAt", [])
        if bounds and self.filter == "refused":
            return 400, {}, "createdAt is not a valid filter"
        if bounds and self.filter == "heeded":
            assert bounds == ["gte:2026-10-05T09:00:00.000Z"]
            rows = [row for row in rows if datetime.fromisoformat(row["createdDate"]) >= SINCE]
        size, number = int(query["limit"][0]), int(query["page"][0])
        count = -(-len(rows) // size)
        if number > count and self.past_end == "last page":
            number = count
        page = rows[(number - 1) * size : number * size]
        body: Any = {"orders": page, "pageCount": count} if self.told else page
        return 200, {"Date": "Mon, 05 Oct 2026 09:30:00 GMT"}, answers.as_bytes(body).decode()


Window = Callable[[Shelf], Any]


@pytest.fixture
def listed(client: ESIMGoClient, esimgo: responses.RequestsMock) -> Window:
    def read(shelf: Shelf) -> Any:
        esimgo.add_callback("GET", f"{BASE}/orders", shelf)
        return client.list_orders(SINCE, UNTIL)

    return read


WANTED = {f"order-{number}" for number in range(5_000, 5_000 + RECENT)}


@pytest.mark.parametrize("past_end", ["empty", "last page"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("filter_", ["heeded", "ignored", "refused"])
def test_every_order_of_the_span_is_found_in_few_calls(
    listed: Window, filter_: str, newest_first: bool, told: bool, past_end: str
) -> None:
    rows = history(5_000)
    shelf = Shelf(rows[::-1] if newest_first else rows, filter_, told=told, past_end=past_end)
    window = listed(shelf)
    assert {found.reference for found in window.orders} == WANTED
    assert (window.complete, window.filter) == (True, filter_)
    assert window.provider_now is not None
    assert shelf.asked < 25, "of 52 pages"


@pytest.mark.parametrize("filter_", ["heeded", "ignored", "refused"])
def test_a_history_longer_than_can_be_read_is_no_hindrance(listed: Window, filter_: str) -> None:
    rows = history(5_000)
    ages = [order(-number, SINCE - timedelta(days=400, minutes=number)) for number in range(1, 20_001)]
    shelf = Shelf(ages[::-1] + rows, filter_)
    assert len(shelf.rows) > MOST_PAGES * ORDERS_PER_PAGE
    window = listed(shelf)
    assert {found.reference for found in window.orders} == WANTED
    assert window.complete


def test_dates_that_are_a_little_out_of_order_do_not_make_it_read_everything(listed: Window) -> None:
    rows = history(5_000)
    for place in range(0, 5_000, 7):
        rows[place], rows[place + 1] = rows[place + 1], rows[place]
    shelf = Shelf(rows, "refused")
    assert {found.reference for found in listed(shelf).orders} == WANTED
    assert shelf.asked < 25


@pytest.mark.parametrize("count", [1, 99, 100, 101, 400])
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_list_in_which_all_is_old_has_nothing_and_is_complete(
    listed: Window, count: int, newest_first: bool
) -> None:
    rows = [order(number, SINCE - timedelta(minutes=2 + count - number)) for number in range(count)]
    window = listed(Shelf(rows[::-1] if newest_first else rows, "refused"))
    assert (window.orders, window.complete) == ((), True)


def test_a_list_in_no_order_is_read_to_its_end(listed: Window) -> None:
    rows = history(1_000)
    Random(1).shuffle(rows)
    window = listed(Shelf(rows, "refused"))
    assert len(window.orders) == RECENT
    assert window.complete


def test_an_order_without_a_date_ends_no_search(listed: Window) -> None:
    """It may be of any time, so it is in the span until somebody knows better."""
    rows = history(300)
    undated = {key: value for key, value in answers.ORDER.items() if key != "createdDate"}
    rows[20] = undated | {"orderReference": "undated"}
    window = listed(Shelf(rows, "ignored"))
    assert {found.reference for found in window.orders} >= {f"order-{300 + n}" for n in range(RECENT)}


def test_a_list_that_is_refused_without_a_filter_too_is_refused(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/orders", status=400, body="no")
    with pytest.raises(errors.Refused):
        client.list_orders(SINCE, UNTIL)
    assert len(esimgo.calls) == 2
