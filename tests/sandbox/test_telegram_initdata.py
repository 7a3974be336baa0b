"""initData checked the way the documentation tells a shop to check it."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest

from sandbox import clock
from tests.sandbox.telegram import TOKEN, Stage, running


@pytest.fixture
def stage() -> Iterator[Stage]:
    with running() as stage:
        yield stage


def fields(stage: Stage, query: str) -> dict[str, str]:
    raw = stage.control("GET", f"init-data?{query}")["init_data"]
    return dict(parse_qsl(raw, keep_blank_values=True, strict_parsing=True))


def expected_hash(values: dict[str, str]) -> str:
    lines = "\n".join(f"{name}={values[name]}" for name in sorted(values) if name != "hash")
    key = hmac.digest(b"WebAppData", TOKEN.encode(), "sha256")
    return hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()


def test_the_hash_covers_every_field_with_the_signature(stage: Stage) -> None:
    values = fields(stage, "user_id=1001&language=ru&start_param=ref_1")
    assert values["hash"] == expected_hash(values)
    assert values["start_param"] == "ref_1"
    assert re.fullmatch(r"[\w-]{86}", values["signature"])
    without = {name: value for name, value in values.items() if name != "signature"}
    assert values["hash"] != expected_hash(without)


def test_each_opening_has_its_own_data(stage: Stage) -> None:
    first, second = fields(stage, "user_id=1001"), fields(stage, "user_id=1001")
    assert first["query_id"] != second["query_id"]
    assert first["hash"] != second["hash"]


def test_the_user_is_as_asked_for_and_known_from_then_on(stage: Stage) -> None:
    user = json.loads(fields(stage, "user_id=9007199254740991&language=en&first_name=Zoë/Z")["user"])
    assert user == {
        "id": 9007199254740991,
        "first_name": "Zoë/Z",
        "language_code": "en",
        "allows_write_to_pm": True,
    }
    stage.call("sendMessage", chat_id=9007199254740991, text="hi")


def test_someone_who_does_not_want_messages_says_so(stage: Stage) -> None:
    user = json.loads(fields(stage, "user_id=77&allows_write_to_pm=false")["user"])
    assert "allows_write_to_pm" not in user


def test_auth_date_is_wrong_where_its_own_clock_is(stage: Stage) -> None:
    told = stage.control("POST", "clock", {"skew_s": -900})
    assert (told["skew_s"], told["offset_s"]) == (-900, 0)
    now = datetime.now(UTC).timestamp()  # noqa: TID251 - the machine's
    assert abs(int(fields(stage, "user_id=1")["auth_date"]) - now + 900) < 30
    stage.control("POST", "reset")
    assert clock.skew_s() == 0


def test_auth_date_follows_the_clock_and_can_be_set_back(stage: Stage) -> None:
    stage.control("POST", "clock", {"advance_s": 86_400})
    now = clock.now().timestamp()
    assert abs(int(fields(stage, "user_id=1")["auth_date"]) - now) < 30
    old = int(fields(stage, "user_id=1&auth_date_offset_s=-90000")["auth_date"])
    assert abs(old - now + 90_000) < 30
