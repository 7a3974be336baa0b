"""Install data as CSV, which comes where JSON was asked for in vain."""

import json

import pytest

from webapp.clients.esimgo import envelopes, errors
from webapp.clients.http import Answer

from . import answers
from .answers import BUNDLE, CSV, ICCID, MATCHING_ID

CODE = f"LPA:1$rsp.example.com${MATCHING_ID}"
ROW = f'"{ICCID}","{MATCHING_ID}","rsp.example.com","{BUNDLE}"'
HEADER = '"ICCID","Matching ID","RSP URL","Bundle"'


def codes(body: str | bytes, content_type: str = "text/csv; charset=utf-8") -> list[str]:
    content = body.encode() if isinstance(body, str) else body
    answer = Answer(200, {"Content-Type": content_type}, content)
    return [install.activation_code for install in envelopes.installs(answer)]


@pytest.mark.parametrize("before", ["", "\ufeff", " \r\n"])
def test_json_that_is_called_csv_is_json(before: str) -> None:
    for body in ([answers.ESIM], {"esims": [answers.ESIM]}):
        assert codes(before + json.dumps(body)) == [CODE]


@pytest.mark.parametrize("content_type", ["text/csv", "text/plain", "application/json", ""])
def test_csv_is_known_by_its_header_whatever_it_is_called(content_type: str) -> None:
    assert codes(CSV, content_type) == [CODE]


@pytest.mark.parametrize(
    "body",
    [
        f"{HEADER}\n{ROW}\n",
        f"{HEADER}\r\n{ROW}\r\n",
        f"{HEADER}\n{ROW}",
        f"\ufeff{HEADER}\n{ROW}\n",
        f"{HEADER}\n\n{ROW}\n\n",
        f'{HEADER},"Reference"\n{ROW},"ref-0"\n',
        f'{HEADER}\n{ROW},"one","too many"\n',
        f"{HEADER}\n".upper() + f"{ROW}\n",
        f"{HEADER}\n{ROW}\n".replace('"', ""),
        f'"Bundle","RSP URL","Matching ID","ICCID"\n"{BUNDLE}","https://rsp.example.com","{MATCHING_ID}","{ICCID}"\n',
    ],
)
def test_csv_in_every_spelling(body: str) -> None:
    assert codes(body) == [CODE]


def test_a_broken_row_does_not_lose_the_rest() -> None:
    assert codes(f"{HEADER}\n,,,\n8944x,a,b,c\n{ROW}\nshort\n") == [CODE]


@pytest.mark.parametrize("body", ["", HEADER, f"{HEADER}\n", "\n\n"])
def test_csv_without_rows_is_an_empty_list(body: str) -> None:
    assert codes(body) == []


def test_a_field_without_end_is_unusable() -> None:
    with pytest.raises(errors.Unusable):
        codes(f'{HEADER}\n"' + "x" * 200_000)


@pytest.mark.parametrize("body", [b"\0" * 100, b"\xff\xfe,\n\xff", b'"' * 99, b"PK\x03\x04zip"])
def test_what_only_claims_to_be_csv_gives_nothing_and_breaks_nothing(body: bytes) -> None:
    assert codes(body) == []
