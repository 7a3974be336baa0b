import json
from datetime import UTC, datetime

import pytest

from webapp.base import clock
from webapp.clients.esimgo import errors, verdicts
from webapp.clients.esimgo.verdicts import Purpose
from webapp.clients.http import Answer, NoAnswer

READ, LOOKUP, PURCHASE = Purpose.READ, Purpose.LOOKUP, Purpose.PURCHASE
FORBIDDEN = b'{"message":"Forbidden"}'
FUNDS = b'{"message":"Insufficient balance"}'


def judged(purpose: Purpose, status: int, body: bytes = b'{"message":"why"}', **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return verdicts.refusal(purpose, Answer(status, named, body), "the-key")


@pytest.mark.parametrize(
    ("status", "body", "read", "lookup", "purchase"),
    [
        (400, b'{"message":"why"}', errors.Refused, errors.NotThere, errors.Refused),
        (400, b"bundle not available", errors.Refused, errors.NotThere, errors.Refused),
        (400, FUNDS, errors.OutOfFunds, errors.OutOfFunds, errors.OutOfFunds),
        (402, b"not enough credit", errors.OutOfFunds, errors.OutOfFunds, errors.OutOfFunds),
        (403, b'{"message":"insufficient funds"}', errors.OutOfFunds, errors.OutOfFunds, errors.OutOfFunds),
        (401, b"Unauthorized", errors.AccessDenied, errors.AccessDenied, errors.AccessDenied),
        (401, b"bad credentials", errors.AccessDenied, errors.AccessDenied, errors.AccessDenied),
        (403, FORBIDDEN, errors.AccessDenied, errors.AccessDenied, errors.AccessDenied),
        (403, b"", errors.AccessDenied, errors.AccessDenied, errors.AccessDenied),
        (403, b'{"message":"ICCID not yours"}', errors.AccessDenied, errors.NotThere, errors.AccessDenied),
        (404, b"", errors.NotThere, errors.NotThere, errors.Unclear),
        (405, b"", errors.Refused, errors.Refused, errors.Unclear),
        (408, b"low balance", errors.Unavailable, errors.Unavailable, errors.Unclear),
        (409, b"", errors.Refused, errors.Refused, errors.Unclear),
        (410, b"deactivated", errors.Gone, errors.Gone, errors.Unclear),
        (422, b"refund window closed", errors.Refused, errors.Refused, errors.Unclear),
        (429, b"", errors.RateLimited, errors.RateLimited, errors.RateLimited),
        (429, FUNDS, errors.RateLimited, errors.RateLimited, errors.RateLimited),
        (500, FUNDS, errors.Unavailable, errors.Unavailable, errors.Unclear),
        (502, b"<html>", errors.Unavailable, errors.Unavailable, errors.Unclear),
        (503, b"Processing", errors.Unavailable, errors.Unavailable, errors.Unclear),
        (301, b"", errors.Unusable, errors.Unusable, errors.Unclear),
        (304, b"", errors.Unusable, errors.Unusable, errors.Unclear),
        (199, b"", errors.Unusable, errors.Unusable, errors.Unclear),
        (200, b"", type(None), type(None), type(None)),
        (201, b"", type(None), type(None), type(None)),
    ],
)
def test_each_status_is_one_named_error(
    status: int, body: bytes, read: type, lookup: type, purchase: type
) -> None:
    found = [type(judged(purpose, status, body)) for purpose in (READ, LOOKUP, PURCHASE)]
    assert found == [read, lookup, purchase]


def test_processing_with_a_time_to_come_back_is_try_later_for_reads_only() -> None:
    assert type(judged(READ, 503, Retry_After="5")) is errors.TryLater
    assert type(judged(LOOKUP, 503, Retry_After="5")) is errors.TryLater
    assert type(judged(PURCHASE, 503, Retry_After="5")) is errors.Unclear


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("86400", 300.0),
        ("", 1.0),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("Mon, 05 Oct 2026 09:12:54 GMT", 10.0),
        ("2026-10-05T09:12:54Z", 10.0),
        ("Mon, 05 Oct 2020 09:12:54 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_capped(retry_after: str, seconds: float) -> None:
    found = judged(READ, 429, Retry_After=retry_after, Date="Mon, 05 Oct 2026 09:12:44 GMT")
    assert isinstance(found, errors.TryLater)
    assert found.retry_after_s == seconds


def test_without_the_providers_date_our_clock_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 5, 9, 12, 50, tzinfo=UTC))
    found = judged(READ, 429, Retry_After="2026-10-05T09:12:54Z")
    assert isinstance(found, errors.TryLater)
    assert found.retry_after_s == 4.0


