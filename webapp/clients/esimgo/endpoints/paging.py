"""Reading a list to its end, though the number of its pages is not always told."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from webapp.clients.esimgo.errors import Unusable

MOST_PAGES = 200


class Page(Protocol):
    """Some rows, what was not understood, and how many pages there are, if that is told."""

    @property
    def page_count(self) -> int | None: ...

    @property
    def skipped(self) -> int: ...

    def __getitem__(self, index: int, /) -> object: ...


Some = TypeVar("Some", bound=Page)


def pages(read: Callable[[int], Some]) -> Iterator[Some]:
    """Every page, the first is 1, until the last one told of, an empty one, or the same one again.

    Errors: Unusable when there is no end.
    """
    before: Some | None = None
    for number in range(1, MOST_PAGES + 1):
        page = read(number)
        if page == before or not (page[0] or page.skipped):
            return
        yield page
        if page.page_count is not None and number >= page.page_count:
            return
        before = page
    raise Unusable("the list does not end")
