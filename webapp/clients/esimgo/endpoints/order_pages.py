"""Reading GET /orders back to a moment, whether its filter is heeded or not, and at whichever end it begins.

Neither its order nor its envelope nor its largest page is documented. What is read is therefore judged by the
dates in it: only pages that are sorted allow to stop before the other end.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from webapp.clients.esimgo.envelopes import Orders
from webapp.clients.esimgo.payloads import ProviderOrder

from .paging import MOST_PAGES

FURTHEST_PAGE = 2**16
JITTER = timedelta(minutes=1)
"""So much out of order is still sorted: the other side has several clocks, too."""


class OrderPages:
    """`read` fetches a page, the first is 1; each is fetched once. `complete`: everything since `since` has
    been read and understood.
    """

    def __init__(self, read: Callable[[int], Orders], since: datetime) -> None:
        self._read, self._since = read, since
        self._pages: dict[int, Orders] = {}
        self._ended = False

    def read(self) -> list[ProviderOrder]:
        """Every order since then, each once, and some that are older."""
        first = self._page(1)
        oldest_first = self._is_old(first.orders[:1]) and not _falls(first.orders)
        walk = self._from_the_end() if oldest_first else self._from_the_beginning()
        seen: list[ProviderOrder] = []
        for page in walk:
            seen = [*page.orders, *seen] if oldest_first else [*seen, *page.orders]
            in_order = _rises(seen) if oldest_first else _falls(seen)
            if page.orders and in_order and self._is_old(page.orders):
                self._ended = True
                break
        every = (order for page in self._pages.values() for order in page.orders)
        return list({order.reference: order for order in every}.values())

    @property
    def complete(self) -> bool:
        return self._ended and not any(page.skipped for page in self._pages.values())

    def _from_the_beginning(self) -> Iterator[Orders]:
        """Until a page brings nothing new, or was the last one told of."""
        for number in range(1, MOST_PAGES + 1):
            known = self._references()
            page = self._page(number)
            self._ended = number > 1 and {order.reference for order in page.orders} <= known
            self._ended = self._ended or not page.orders or number == page.page_count
            yield page
            if self._ended:
                return

    def _from_the_end(self) -> Iterator[Orders]:
        last = self._page(1).page_count or self._last()
        for number in range(last, max(0, last - MOST_PAGES), -1):
            self._ended = number == 1
            yield self._page(number)

    def _last(self) -> int:
        """The number of the last page, though nobody tells it: in doublings, then by halves. Beyond it there
        is nothing, or the last page once more.
        """
        beyond = 2
        while beyond <= FURTHEST_PAGE and self._is_new(beyond, beyond // 2):
            beyond *= 2
        end = self._page(beyond)
        low, high = (1, 1) if self._page(1) == end else (1, beyond)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._page(middle) == end else (middle, high)
        return high if _has_rows(end) else low

    def _is_new(self, number: int, known: int) -> bool:
        page = self._page(number)
        return _has_rows(page) and page != self._page(known)

    def _page(self, number: int) -> Orders:
        if number not in self._pages:
            self._pages[number] = self._read(number)
        return self._pages[number]

    def _references(self) -> set[str]:
        return {order.reference for page in self._pages.values() for order in page.orders}

    def _is_old(self, orders: Sequence[ProviderOrder]) -> bool:
        """All of them from before: what has no date may be of any time."""
        dates = [order.created_at for order in orders]
        return bool(dates) and all(date is not None and date < self._since - JITTER for date in dates)


def _has_rows(page: Orders) -> bool:
    return bool(page.orders or page.skipped)


def _dates(orders: Sequence[ProviderOrder]) -> list[datetime]:
    return [order.created_at for order in orders if order.created_at is not None]


def _rises(orders: Sequence[ProviderOrder]) -> bool:
    return all(earlier <= later + JITTER for earlier, later in pairwise(_dates(orders)))


def _falls(orders: Sequence[ProviderOrder]) -> bool:
    """One alone does not: it says nothing about the others."""
    dates = _dates(orders)
    return len(dates) > 1 and dates[0] > dates[-1] and all(a + JITTER >= b for a, b in pairwise(dates))
