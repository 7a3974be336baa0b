"""What only real sockets can show: what was sent, what was not, and that nothing is listened to for ever."""

import gzip
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from webapp.base import clock
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.calls import Call, Caller, Timeouts
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.verdicts import Purpose

from . import answers
from .answers import BUNDLE, ICCID, REFERENCE
from .conftest import KEY
from .loopback import Line, Script, Server, nobody_listens

SHORT = Timeouts(connect_s=0.3, order_s=0.3, catalogue_s=0.3, read_s=0.3)
SHORT_FOR_PURCHASES = replace(SHORT, read_s=60)
PATIENT = Timeouts()


def client_of(address: str, timeouts: Timeouts = PATIENT) -> ESIMGoClient:
    return ESIMGoClient(KEY, f"{address}/v2.5", budget=Budget(1000), timeouts=timeouts)


def order_answered(line: Line) -> None:
    line.read_request()
    line.answer(answers.as_bytes(answers.ORDER))


def test_an_order_goes_out_whole_on_a_fresh_connection_with_its_length() -> None:
    seen: list[tuple[bytes, dict[str, str], bytes]] = []

    def script(line: Line) -> None:
        while True:  # the connection could be kept
            seen.append(line.read_request())
            line.answer(answers.as_bytes(answers.ORDER))

    with Server(script) as server:
        client = client_of(server.address)
        client.get_order_status(REFERENCE)
        assert client.create_order(BUNDLE).reference == REFERENCE
        assert client.create_order(BUNDLE).reference == REFERENCE
        assert server.connections == 3
    first, headers, body = seen[1]
    assert first == b"POST /v2.5/orders HTTP/1.1"
    assert headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in headers
    assert headers["x-api-key"] == KEY


