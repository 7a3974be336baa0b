"""What the stand-in tells the shop: events, signatures checked from scratch, and patience."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator

import pytest

from sandbox.esimgo import delivery
from tests.sandbox.esimgo import KEY, TURKEY, Provider, running, until
from tests.sandbox.receiver import Shop, listening


@pytest.fixture
def shop() -> Iterator[Shop]:
    with listening() as shop:
        yield shop


def installed(provider: Provider) -> str:
    iccid = provider.buy_esim(TURKEY)
    provider.install(iccid)
    return iccid


def base64_of(raw: bytes) -> str:
    return base64.b64encode(hmac.new(KEY.encode(), raw, hashlib.sha256).digest()).decode()


def hex_of(raw: bytes) -> str:
    return hmac.new(KEY.encode(), raw, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("form", "expected"), [("base64", base64_of), ("hex", hex_of)])
def test_callbacks_are_signed_over_the_raw_bytes(
    shop: Shop, form: str, expected: Callable[[bytes], str]
) -> None:
    with running(callback_url=shop.url, signature=form) as provider:
        iccid = installed(provider)
        provider.use(iccid, 100)
        until(lambda: len(shop.received) == 3)
    assert all(signature == expected(raw) for raw, signature in shop.received)
    assert all(raw == json.dumps(json.loads(raw), separators=(",", ":")).encode() for raw, _ in shop.received)


def test_the_unsigned_version_has_no_signature_and_fewer_fields(shop: Shop) -> None:
    with running(callback_url=shop.url, signature="none") as provider:
        provider.use(installed(provider), 100)
        until(lambda: len(shop.received) == 3)
    assert {signature for _, signature in shop.received} == {None}
    first_use = next(event for event in shop.events() if event.get("alertType") == "FirstUse")
    names = {"name", "initialQuantity", "remainingQuantity", "startTime", "endTime"}
    assert set(first_use["bundle"]) == names


def test_first_use_tells_of_the_attachment_and_of_the_bundle(shop: Shop) -> None:
    with running(callback_url=shop.url) as provider:
        iccid = installed(provider)
        provider.use(iccid, 100)
        provider.use(iccid, 100)
        until(lambda: len(shop.received) >= 3)
    assert shop.kinds() == ["-", "FirstAttachment", "FirstUse"]
    status, attachment, use = shop.events()
    assert (status["iccid"], status["profileStatus"]) == (iccid, "Installed")
    assert attachment == {"alertType": "FirstAttachment", "iccid": iccid}
    assert use["iccid"] == int(iccid)
    assert use["bundle"]["name"] == TURKEY
    assert use["bundle"]["remainingQuantity"] == use["bundle"]["initialQuantity"] == 3_000_000_000


def test_utilisation_is_told_once_at_each_mark(shop: Shop) -> None:
    with running(callback_url=shop.url) as provider:
        iccid = installed(provider)
        for megabytes in (1400, 200, 900, 500):
            provider.use(iccid, megabytes)
        until(lambda: shop.kinds().count("Utilisation") == 3)
    left = [event["bundle"]["remainingQuantity"] for event in shop.events() if "bundle" in event][1:]
    assert left == [1_400_000_000, 500_000_000, 0]


def test_a_falling_balance_is_told_at_each_mark(shop: Shop) -> None:
    with running(callback_url=shop.url, balance="101.00") as provider:
        for _ in range(6):
            provider.buy(TURKEY)
        until(lambda: shop.kinds().count("LowBalance") == 2)
    info = shop.events()[0]["balanceInfo"]
    assert info["threshold"] == 100
    assert 75 < info["balance"] < 100
    assert info["thresholdPercentRemaining"] == pytest.approx(info["balance"], abs=0.01)


def test_a_purchase_refused_for_want_of_money_is_told(shop: Shop) -> None:
    with running(callback_url=shop.url, balance="1.00") as provider:
        provider.order(body={"type": "validate"})
        provider.order()
        until(lambda: bool(shop.received))
    assert shop.kinds() == ["InsufficientBalance"]


def test_an_undelivered_callback_is_sent_again_and_blocks_nothing(shop: Shop) -> None:
    shop.answers = [500, 500]
    with running(callback_url=shop.url) as provider:
        iccid = installed(provider)
        until(lambda: len(shop.received) == 3)
        assert provider.get(f"/esims/{iccid}")["profileStatus"] == "Installed"
    assert len({raw for raw, _ in shop.received}) == 1


def test_a_shop_that_is_not_there_delays_no_call() -> None:
    with running(callback_url="http://127.0.0.1:9/callback") as provider:
        provider.use(installed(provider), 3000)
        assert provider.get("/organisation/groups")["groups"]


def test_a_reset_forgets_what_was_not_delivered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSES_S", (0.1,) * 1000)
    shop.answers = [500] * 1000
    with running(callback_url=shop.url) as provider:
        former = installed(provider)
        until(lambda: bool(shop.received))
        provider.control("POST", "reset")
        iccid = installed(provider)
        until(lambda: told(shop).count(iccid) > 3)  # the former one's turn would have come meanwhile
        provider.control("POST", "reset")
    assert former not in told(shop)[told(shop).index(iccid) :]


def told(shop: Shop) -> list[str]:
    return [event["iccid"] for event in shop.events()]
