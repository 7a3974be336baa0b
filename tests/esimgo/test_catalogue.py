import json

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from webapp.clients.esimgo import errors
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE
from .conftest import BASE


def test_a_country_is_found_under_base_and_under_roaming(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/catalogue", json=answers.CATALOGUE)
    names = {code: [b.name for b in client.get_products(code)] for code in ("gb", "FR", "IM", "JP")}
    regional = "esim_ULE_7D_REUL_V2"
    assert names == {"gb": [BUNDLE, regional], "FR": [regional], "IM": [BUNDLE], "JP": []}
    assert len(client.get_products()) == 2


def page_of(number: int, **about: object) -> object:
    bundles = [answers.UK | {"name": f"bundle-{number}-{row}"} for row in range(3)]
    return {"bundles": bundles} | about if about else bundles


@pytest.mark.parametrize("about", [{"pageCount": 3, "rows": 9}, {}])
def test_all_pages_of_the_catalogue_are_read(
    about: dict[str, object], client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    for number in (1, 2, 3):
        match = [query_param_matcher({"page": str(number), "perPage": "500"})]
        esimgo.get(f"{BASE}/catalogue", json=page_of(number, **about), match=match)
    after = [query_param_matcher({"page": "4", "perPage": "500"})]
    esimgo.get(f"{BASE}/catalogue", json=[], match=after)
    assert len(client.get_products()) == 9
    assert len(esimgo.calls) == (3 if about else 4)


def test_a_catalogue_that_knows_no_pages_is_read_once(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    esimgo.get(f"{BASE}/catalogue", json=[answers.UK, {"broken": True}])
    assert [page.skipped for page in client.catalogue_pages()] == [1]


def test_a_page_of_broken_rows_does_not_end_the_catalogue(
    client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    for number, body in enumerate([[{"broken": 1}], [answers.UK], []], 1):
        match = [query_param_matcher({"page": str(number), "perPage": "500"})]
        esimgo.get(f"{BASE}/catalogue", json=body, match=match)
    assert [(len(page.bundles), page.skipped) for page in client.catalogue_pages()] == [(0, 1), (1, 0)]


def test_a_catalogue_without_end_is_given_up(client: ESIMGoClient, esimgo: responses.RequestsMock) -> None:
    def endless(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = int(str(request.params["page"]))  # type: ignore[attr-defined]  # set by responses
        return 200, {}, json.dumps(page_of(number, pageCount=10**9))

    esimgo.add_callback("GET", f"{BASE}/catalogue", callback=endless)
    with pytest.raises(errors.Unusable):
        client.get_products()
