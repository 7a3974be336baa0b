import base64
import hashlib
import hmac
import random

import pytest

from webapp.clients.esimgo.signature import verify

BODY = b'{"iccid":"8944501000000181227","alertType":"FirstAttachment"}'
KEYS = ["sample-key", "previous-key"]


def digest(key: str, body: bytes = BODY) -> bytes:
    return hmac.new(key.encode(), body, hashlib.sha256).digest()


def in_base64(key: str) -> str:
    return base64.b64encode(digest(key)).decode()


@pytest.mark.parametrize("key", KEYS)
def test_base64_and_lower_case_hex_are_accepted_under_every_key(key: str) -> None:
    assert verify(BODY, in_base64(key), KEYS) == "base64"
    assert verify(BODY, digest(key).hex(), KEYS) == "hex"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=" + digest("sample-key").hex(),
        digest("sample-key").hex().upper(),
        in_base64("sample-key").rstrip("="),
        in_base64("sample-key") + "\n",
        in_base64("sample-key")[:10] + "!" + in_base64("sample-key")[10:],
        in_base64("sample-key") + "====",
        in_base64("another-key"),
        "ключ" * 11,
        "\udcff" * 44,
        "A" * 100_000,
    ],
)
def test_every_other_spelling_is_refused(header: str | None) -> None:
    assert verify(BODY, header, KEYS) is None


def test_an_empty_key_opens_nothing() -> None:
    assert verify(BODY, base64.b64encode(digest("")).decode(), [""]) is None
    assert verify(BODY, in_base64("sample-key"), []) is None


def test_ten_thousand_mutations_are_all_refused() -> None:
    chance = random.Random(1)
    accepted = 0
    for _ in range(10_000):
        raw, header = _mutated(
            chance, BODY, chance.choice([in_base64("sample-key"), digest("sample-key").hex()])
        )
        accepted += verify(raw, header, KEYS) is not None
    print(f"R8: {accepted} of 10000 mutated callbacks accepted")
    assert accepted == 0


def _mutated(chance: random.Random, raw: bytes, header: str) -> tuple[bytes, str]:
    place, junk = chance.randrange(len(header)), chance.choice("Aa0+/= \n-_!é\0\ud800")
    kind = chance.randrange(5)
    if kind == 0:
        spot = chance.randrange(len(raw))
        return raw[:spot] + bytes([raw[spot] ^ (1 << chance.randrange(8))]) + raw[spot + 1 :], header
    if kind == 1:
        return raw, header[:place] + junk + header[place:]
    if kind == 2:
        return raw, header[:place] + header[place + 1 :]
    if kind == 3:
        return raw + chance.choice([b" ", b"\n", b"\0"]), header
    other = chance.choice([c for c in "ABCabc012" if c != header[place]])
    return raw, header[:place] + other + header[place + 1 :]