def test_an_answer_tells_what_its_sender_thinks_of_the_time() -> None:
    sent = [
        {"Date": "Fri, 20 Nov 2026 12:00:00 GMT"},
        {"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "Age": "60"},
        {"Date": "soon"},
        {"Date": "Fri, 99 Nov 2026 12:00:00 GMT"},
        {},
    ]

    def script(line: Line) -> None:
        for headers in sent:
            line.read_request()
            line.answer(answers.as_bytes(answers.ORDER), **headers)

    with Server(script) as server:
        client = client_of(server.address)
        assert client.heard is None
        client.get_order_status(REFERENCE)
        first = client.heard
        assert first is not None
        says = first.zero + timedelta(seconds=first.at_s)
        assert abs(says - datetime(2026, 11, 20, 12, tzinfo=UTC)) < timedelta(seconds=60)
        for _ in sent[1:]:
            client.get_order_status(REFERENCE)
        assert client.heard is first, "none of the others tells when it was written"


def test_an_answer_during_which_time_was_played_forward_tells_nothing(tmp_path: Path) -> None:
    clock.use_offset_file(tmp_path / "clock")

    def script(line: Line) -> None:
        line.read_request()
        (tmp_path / "clock").write_text("660")
        line.answer(answers.as_bytes(answers.ORDER), Date="Fri, 20 Nov 2026 12:00:00 GMT")

    try:
        with Server(script) as server:
            client = client_of(server.address)
            client.get_order_status(REFERENCE)
            assert client.heard is None
    finally:
        clock.use_offset_file(None)


def test_on_sent_is_called_once_after_the_last_byte_and_before_the_answer() -> None:
    arrived, noted = threading.Event(), threading.Event()
    order: list[str] = []

    def script(line: Line) -> None:
        line.read_request()
        arrived.set()
        assert noted.wait(60)
        order.append("answered")
        line.answer(answers.as_bytes(answers.ORDER))

    def on_sent() -> None:
        assert arrived.wait(60)  # the server has the whole body before we even look for its answer
        order.append("sent")
        noted.set()

    with Server(script) as server:
        client_of(server.address).create_order(BUNDLE, on_sent=on_sent)
    assert order == ["sent", "answered"]


def test_an_order_that_begins_too_late_hands_over_nothing() -> None:
    bodies: list[bytes] = []

    def script(line: Line) -> None:
        bodies.append(line.read_request()[2])
        line.answer(answers.as_bytes(answers.ORDER))

    with Server(script) as server:
        with pytest.raises(errors.NotSent):
            client_of(server.address).create_order(BUNDLE, begin_by=clock.monotonic() - 0.001)
        in_time = client_of(server.address).create_order(BUNDLE, begin_by=clock.monotonic() + 60)
    assert in_time.reference == REFERENCE
    assert len(bodies) == 1


def test_an_order_is_not_lost_because_its_note_failed(caplog: pytest.LogCaptureFixture) -> None:
    def on_sent() -> None:
        raise OSError("disk full")

    with Server(order_answered) as server:
        assert client_of(server.address).create_order(BUNDLE, on_sent=on_sent).reference == REFERENCE
    assert "on_sent failed" in caplog.text


def hangs(line: Line) -> None:
    line.read_request()
    line.hang()


def resets(line: Line) -> None:
    line.read_request()
    line.reset()


def ends(line: Line) -> None:
    line.read_request()


def breaks_off(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + answers.as_bytes(answers.ORDER))


def breaks_off_chunked(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"ord')


def drips_head(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    line.drip(b"x")


def drips_body(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    line.drip(b" ")


def drips_chunks(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.drip(b"1\r\n \r\n")


def endless_body(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    line.pour(b" " * 65536)


def endless_head(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    line.pour(b"X-More: x\r\n" * 100)


def bomb(line: Line) -> None:
    line.read_request()
    line.answer(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")


def nonsense(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"SSH-2.0-OpenSSH_9\r\n")


def bad_gzip(line: Line) -> None:
    line.read_request()
    line.answer(b"not gzip", Content_Encoding="gzip")


def redirects_without_end(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /v2.5/orders\r\n\r\n")
    line.pour(b" " * 65536)


def redirects(line: Line) -> None:
    line.read_request()
    line.answer(b"", "308 Permanent Redirect", Location="http://127.0.0.1:1/")


FAULTS: list[Script] = [
    hangs,
    resets,
    ends,
    breaks_off,
    breaks_off_chunked,
    drips_head,
    drips_body,
    drips_chunks,
    endless_body,
    endless_head,
    bomb,
    nonsense,
    bad_gzip,
    redirects_without_end,
    redirects,
]


@pytest.mark.parametrize("script", FAULTS)
def test_an_order_whose_answer_is_lost_is_unclear_and_sent_once(script: Script) -> None:
    sent: list[str] = []
    with Server(script) as server:
        with pytest.raises(errors.Unclear) as caught:
            client_of(server.address, SHORT).create_order(BUNDLE, on_sent=lambda: sent.append("sent"))
        assert server.was_left()
        assert server.connections == 1
    assert sent == ["sent"]
    assert "127.0.0.1" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("script", FAULTS)
def test_a_read_whose_answer_is_lost_is_unavailable(script: Script, pauses: list[float]) -> None:
    with Server(script) as server:
        with pytest.raises(errors.Unavailable):
            client_of(server.address, SHORT).esim(ICCID)
        assert server.was_left()
        assert server.connections <= 3


def test_a_refused_connection_is_not_sent_and_a_read_unavailable(pauses: list[float]) -> None:
    sent: list[str] = []
    with nobody_listens() as address:
        with pytest.raises(errors.NotSent):
            client_of(address).create_order(BUNDLE, on_sent=lambda: sent.append("sent"))
        with pytest.raises(errors.Unavailable):
            client_of(address).organisation()
    assert sent == []


def promised_then(play: Script, said: list[bytes]) -> Script:
    """The harmless question is answered with yes; the call that acts meets `play`."""

    def script(line: Line) -> None:
        first, headers, _ = line.read_request()
        said.append(first)
        if b"type=validate" in first:
            line.answer(answers.as_bytes(answers.MAY_REVOKE), Connection="close")
            return
        assert headers["content-length"] == "0"
        play(line)

    return script


def hang_on(line: Line) -> None:
    line.hang()


def reset_now(line: Line) -> None:
    line.reset()


def close_now(line: Line) -> None:
    line.sock.close()


def drip_on(line: Line) -> None:
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    line.drip(b" ")


@pytest.mark.parametrize("play", [hang_on, reset_now, close_now, drip_on])
def test_a_revocation_whose_answer_is_lost_is_unclear_though_it_has_no_body(play: Script) -> None:
    said: list[bytes] = []
    with Server(promised_then(play, said)) as server:
        with pytest.raises(errors.Unclear):
            client_of(server.address, SHORT_FOR_PURCHASES).revoke(ICCID, BUNDLE)
        assert server.was_left()
        assert server.connections == 2
    assert [b"type=transaction" in line for line in said] == [False, True], "asked once, done once"


def test_a_revocation_that_never_left_is_not_sent() -> None:
    """Alone, without its client: the question that goes before it would fail first."""
    revocation = Call("DELETE", "/esims/1/bundles/x", purpose=Purpose.PURCHASE, kind="orders")
    with nobody_listens() as address, pytest.raises(errors.NotSent):
        Caller(KEY, address, Budget(1000), PATIENT).buy(revocation, lambda answer: None)


def test_a_refresh_is_a_get_that_is_sent_once_whatever_happens() -> None:
    for play in (hangs, resets, ends):
        with Server(play) as server:
            with pytest.raises(errors.Unavailable):
                client_of(server.address, SHORT).refresh(ICCID)
            assert server.connections == 1


def test_a_name_that_does_not_resolve_is_not_sent() -> None:
    with pytest.raises(errors.NotSent):
        client_of("http://no-such-host.invalid").create_order(BUNDLE)


def test_a_failed_tls_handshake_is_not_sent() -> None:
    def not_tls(line: Line) -> None:
        line.sock.recv(1000)
        line.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Server(not_tls) as server, pytest.raises(errors.NotSent):
        client_of(server.address.replace("http:", "https:"), SHORT).create_order(BUNDLE)


def test_a_handshake_that_hangs_is_not_sent() -> None:
    with Server(lambda line: line.hang()) as server, pytest.raises(errors.NotSent):
        client_of(server.address.replace("http:", "https:"), SHORT).create_order(BUNDLE)


def test_a_refusal_before_the_body_was_read_is_understood() -> None:
    def early(line: Line) -> None:
        line.answer(b'{"message":"insufficient balance"}', "400 Bad Request")
        line.read_request()

    with Server(early) as server, pytest.raises(errors.OutOfFunds):
        client_of(server.address).create_order(BUNDLE)


def test_reads_share_a_connection_and_a_dead_one_is_replaced(pauses: list[float]) -> None:
    def twice(line: Line) -> None:
        for _ in range(2):
            line.read_request()
            line.answer(answers.as_bytes(answers.ORGANISATION))

    with Server(twice) as server:
        client = client_of(server.address)
        for _ in range(4):
            client.organisation()
        assert server.connections == 2


def test_a_packed_catalogue_is_unpacked() -> None:
    def packed(line: Line) -> None:
        _, headers, _ = line.read_request()
        assert "gzip" in headers["accept-encoding"]
        line.answer(gzip.compress(answers.as_bytes(answers.CATALOGUE)), Content_Encoding="gzip")

    with Server(packed) as server:
        assert len(client_of(server.address).get_products()) == 2


def test_proxies_and_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Server(order_answered) as server:
        assert client_of(server.address).create_order(BUNDLE).reference == REFERENCE


def test_many_threads_share_one_client() -> None:
    def many(line: Line) -> None:
        while True:
            line.read_request()
            line.answer(answers.as_bytes(answers.DETAILS))

    with Server(many) as server:
        client, found = client_of(server.address), list[str]()
        work: Callable[[], None] = lambda: found.extend(client.esim(ICCID).iccid for _ in range(10))  # noqa: E731
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [ICCID] * 80
        assert server.connections <= 16


def test_no_log_line_holds_an_iccid_or_the_key(caplog: pytest.LogCaptureFixture) -> None:
    def spoiled(line: Line) -> None:
        line.read_request()
        body = answers.as_bytes(answers.DETAILS)
        line.sock.sendall(
            b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )

    with caplog.at_level(logging.DEBUG), Server(spoiled) as server:
        assert client_of(server.address).esim(ICCID).iccid == ICCID
        with pytest.raises(errors.Unclear):
            client_of(server.address).create_order(BUNDLE)
    assert "/esims/…" in caplog.text
    assert ICCID not in caplog.text
    assert KEY not in caplog.text
