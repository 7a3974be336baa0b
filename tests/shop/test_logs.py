"""The log: whatever is said in it, no secret of a customer's or of ours leaves the process."""

import json
import logging
from collections.abc import Callable

import pytest

from webapp.base.logs import JsonLine, TextLine, mask

SECRETS = {
    "an activation code": "LPA:1$rsp.example.com$K2-ABCDE-12345",
    "a matching id": "7QX2A-9KDLM-0PLQZ-44XYZ",
    "a matching id of another form": "JQ-123456-ABCDEPFX",
    "an ICCID": "8943108165001234567",
    "an ICCID of twenty digits": "89431081650012345678",
    "the bot's token": "123456:SANDBOX",
    "an ICCID in a file's name": "esim_8943108165001234567.png",
    "a long bot token": "8012345678:AAHn-abcdefGHIJKLMNOPQRSTUVWXYZ_12345",
    "initData": "tma query_id=AAH&user=%7B%22id%22%3A1%7D&auth_date=1&hash=" + "ab" * 32,
    "the hash of initData": "hash=" + "0f" * 32,
}
PLAIN = [
    "order bought at eSIM Go",
    "https://api.esim-go.com/v2.5/orders: 503",
    "order=V1StGXR8Z5jdHi6B",
    "12 of 4000 in 3.1 s",
    "2026-11-23T12:13:14.123Z",
]


def line(form: logging.Formatter, message: str, **more: object) -> str:
    record = logging.LogRecord("webapp.x", logging.ERROR, "x.py", 1, message, None, None)
    record.__dict__.update(more)
    return form.format(record)


def failed(message: str) -> object:
    try:
        raise ValueError(message)
    except ValueError as error:
        return type(error), error, error.__traceback__


@pytest.mark.parametrize("form", [TextLine, JsonLine])
@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_secret_is_told_wherever_it_stands(form: Callable[[], logging.Formatter], name: str) -> None:
    secret = SECRETS[name]
    told = secret.removeprefix("tma ")
    lines = [
        line(form(), f"found {secret} here"),
        line(form(), f"GET /esims/{secret}?x=1"),
        line(form(), "with a field", error=f"refused: {secret}"),
        line(form(), "with a trace", exc_info=failed(secret)),
    ]
    assert [said for said in lines if told in said] == []
    assert all("[secret]" in said for said in lines)


def test_the_bots_token_is_not_told_in_an_address() -> None:
    assert mask("https://api.telegram.org/bot8012345678:AAHn-abc_12345/sendMessage: 502") == (
        "https://api.telegram.org/bot[secret]/sendMessage: 502"
    )


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


def test_a_json_line_is_json_however_it_is_masked() -> None:
    for secret in SECRETS.values():
        event = json.loads(line(JsonLine(), f'"{secret}"', order="V1StGXR8Z5jdHi6B", exc_info=failed(secret)))
        assert event["order"] == "V1StGXR8Z5jdHi6B"
        assert event["level"] == "error"
