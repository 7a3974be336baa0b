"""Bad input costs nothing: whatever is sent, the answer is a 4xx of ours, never a 5xx."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.shop.conftest import Person
from tests.shop.factories import PLAN, make_order
from tests.shop.test_callbacks import signed
from tests.shop.test_webhooks import SECRET
from webapp.models import Callback, Customer, Order

SEED = 4242
NASTY = [
    "",
    " ",
    "\x00",
    "\n\r\t",
    "%00",
    "%",
    "../../etc/passwd",
    "' OR 1=1 --",
    "<script>",
    "{{7*7}}",
    "%(reference)s",
    "ы" * 300,
    "🇹🇷",
    "\u202e\ufeff",
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "null",
    "a" * 5000,
    PLAN,
]
HEADERS = [
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "HX-Request",
    "HX-Request-Type",
    "HX-Current-URL",
    "HX-PTag",
    "If-None-Match",
    "Range",
    "X-Forwarded-For",
    "X-Telegram-Bot-Api-Secret-Token",
    "X-Signature-SHA256",
]

pytestmark = pytest.mark.usefixtures("shelves")


@pytest.fixture
def dice() -> Random:
    return Random(SEED)


def paths(app: Flask, dice: Random) -> Iterator[tuple[str, str]]:
    """Every route with whatever its placeholders can hold."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            values = {name: dice.choice([v for v in NASTY if v and v != "\n\r\t"]) for name in rule.arguments}
            built = rule.build(values)
            yield method, built[1] if built else rule.rule


def header_text(dice: Random) -> str:
    """What a header can carry at all: Latin-1 without line breaks."""
    text = dice.choice([*NASTY, "true", "full", "tma ", "tma " + "a=b&" * 40, "bearer x", "ru;q=,,;"])
    return (
        text.encode("latin-1", "replace")
        .decode("latin-1")
        .replace("\n", "")
        .replace("\r", "")
        .replace("\0", "")
    )


def raw_body(dice: Random) -> bytes:
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    if kind == 1:
        return json.dumps(junk(dice, 4)).encode()
    if kind == 2:
        return (
            "&".join(f"{dice.choice(['plan_id', 'q', 'x'])}={dice.choice(NASTY)}" for _ in range(3))
        ).encode()
    return json.dumps(junk(dice, 4)).encode()[: dice.randrange(40)]


def junk(dice: Random, depth: int) -> Any:
    """Any JSON, with the keys that we read."""
    kind = dice.randrange(8 if depth else 6)
    keys = ["plan_id", "bundle_id", "update_id", "message", "pre_checkout_query", "iccid", "from", "id", "x"]
    simple = [None, True, dice.randint(-(10**6), 10**6), dice.random(), dice.choice(NASTY), 0]
    if kind < 6:
        return simple[kind]
    if kind == 6:
        return [junk(dice, depth - 1) for _ in range(dice.randrange(4))]
    return {dice.choice(keys): junk(dice, depth - 1) for _ in range(dice.randrange(5))}


def test_nonsense_in_path_query_and_headers_is_answered(
    app: Flask, browser: FlaskClient, dice: Random
) -> None:
    seen = set()
    for _ in range(8):
        for method, path in paths(app, dice):
            headers = {dice.choice(HEADERS): header_text(dice) for _ in range(3)}
            query = {dice.choice(["q", "lang", "country", "x"]): dice.choice(NASTY)}
            answer = browser.open(path, method=method, query_string=query, headers=headers)
            assert answer.status_code < 500 or path.startswith("/readyz"), (method, path, query, headers)
            seen.add(answer.status_code)
    assert {200, 401, 404} <= seen


def test_nonsense_in_bodies_is_answered(app: Flask, owner: Person, dice: Random) -> None:
    posts = [path for method, path in paths(app, dice) if method == "POST"]
    reference = make_order().reference
    for number in range(300):
        path = dice.choice([*posts, f"/orders/{reference}/invoice", f"/orders/{reference}/activate"])
        raw = raw_body(dice)
        kinds = [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "x",
        ]
        headers = owner.headers | SECRET | {"X-Signature-SHA256": signed(raw)}
        answer = owner.browser.post(path, data=raw, headers=headers, content_type=dice.choice(kinds))
        assert answer.status_code < 500, (number, path, raw)


def test_nonsense_from_telegram_is_refused_or_left_alone(browser: FlaskClient, dice: Random) -> None:
    for number in range(300):
        raw = json.dumps({"update_id": number, "message": junk(dice, 4), "pre_checkout_query": junk(dice, 4)})
        answer = browser.post("/api/telegram/webhook", data=raw, headers=SECRET)
        assert answer.status_code in {200, 400}, raw


def test_forged_callbacks_of_any_kind_are_refused(browser: FlaskClient, dice: Random) -> None:
    for _ in range(300):
        raw = raw_body(dice)
        right = signed(raw)
        place = dice.randrange(len(right))
        forged = right[:place] + dice.choice("Aa0+/= -_\xff") + right[place + dice.randrange(2) :]
        answer = browser.post("/api/esimgo/webhook", data=raw, headers={"X-Signature-SHA256": forged})
        assert answer.status_code == (200 if forged == right else 401), forged
    assert Callback.select().count() < 30


def test_mutated_init_data_opens_nothing(owner: Person, dice: Random) -> None:
    right = owner.init_data()
    for _ in range(300):
        place = dice.randrange(len(right))
        forged = right[:place] + dice.choice("aZ09&=%+ é") + right[place + dice.randrange(2) :]
        if forged == right or forged.strip() == right:
            continue
        headers = {"HX-Request": "true", "Authorization": f"tma {forged}".encode().decode("latin-1")}
        assert owner.browser.get("/esims", headers=headers).status_code == 401, forged
    assert Customer.select().count() == 0


@pytest.mark.parametrize("path", ["/orders", "/api/esimgo/order"])
def test_a_body_that_is_too_large_is_refused(owner: Person, path: str) -> None:
    body = b'{"plan_id": "' + b"x" * (1024 * 1024) + b'"}'
    kind = "application/json" if "/api/" in path else "application/x-www-form-urlencoded"
    answer = owner.browser.post(path, data=body, headers=owner.headers, content_type=kind)
    assert 400 <= answer.status_code < 500
    assert Order.select().count() == 0
