"""What strangers write into the headers that tell where they come from and where they want to go."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.test_access import ACCESS, Goods, goods  # noqa: F401 - a fixture
from webapp import create_app
from webapp.base.config import Config
from webapp.views.limits import ANYBODY, Limits, limited_as
from webapp.views.wiring import Shop

EVIL = "evil.example"
ODD_PATHS: list[Callable[[str], str]] = [
    str,
    "{}/".format,
    "/{}".format,
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "//") + "//",
    f"//{EVIL}{{}}".format,
]
PORTS = [EVIL, f"{EVIL}:99999", f"{EVIL}:x"]
ODD_HOSTS = [*PORTS, "", " ", "a" * 300, "[::1", "[::1]:80", "é", "a..b", "a/b", "\\", "'"]


@pytest.mark.parametrize("route", sorted(ACCESS))
def test_no_answer_repeats_the_host_that_it_was_asked_for(
    goods: Goods,  # noqa: F811
    owner: Person,
    route: str,
) -> None:
    headers = owner.headers | {"Host": EVIL, "X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}"}
    method, path = route.split(" ")[0], goods.path(route)
    for odd in ODD_PATHS:
        # As a server hands it on: werkzeug's own client would make a host of what follows two slashes.
        asked = {"PATH_INFO": odd(path)}
        answer = owner.browser.open("/", method=method, headers=headers, environ_overrides=asked)
        assert answer.status_code < 500
        assert not 300 <= answer.status_code < 400, answer.location
        told = answer.get_data() if EVIL not in odd(path) else b""
        assert EVIL not in f"{answer.headers}"
        assert EVIL.encode() not in told


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_an_odd_host_is_no_fault_of_ours(nobody: Person, shelves: None, host: str) -> None:
    for path in ("/", "/shop/tr", "/nowhere", "/api/esimgo/catalogue", "/healthz"):
        answer = nobody.browser.get(path, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code in {200, 400, 404}


def test_who_is_held_up_at_a_path_like_another_host_is_led_back_into_the_shop(app: Flask) -> None:
    wired: Shop = app.extensions["shop"]
    none = Limits(changed(wired.config, rate_limits="customer=1/minute address=0/minute"))
    app.extensions["shop"] = replace(wired, limits=none)
    app.before_request_funcs[None] = [none.count_address, *app.before_request_funcs[None]]
    for path, here in {"//": "/", "/\\": "/%5C", "/\t/": "/%09/"}.items():
        asked = {"PATH_INFO": path + EVIL, "QUERY_STRING": "a=%22b", "REMOTE_ADDR": "203.0.113.7"}
        answer = app.test_client().get("/", environ_overrides=asked)
        assert answer.status_code == 429
        assert f'href="{here}{EVIL}?a=%22b"' in answer.get_data(as_text=True)


FORWARDED = {
    "203.0.113.7": "203.0.113.7",
    " 203.0.113.7 ": "203.0.113.7",
    "203.0.113.7:443": "203.0.113.7",
    "::ffff:203.0.113.7": "203.0.113.7",
    "[::ffff:cb00:7107]:1": "203.0.113.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:DB8:1:2::ffff": "2001:db8:1:2::/64",
    "[2001:db8:1:2::1]": "2001:db8:1:2::/64",
    '"[2001:db8:1:2::1]:4711"': "2001:db8:1:2::/64",
    "fe80::1%eth0": "fe80::/64",
    "127.0.0.1": None,
    "::1": None,
    "::ffff:127.0.0.1": None,
    "": ANYBODY,
    "unknown": ANYBODY,
    "for=unknown": ANYBODY,
    "203.0.113.7.9": ANYBODY,
    "203.0.113.7:": ANYBODY,
    "[203.0.113.7": ANYBODY,
    "[]": ANYBODY,
    "2001:db8::/32": ANYBODY,
    "\u0661.2.3.4": ANYBODY,
    "9" * 5000: ANYBODY,
    "'; DROP TABLE orders --": ANYBODY,
}


@pytest.mark.parametrize(("address", "counted_as"), FORWARDED.items())
def test_an_address_is_counted_as_one_in_whichever_shape_it_is_written(
    address: str, counted_as: str | None
) -> None:
    assert limited_as(address) == counted_as


@pytest.fixture
def behind_a_proxy(config: Config, shelves: None) -> FlaskClient:
    strict = changed(config, trusted_proxies=1, rate_limits="customer=9/minute address=2/minute")
    return create_app(strict).test_client()


@pytest.mark.parametrize("address", [*FORWARDED, "203.0.113.7, nonsense", ",", ", ,", "a," * 2000])
def test_whatever_a_proxy_passes_on_is_answered(behind_a_proxy: FlaskClient, address: str) -> None:
    told = {"X-Forwarded-For": address.encode().decode("latin-1")}
    assert behind_a_proxy.get("/", headers=told).status_code == 200


def test_a_household_cannot_choose_itself_another_address_for_each_request(
    behind_a_proxy: FlaskClient,
) -> None:
    def ask(address: str) -> int:
        return behind_a_proxy.get("/", headers={"X-Forwarded-For": address}).status_code

    assert [ask(f"2001:db8:1:2::{number:x}") for number in range(3)] == [200, 200, 429]
    assert ask("2001:db8:1:3::1") == 200, "another household is not held up"
    assert [ask(address) for address in ("::ffff:203.0.113.9", "203.0.113.9:1", "203.0.113.9")][-1] == 429
    assert [ask(f"nonsense-{number}") for number in range(3)][-1] == 429