LATER, SOON = errors.TryLater(60), errors.TryLater(2)


@pytest.mark.parametrize(
    ("method", "attempt", "error", "delay"),
    [
        ("GET", 1, errors.Unavailable("x"), 0.5),
        ("GET", 2, errors.Unavailable("x"), 1.0),
        ("GET", 3, errors.Unavailable("x"), None),
        ("GET", 1, SOON, 2.0),
        ("GET", 3, SOON, None),
        ("GET", 1, LATER, None),
        ("GET", 1, errors.RateLimited(1), 1.0),
        ("GET", 1, errors.Unusable("x"), None),
        ("GET", 1, errors.NotThere("x"), None),
        ("GET", 1, errors.Gone("x"), None),
        ("GET", 1, errors.Refused(400, "x"), None),
        ("GET", 1, errors.AccessDenied(403, "x"), None),
        ("GET", 1, errors.Unclear("x"), None),
        ("GET", 1, errors.NotSent("x"), None),
        ("POST", 1, errors.Unavailable("x"), None),
        ("POST", 1, SOON, None),
        ("POST", 1, errors.NotSent("x"), None),
        ("PUT", 1, errors.Unavailable("x"), None),
        ("DELETE", 1, errors.Unavailable("x"), None),
    ],
)
def test_only_reads_are_repeated_and_not_for_long(
    method: str, attempt: int, error: errors.EsimGoError, delay: float | None
) -> None:
    assert verdicts.retry_delay(method, attempt, error) == delay


@pytest.mark.parametrize(
    ("purpose", "body_was_sent", "unparsable", "expected"),
    [
        (PURCHASE, False, False, errors.NotSent),
        (PURCHASE, True, False, errors.Unclear),
        (PURCHASE, True, True, errors.Unclear),
        (READ, False, False, errors.Unavailable),
        (READ, True, False, errors.Unavailable),
        (LOOKUP, True, True, errors.Unusable),
    ],
)
def test_no_answer_means_not_sent_only_when_nothing_was_handed_over(
    purpose: Purpose, body_was_sent: bool, unparsable: bool, expected: type
) -> None:
    found = verdicts.no_answer(purpose, NoAnswer("why", body_was_sent=body_was_sent, unparsable=unparsable))
    assert type(found) is expected


@pytest.mark.parametrize(
    ("body", "hidden"),
    [
        (b'{"message":"the-key is not valid"}', "the-key"),
        (b'{"message":"LPA:1$rsp.example.com$AB-CD"}', "AB-CD"),
        (b'{"message":"X1AAA-TEST1-BBBBB-00001 is used"}', "TEST1"),
        (b'{"message":"ICCID 8944501000000181227 unknown"}', "8944501000000181227"),
        (b"line\r\nbreak\x1b[31m", "\x1b"),
        (b"line\r\nbreak\x1b[31m", "\n"),
        (b"<html><body>page</body></html>", "page"),
        (b"\xff\xfe\x00", "\x00"),
    ],
)
def test_messages_hide_secrets_and_control_characters(body: bytes, hidden: str) -> None:
    for purpose in Purpose:
        assert hidden not in str(judged(purpose, 400, body))


@pytest.mark.parametrize("key", ["with/slash+1==", 'with"quote', "with\\stroke"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_key_is_hidden_in_every_spelling_of_json(key: str, escaped: bool) -> None:
    told = json.dumps({"message": f"{key} is not valid"})
    body = (told.replace("/", "\\/") if escaped else told).encode()
    for purpose in Purpose:
        for status in (400, 401, 403, 404, 409, 410, 418, 500, 503):
            error = verdicts.refusal(purpose, Answer(status, {}, body), key)
            assert key not in str(error)


def test_messages_are_short() -> None:
    assert len(str(judged(PURCHASE, 400, b"x y " * 100_000))) < 250
    assert len(str(judged(PURCHASE, 400, b'{"message":"' + b"x y " * 100_000 + b'"}'))) < 250


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"Unauthorized", "key is not accepted"),
        (403, FORBIDDEN, "whitelist"),
        (403, b'{"message":"no Bundles left"}', "no access: no Bundles left"),
    ],
)
def test_a_denial_says_what_may_be_wrong(status: int, body: bytes, told: str) -> None:
    assert told in str(judged(READ, status, body))
