"""What is on sale, and on whose networks it works."""

from collections.abc import Iterator, Sequence
from functools import partial

from webapp.clients.esimgo import envelopes
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.payloads import CatalogueBundle, CataloguePage, CountryNetworks
from webapp.clients.esimgo.verdicts import Purpose

from .paging import pages


class CatalogueCalls:
    _caller: Caller

    def get_products(self, country_code: str | None = None) -> list[CatalogueBundle]:
        """All bundles, or those that work in one country, base and roaming together."""
        bundles = (bundle for page in self.catalogue_pages() for bundle in page.bundles)
        return [bundle for bundle in bundles if country_code is None or bundle.covers(country_code)]

    def catalogue(self, page: int, per_page: int = 500) -> CataloguePage:
        """GET /catalogue, one page, the first is 1."""
        params = (("page", str(page)), ("perPage", str(per_page)))
        call = Call("GET", "/catalogue", kind="catalogue", params=params)
        return self._caller.get(call, envelopes.catalogue_page)

    def catalogue_pages(self, per_page: int = 500) -> Iterator[CataloguePage]:
        """Pages until pageCount is reached, a page is empty, or eSIM Go repeats a page. Errors: Unusable."""
        return pages(lambda number: self.catalogue(number, per_page))

    def catalogue_bundle(self, name: str) -> CatalogueBundle:
        """One bundle (GET /catalogue/bundle/{name}, its case counts). Errors: NotThere."""
        call = Call("GET", "/catalogue/bundle/{name}", {"name": name}, Purpose.LOOKUP, "catalogue")
        read = partial(envelopes.single, CatalogueBundle, wrappers=("bundle", "bundles"))
        return self._caller.get(call, read)

    def networks(self, isos: Sequence[str] = (), countries: Sequence[str] = ()) -> list[CountryNetworks]:
        """Operators by country (GET /networks), of all countries when none is named."""
        named = (("isos", ",".join(isos)), ("countries", ",".join(countries)))
        params = tuple(pair for pair in named if pair[1]) or (("returnAll", "true"),)
        call = Call("GET", "/networks", kind="catalogue", params=params)
        read = partial(envelopes.listed, CountryNetworks, ("countrynetworks",))
        return self._caller.get(call, read)
