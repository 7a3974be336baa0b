import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from webapp.clients.telegram.initdata import Checker, InitData, Refusal, init_data_from_header

from .signing import TOKEN, fields, sign

CHECKER = Checker(TOKEN)
NOW = datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC)
SIGNED_AT = int(NOW.timestamp())
ANNA = {"id": 4_503_599_627_370_495, "first_name": "Анна \\/ & = + %", "language_code": "ru"}
VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("initdata_vectors.json").read_text())[
    "vectors"
]


def moment_of(vector: dict[str, Any]) -> datetime:
    """When the vector does not say, the moment it was signed."""
    signed_at = re.search(r"auth_date=(\d+)", vector["init_data"])
    return datetime.fromtimestamp(vector.get("now") or int(signed_at[1] if signed_at else 0), UTC)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_public_vectors(vector: dict[str, Any]) -> None:
    max_age_s = vector.get("max_age") or 86400
    found = Checker(vector["bot_token"]).check(
        vector["init_data"], now=moment_of(vector), max_age_s=max_age_s
    )
    assert isinstance(found, InitData) == vector["valid"]
    if vector["hmac_ok"] and not vector["valid"]:
        assert found is Refusal.STALE


def test_there_are_vectors_of_both_kinds() -> None:
    assert [v["valid"] for v in VECTORS].count(True) >= 8
    assert [v["valid"] for v in VECTORS].count(False) >= 8


def test_a_person_is_read() -> None:
    user = ANNA | {
        "last_name": "К",
        "username": "anna",
        "allows_write_to_pm": True,
        "photo_url": "https:\\/\\/x",
    }
    raw = sign(fields(SIGNED_AT, user, start_param="tr-3gb_30d", signature="abc", unknown="new"))
    assert CHECKER.check(raw, now=NOW) == InitData(
        user_id=4_503_599_627_370_495,
        first_name="Анна \\/ & = + %",
        last_name="К",
        username="anna",
        language_code="ru",
        allows_write_to_pm=True,
        start_param="tr-3gb_30d",
        auth_date=NOW,
    )


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (0, InitData),
        (86400, InitData),
        (86401, Refusal.STALE),
        (10**9, Refusal.STALE),
        (-60, InitData),
        (-61, Refusal.EARLY),
    ],
)
def test_age_is_judged_to_the_second(age_s: int, expected: object) -> None:
    found = CHECKER.check(sign(fields(SIGNED_AT - age_s, ANNA)), now=NOW)
    assert found is expected or (expected is InitData and isinstance(found, InitData))


def test_old_and_forged_is_forged_not_stale() -> None:
    raw = sign(fields(SIGNED_AT - 10**6, ANNA), token="1:other")
    assert CHECKER.check(raw, now=NOW) is Refusal.FORGED


@pytest.mark.parametrize(
    "user",
    [
        {"id": 0},
        {"id": -5},
        {"id": 2**52},
        {"id": True},
        {"id": None},
        {"id": "abc"},
        {"id": 1.5},
        {"first_name": "nobody"},
        [],
        7,
        None,
        "text",
    ],
)
def test_a_signed_user_without_a_sound_id_is_malformed(user: object) -> None:
    assert CHECKER.check(sign(fields(SIGNED_AT, user)), now=NOW) is Refusal.MALFORMED


@pytest.mark.parametrize("auth_date", ["", "soon", "-1", "1e9", "１２３", "9" * 12, "1\nuser={}", " 1"])
def test_a_signed_date_that_is_not_digits_is_malformed(auth_date: str) -> None:
    raw = sign(fields(SIGNED_AT, ANNA) | {"auth_date": auth_date})
    assert CHECKER.check(raw, now=NOW) is Refusal.MALFORMED


def test_what_stands_in_one_value_cannot_pass_for_two() -> None:
    apart = fields(SIGNED_AT, ANNA)
    digest = dict(parse_qsl(sign(apart)))["hash"]
    joined = {"auth_date": f"{apart['auth_date']}\nquery_id=AAtest", "user": apart["user"], "hash": digest}
    assert not isinstance(CHECKER.check(urlencode(joined), now=NOW), InitData)


def good() -> str:
    return sign(fields(SIGNED_AT, ANNA))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hash",
        "&",
        "=",
        good() + "&user=%7B%22id%22%3A1%7D",
        good() + "&hash=" + "0" * 64,
        good() + "&",
        good() + "%0A",
        good().upper(),
        good().replace("hash=", "Hash="),
        good() + "&x=%ff",
        good() + "&x=\ud800",
        good() + "&é=1",
        "hash=" + "0" * 64,
        good() + "&pad=" + "x" * 9000,
        "&".join(f"k{n}=v" for n in range(500)),
        "user=" + "[" * 4000 + "&hash=" + "0" * 64,
    ],
)
def test_everything_else_is_refused_without_an_exception(raw: str) -> None:
    assert isinstance(CHECKER.check(raw, now=NOW), Refusal)


def test_eight_kilobytes_are_enough_and_no_more() -> None:
    room = 8192 - len(sign(fields(SIGNED_AT, ANNA, pad="")))
    assert isinstance(CHECKER.check(sign(fields(SIGNED_AT, ANNA, pad="x" * room)), now=NOW), InitData)
    assert CHECKER.check(sign(fields(SIGNED_AT, ANNA, pad="x" * (room + 1))), now=NOW) is Refusal.MALFORMED


