"""What an answer can cost at most, in time and memory, however it is meant; measured on real sockets."""

import gzip
import json
import struct
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from webapp import clock
from webapp.esimgo import calls, errors
from webapp.esimgo.budget import Budget
from webapp.esimgo.calls import Timeouts
from webapp.esimgo.client import ESIMGoClient
from webapp.esimgo.envelopes import MOST_VALUES

from . import answers
from .answers import BUNDLE, ICCID
from .conftest import KEY
from .loopback import SOON_S, Line, Script, Server

TIMEOUTS = Timeouts(connect_s=0.5, order_s=1.0, catalogue_s=1.0, read_s=1.0)
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
    """Prints peak megabytes and seconds; afterwards the peak can be asked for."""
    tracemalloc.start()
    began, peak = clock.monotonic(), list[float]()
    try:
        yield lambda: peak[0]
    finally:
        peak.append(tracemalloc.get_traced_memory()[1] / MB)
        tracemalloc.stop()
        print(f"hostile answer, {name}: {clock.monotonic() - began:.1f} s, {peak[0]:.1f} MB")


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"6,000,000 rows", "3,500,000 texts"}))
def test_a_hostile_answer_to_a_purchase_costs_little_and_is_unclear(name: str) -> None:
    with Server(after_request(HOSTILE[name])) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=TIMEOUTS)
        began = clock.monotonic()
        with measured(name) as peak, pytest.raises(errors.Unclear):
            client.create_order(BUNDLE)
        assert clock.monotonic() - began < SOON_S
        assert server.connections == 1
    assert peak() < 64


@pytest.mark.parametrize("name", ["endless", "gzip bomb of 1 GB", "6,000,000 rows", "3,500,000 texts"])
def test_a_hostile_catalogue_costs_no_more_than_the_largest_that_is_taken(name: str) -> None:
    with Server(after_request(HOSTILE[name])) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=Timeouts())
        with (
            measured(f"catalogue, {name}") as peak,
            pytest.raises(errors.Unusable, match=r"too (large|many)"),
        ):
            client.get_products()
    assert peak() < 3 * calls.CATALOGUE_SIZE / MB


def test_a_list_of_nothing_but_broken_rows_is_read_in_time_that_grows_with_its_length_only() -> None:
    rows = 100_000
    with Server(after_request(sends(b"[" + b"{}," * rows + b"{}]"))) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000))
        began = clock.monotonic()
        assert client.history(ICCID) == []
    seconds = clock.monotonic() - began
    print(f"100,000 broken rows: {seconds:.1f} s, so {seconds * MOST_VALUES / rows:.0f} s at the very most")
    assert seconds < SOON_S


def test_a_hostile_answer_to_one_thread_does_not_hold_up_the_others() -> None:
    """An eSIM whose answer drips in while another is looked at."""
    dripping = threading.Event()

    def script(line: Line) -> None:
        first, _, _ = line.read_request()
        if b"/refresh" in first:
            dripping.set()
            slow_drip(line)
        else:
            line.answer(answers.as_bytes(answers.DETAILS))

    with Server(script) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000), timeouts=TIMEOUTS)
        ended: list[str] = []

        def look() -> None:
            with pytest.raises(errors.Unavailable):
                client.refresh(ICCID)
            ended.append("refresh")

        thread = threading.Thread(target=look)
        thread.start()
        assert dripping.wait(5)
        assert client.esim(ICCID).iccid == ICCID
        ended.append("esim")
        thread.join(15)
    assert ended == ["esim", "refresh"]


def test_a_large_but_sound_answer_is_read_in_little_time() -> None:
    """A catalogue page of 5,000 bundles, far more than one asks for."""
    rows = [answers.UK | {"name": f"bundle-{number}"} for number in range(5000)]
    body = json.dumps({"bundles": rows, "pageCount": 1}).encode()
    with Server(after_request(sends(body))) as server:
        client = ESIMGoClient(KEY, server.address, budget=Budget(1000))
        began = clock.monotonic()
        found = client.get_products()
        print(
            f"a catalogue page of 5,000 bundles, {len(body) / MB:.1f} MB: {clock.monotonic() - began:.1f} s"
        )
    assert len(found) == 5000
