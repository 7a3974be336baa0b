"""What an answer can cost at most, in work and memory, however it is meant; over real sockets."""

import gzip
import json
import struct
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from webapp.clients.esimgo import calls, errors
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.calls import Timeouts
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID
from .conftest import KEY
from .loopback import Line, Script, Server

TIMEOUTS = Timeouts(connect_s=0.5, order_s=1.0, catalogue_s=1.0, read_s=1.0)
PATIENT = Timeouts(connect_s=60, order_s=600, catalogue_s=600, read_s=600)
MB = 1_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def packed(megabytes: int) -> bytes:
    """So many megabytes of spaces in gzip's form, made without ever holding or packing them all."""
    squeeze, checksum = zlib.compressobj(9, zlib.DEFLATED, -15), 0
    piece = squeeze.compress(b" " * MB) + squeeze.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        checksum = zlib.crc32(b" " * MB, checksum)
    tail = squeeze.flush() + struct.pack("<II", checksum, megabytes * MB)
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + piece * megabytes + tail


BOMB = packed(1000)
NESTED = b"[" * 2 * MB
DEEP_OBJECTS = b'{"a":' * 300_000
MANY_SMALL = b"[" + b"{}," * 600_000 + b"{}]"
TOO_MANY = b"[" + b"{}," * 6_000_000 + b"{}]"
TOO_MANY_TEXTS = b'{"bundles": [' + b'"ab",' * 3_500_000 + b'""]}'


def test_what_is_packed_is_packed_well() -> None:
    assert gzip.decompress(packed(3)) == b" " * 3 * MB


def after_request(play: Callable[[Line], None]) -> Script:
    def script(line: Line) -> None:
        line.read_request()
        play(line)

    return script


def hundred_megabytes(line: Line) -> None:
    line.sock.sendall(HEAD % (100 * MB))
    line.pour(b" " * 50_000)


def endless(line: Line) -> None:
    line.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    line.pour(b" " * 65_536)


def endless_chunks(line: Line) -> None:
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.pour(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def endless_line_of_a_head(line: Line) -> None:
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    line.pour(b"x" * 65_536)


def slow_drip(line: Line) -> None:
    line.sock.sendall(HEAD % MB)
    line.drip(b" ")


def sends(body: bytes, **headers: str) -> Callable[[Line], None]:
    return lambda line: line.answer(body, **headers)


HOSTILE: dict[str, Callable[[Line], None]] = {
    "100 MB": hundred_megabytes,
    "endless": endless,
    "endless in chunks": endless_chunks,
    "endless head": endless_line_of_a_head,
    "slow drip": slow_drip,
    "gzip bomb of 1 GB": sends(BOMB, Content_Encoding="gzip"),
    "gzip in gzip": sends(gzip.compress(BOMB), Content_Encoding="gzip, gzip"),
    "2 MB of brackets": sends(NESTED),
    "deep objects": sends(DEEP_OBJECTS),
    "600,000 rows": sends(MANY_SMALL),
    "a number of 2 MB": sends(b"9" * (2 * MB)),
    "6,000,000 rows": sends(TOO_MANY),
    "3,500,000 texts": sends(TOO_MANY_TEXTS),
    "an exponent": sends(b'{"balance": 1e999999999}'),
}


@contextmanager
def measured(name: str) -> Iterator[Callable[[], float]]:
    """Prints peak megabytes; afterwards they can be asked for."""
    tracemalloc.start()
    peak = list[float]()
    try:
        yield lambda: peak[0]
    finally:
        peak.append(tracemalloc.get_traced_memory()[1] / MB)
        tracemalloc.stop()
        print(f"hostile answer, {name}: {peak[0]:.1f} MB")


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"6,000,000 rows", "3,500,000 texts"}))
def test_a_hostile_answer_to_a_purchase_costs_little_and_is_unclear(name: str) -> None:
    with Server(after_request(HOSTILE[name])) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=TIMEOUTS)
        with measured(name) as peak, pytest.raises(errors.Unclear):
            client.create_order(BUNDLE)
        assert server.was_left()
        assert server.connections == 1
    assert peak() < 64


@pytest.mark.parametrize("name", ["endless", "gzip bomb of 1 GB", "6,000,000 rows", "3,500,000 texts"])
def test_a_hostile_catalogue_costs_no_more_than_the_largest_that_is_taken(name: str) -> None:
    with Server(after_request(HOSTILE[name])) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=PATIENT)
        with (
            measured(f"catalogue, {name}") as peak,
            pytest.raises(errors.Unusable, match=r"too (large|many)"),
        ):
            client.get_products()
    assert peak() < 3 * calls.CATALOGUE_SIZE / MB


def test_the_work_for_a_list_of_nothing_but_broken_rows_grows_with_its_length_only() -> None:
    few, ten_times_as_many = (calls_for_broken_rows(rows) for rows in (2_000, 20_000))
    print(f"20,000 broken rows: {ten_times_as_many:,} calls of a function, {few:,} for 2,000")
    assert few < ten_times_as_many <= 10 * few


def calls_for_broken_rows(rows: int) -> int:
    """How many functions this thread calls to read them: unlike seconds the same on any machine."""
    called = 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal called
        called += event.endswith("call")

    with Server(after_request(sends(b"[" + b"{}," * rows + b"{}]"))) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=PATIENT)
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            found = client.history(ICCID)
        finally:
            sys.setprofile(before)
    assert found == []
    return called


def test_a_hostile_answer_to_one_thread_does_not_hold_up_the_others() -> None:
    """An eSIM whose answer drips in while another is looked at."""
    dripping, looked = threading.Event(), threading.Event()

    def script(line: Line) -> None:
        first, _, _ = line.read_request()
        if b"/refresh" in first:
            line.sock.sendall(HEAD % MB)
            while not looked.wait(0.05):
                line.sock.sendall(b" ")
                dripping.set()
        else:
            line.answer(answers.as_bytes(answers.DETAILS))

    with Server(script) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=PATIENT)
        ended: list[str] = []

        def look() -> None:
            with pytest.raises(errors.Unavailable):
                client.refresh(ICCID)
            ended.append("refresh")

        thread = threading.Thread(target=look)
        thread.start()
        assert dripping.wait(60)
        assert client.esim(ICCID).iccid == ICCID
        ended.append("esim")
        looked.set()
        thread.join(60)
    assert ended == ["esim", "refresh"]


def test_a_large_but_sound_answer_is_read_whole() -> None:
    """A catalogue page of 5,000 bundles, far more than one asks for."""
    rows = [answers.UK | {"name": f"bundle-{number}"} for number in range(5000)]
    body = json.dumps({"bundles": rows, "pageCount": 1}).encode()
    with Server(after_request(sends(body))) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=PATIENT)
        assert len(client.get_products()) == 5000
