"""Who may see what: every route for nobody, for a stranger, for the owner and for who runs the shop."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Advance, Person
from tests.shop.factories import PLAN, lead, make_esim, make_order, make_plan
from webapp import create_app, models
from webapp.base.config import ROOT, Config
from webapp.models import Esim, Order
from webapp.views import downloads

ALL, OWN, ONES = (200, 200, 200, 200), (401, 404, 200, 404), (401, 200, 200, 200)
SHOPKEEPERS, FORGED = (401, 404, 404, 200), (401, 401, 401, 401)
PLACED = (401, 201, 201, 201)

ACCESS = {
    "GET /": ALL,
    "GET /countries": ALL,
    "GET /recent": ONES,
    "GET /shop/<code>": ALL,
    "GET /plans/<plan_id>": ALL,
    "POST /orders": ONES,
    "POST /orders/<reference>/invoice": OWN,
    "GET /orders/<reference>": OWN,
    "GET /orders/<reference>/status": OWN,
    "POST /orders/<reference>/activate": OWN,
    "POST /orders/<reference>/receipt": OWN,
    "POST /orders/<reference>/refund": OWN,
    "GET /esims": ONES,
    "GET /esims/current": ONES,
    "GET /esims/<reference>": OWN,
    "GET /esims/<reference>/topup": OWN,
    "GET /qr/<signed>": ALL,
    "GET /account": ONES,
    "POST /account": ONES,
    "GET /account/delete": ONES,
    "POST /account/delete": ONES,
    "GET /admin": SHOPKEEPERS,
    "POST /admin": SHOPKEEPERS,
    "GET /admin/sales": SHOPKEEPERS,
    "POST /admin/sales": SHOPKEEPERS,
    "GET /admin/books": SHOPKEEPERS,
    "POST /admin/books": SHOPKEEPERS,
    "GET /admin/orders": SHOPKEEPERS,
    "GET /admin/orders/<reference>": SHOPKEEPERS,
    "POST /admin/orders/<reference>": SHOPKEEPERS,
    "GET /admin/stars": SHOPKEEPERS,
    "POST /admin/stars": SHOPKEEPERS,
    "GET /admin/prices": SHOPKEEPERS,
    "POST /admin/prices": SHOPKEEPERS,
    "GET /admin/switches": SHOPKEEPERS,
    "POST /admin/switches": SHOPKEEPERS,
    "GET /admin/log": SHOPKEEPERS,
    "GET /admin/check": SHOPKEEPERS,
    "POST /admin/check": SHOPKEEPERS,
    "GET /unsubscribe/<key>": ALL,
    "POST /unsubscribe/<key>": ALL,
    "GET /help": ALL,
    "GET /help/<topic>": ALL,
    "GET /terms": ALL,
    "GET /privacy": ALL,
    "GET /api/openapi.json": ALL,
    "GET /api/esimgo/catalogue": ALL,
    "POST /api/esimgo/order": PLACED,
    "GET /api/esimgo/status/<reference>": OWN,
    "POST /api/esimgo/webhook": FORGED,
    "POST /api/telegram/webhook": FORGED,
    "GET /static/<served>": ALL,
    "GET /healthz": ALL,
    "GET /readyz": ALL,
}
"""Status for nobody, a stranger, the owner and the shopkeeper. A route that is not declared here fails
the suite.
"""

DEVELOPMENT = {
    "GET /components": ALL,
    "GET /components/errors/<int:code>": (404, 404, 404, 404),
    "GET /components/errors/stale": FORGED,
}
"""There only beside the sandbox."""

PERSONAL = [route for route, access in ACCESS.items() if access in (OWN, ONES, SHOPKEEPERS, PLACED)]
PAGES = [route for route in PERSONAL if route.startswith("GET") and "/api/" not in route]
FORM = {
    "plan_id": PLAN,
    "do": "messages",
    "hold": "hold-1",
    "missing": "1",
    "remedy": "look",
    "version": "ready.0",
    "name": "sales",
    "on": "yes",
}
"""Something for every form; /admin/prices has its own."""
WRITES = {"create", "save", "update", "insert", "insert_many", "delete", "delete_instance", "replace", "move"}


@dataclass
class Goods:
    """What the owner has, and words that nobody else may read."""

    order: Order
    esim: Esim
    link: str = ""
    """What the owner's page would hand to Telegram for a download: whoever has it may use it."""

    def path(self, route: str) -> str:
        reference = self.esim.reference if "/esims/" in route else self.order.reference
        address = route.split(" ")[1]
        values = {
            "reference": reference,
            "code": "tr",
            "plan_id": PLAN,
            "signed": self.link,
            "key": "key",
            "topic": "phone",
            "served": "launch.0123456789ab.js",
        }
        return re.sub(r"<(\w+)>", lambda name: values[name[1]], address)

    @property
    def secrets(self) -> list[str]:
        return [self.order.reference, self.esim.reference, self.esim.iccid, self.esim.matching_id]


@pytest.fixture
def goods(app: Flask) -> Goods:
    lead()
    make_plan()
    order = make_order("ready")
    goods = Goods(order, make_esim(order))
    app.extensions["shop"].readiness.look()
    with app.test_request_context():
        goods.link = downloads.qr_link(goods.esim).rpartition("/")[2]
    return goods


def routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def form_of(route: str) -> dict[str, str]:
    if "/admin/stars" in route:
        return {"do": "refund", "charge": "charge-1"}
    return FORM | {"do": "accept"} if "/admin" in route else FORM


def ask(person: Person, route: str, path: str) -> tuple[int, str]:
    method = route.split(" ")[0]
    if route == "POST /api/esimgo/order":
        answer = person.browser.post(path, json={"plan_id": PLAN}, headers=person.headers)
    elif method == "POST":
        answer = person.post(path, **form_of(route))
    else:
        answer = person.get(path)
    return answer.status_code, answer.get_data().decode("utf-8", "replace")


def test_every_route_is_declared(app: Flask) -> None:
    assert routes(app) == set(ACCESS)


def test_what_is_for_development_is_there_beside_the_sandbox_only(app: Flask, config: Config) -> None:
    beside = create_app(changed(config, telegram_sandbox_url="http://127.0.0.1:9"))
    assert routes(beside) == set(ACCESS | DEVELOPMENT)
    assert beside.test_client().get("/components").status_code == 200
    assert app.test_client().get("/components").status_code == 404


@pytest.mark.parametrize("route", sorted(ACCESS))
def test_each_route_is_open_to_whom_it_is_declared(
    goods: Goods, nobody: Person, stranger: Person, owner: Person, shopkeeper: Person, route: str
) -> None:
    path = goods.path(route)
    found = tuple(ask(person, route, path)[0] for person in (nobody, stranger, owner, shopkeeper))
    assert found == ACCESS[route]


@pytest.mark.parametrize("route", sorted(ACCESS))
def test_nobody_else_reads_a_word_of_the_owner(
    goods: Goods, nobody: Person, stranger: Person, route: str
) -> None:
    path = goods.path(route)
    for person in (nobody, stranger):
        text = ask(person, route, path)[1].replace(path, "")
        assert [secret for secret in goods.secrets if secret in text] == []


@pytest.mark.parametrize("route", PAGES)
def test_a_plain_get_of_a_personal_page_is_a_shell_without_data(
    goods: Goods, nobody: Person, route: str
) -> None:
    path = goods.path(route)
    answer = nobody.browser.get(f"{path}?lang=en")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert f'<section id="page-shell" hx-get="{path}?lang=en" hx-trigger="load' in html
    assert [secret for secret in goods.secrets if secret in html.replace(path, "")] == []
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("route", PERSONAL)
def test_forged_and_foreign_init_data_open_nothing(goods: Goods, owner: Person, route: str) -> None:
    raw = owner.init_data()
    foreign = Person(owner.browser, "999:another-bot").init_data()
    for forged in (foreign, raw[:-1], raw.replace("1001", "2002"), raw + "&x=1", "tma", ""):
        headers = {"HX-Request": "true", "Authorization": f"tma {forged}"}
        method, path = route.split(" ")[0], goods.path(route)
        answer = owner.browser.open(
            path, method=method, headers=headers, data=form_of(route) | {"sure": "yes"}
        )
        assert answer.status_code == 401, forged


@pytest.mark.parametrize("minutes", [0, 9, 11])
def test_a_download_link_is_good_for_ten_minutes_and_for_nothing_else(
    goods: Goods, nobody: Person, advance: Advance, minutes: int
) -> None:
    advance(minutes * 60)
    answer = nobody.get(f"/qr/{goods.link}")
    assert answer.status_code == (200 if minutes < 10 else 404)
    assert nobody.get(f"/qr/{goods.link[:-1]}").status_code == 404
    assert nobody.get(f"/qr/{goods.esim.reference}").status_code == 404


@pytest.mark.parametrize("age_s", [86400 + 60, -120])
def test_stale_init_data_asks_to_open_the_shop_again(goods: Goods, owner: Person, age_s: int) -> None:
    headers = {"HX-Request": "true", "Authorization": f"tma {owner.init_data(age_s)}"}
    page = owner.browser.get("/esims", headers=headers)
    data = owner.browser.get(f"/api/esimgo/status/{goods.order.reference}", headers=headers)
    assert (page.status_code, data.status_code) == (401, 401)
    stale = age_s > 0
    assert ("Tap to reopen" in page.get_data(as_text=True)) is stale
    assert data.json is not None
    assert data.json["error"]["code"] == ("stale" if stale else "unauthorized")


# --- views only read


def writing(source: str) -> Iterator[str]:
    """Calls that would write: of a model's class, or by a name that only rows and queries have."""
    tables = {table.__name__ for table in models.TABLES}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called, whose = node.func.attr, ast.unparse(node.func.value)
        if called in {"save", "delete_instance", "execute", "move"} or (
            called in WRITES and whose.split(".")[-1] in tables
        ):
            yield f"{whose}.{called}"


def test_views_never_write_a_row_themselves() -> None:
    sources = sorted((ROOT / "webapp/views").rglob("*.py"))
    assert len(sources) > 8
    assert {path.name: list(writing(path.read_text())) for path in sources} == {p.name: [] for p in sources}


@pytest.mark.parametrize(
    "sly",
    ["Order.update(a=1)", "models.Order.create()", "o.save()", "o.move('paid')", "Esim.insert(x).execute()"],
)
def test_a_view_that_writes_would_be_found(sly: str) -> None:
    assert list(writing(sly))