def test_sixty_four_fields_are_enough_and_no_more() -> None:
    known = len(fields(SIGNED_AT, ANNA)) + len(["hash"])
    many = {f"k{number}": "v" for number in range(64 - known)}
    assert isinstance(CHECKER.check(sign(fields(SIGNED_AT, ANNA, **many)), now=NOW), InitData)
    more = sign(fields(SIGNED_AT, ANNA, **many, one="more"))
    assert CHECKER.check(more, now=NOW) is Refusal.MALFORMED


def test_a_field_twice_is_refused_though_one_of_them_was_signed() -> None:
    raw = good()
    assert CHECKER.check(raw.replace("query_id=AAtest", "query_id=x&query_id=AAtest"), now=NOW) is (
        Refusal.MALFORMED
    )


def test_bytes_that_are_no_utf8_are_not_taken_for_what_replaces_them() -> None:
    raw = sign(fields(SIGNED_AT, ANNA, start_param="\ufffd"))
    assert isinstance(CHECKER.check(raw, now=NOW), InitData)
    assert CHECKER.check(raw.replace("%EF%BF%BD", "%FF"), now=NOW) is Refusal.MALFORMED


def test_deep_json_that_is_signed_is_refused_without_an_exception() -> None:
    raw = sign({"user": "[" * 2000, "auth_date": str(SIGNED_AT)})
    assert isinstance(CHECKER.check(raw, now=NOW), Refusal)


def test_names_are_fit_for_a_database() -> None:
    raw = sign(fields(SIGNED_AT, {"id": 1, "first_name": "a\0\ud83cb", "username": ["odd"]}))
    found = CHECKER.check(raw, now=NOW)
    assert isinstance(found, InitData)
    assert (found.first_name, found.username) == ("a?b", "")


@pytest.mark.parametrize("start_param", ["", "tr-3gb_30D", "A" * 512])
def test_a_start_parameter_is_told_as_it_came(start_param: str) -> None:
    found = CHECKER.check(sign(fields(SIGNED_AT, ANNA, start_param=start_param)), now=NOW)
    assert isinstance(found, InitData)
    assert found.start_param == start_param


@pytest.mark.parametrize("missing", ["user", "auth_date"])
def test_without_its_person_or_its_date_it_is_malformed(missing: str) -> None:
    pairs = fields(SIGNED_AT, ANNA)
    del pairs[missing]
    assert CHECKER.check(sign(pairs), now=NOW) is Refusal.MALFORMED


def test_what_says_nothing_of_a_start_parameter_has_none() -> None:
    found = CHECKER.check(sign(fields(SIGNED_AT, ANNA, nothing="of it")), now=NOW)
    assert isinstance(found, InitData)
    assert found.start_param == ""


def test_a_start_parameter_of_another_form_is_dropped() -> None:
    found = CHECKER.check(sign(fields(SIGNED_AT, ANNA, start_param="<script>")), now=NOW)
    assert isinstance(found, InitData)
    assert found.start_param == ""


def test_ten_thousand_mutations_open_nothing() -> None:
    chance, accepted, pairs = random.Random(3), 0, parse_qsl(good())
    for _ in range(10_000):
        mutated = _mutated(chance, pairs)
        raw = urlencode(mutated, quote_via=quote, errors="replace")
        if sorted(parse_qsl(raw, keep_blank_values=True)) != sorted(pairs):
            accepted += isinstance(CHECKER.check(raw, now=NOW), InitData)
    print(f"R9: {accepted} of 10000 mutated initData accepted")
    assert accepted == 0


def _mutated(chance: random.Random, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    changed = list(pairs)
    spot = chance.randrange(len(changed))
    key, value = changed[spot]
    place = chance.randrange(len(value))
    kind = chance.randrange(6)
    if kind == 0:
        changed[spot] = (key, value[:place] + value[place + 1 :])
    elif kind == 1:
        changed[spot] = (key, value[:place] + chance.choice('0aZ" \n\0é') + value[place:])
    elif kind == 2:
        changed[spot] = (key, value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :])
    elif kind == 3:
        del changed[spot]
    elif kind == 4:
        changed.append((chance.choice([key, "user", "hash", "x"]), chance.choice([value, "", "1"])))
    else:
        changed[spot] = (key + chance.choice("x\n "), value)
    return changed


def test_the_same_data_spelled_differently_is_the_same_data() -> None:
    raw = good().replace("%20", "+").replace("%3A", ":")
    assert raw != good()
    assert CHECKER.check(raw, now=NOW + timedelta(seconds=1)) == CHECKER.check(good(), now=NOW)


@pytest.mark.parametrize(
    ("header", "raw"),
    [
        ("tma a=b", "a=b"),
        ("TMA a=b", "a=b"),
        ("tma  a=b ", "a=b"),
        ("tma", None),
        ("tma ", None),
        ("Bearer a=b", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header_holds_init_data_after_its_scheme(header: str | None, raw: str | None) -> None:
    assert init_data_from_header(header) == raw
