"""Any callback by hand: the documented forms, read from the wire."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.esimgo.occasions import KINDS
from tests.sandbox.esimgo import KEY, TURKEY, TURKEY_SMALL, Provider, running, until
from tests.sandbox.receiver import Shop, listening


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Provider, Shop]]:
    with listening() as shop, running(callback_url=shop.url) as provider:
        yield provider, shop


@pytest.fixture
def provider(wire: tuple[Provider, Shop]) -> Provider:
    provider, shop = wire
    provider.control("POST", "reset")
    shop.received.clear()
    return provider


@pytest.fixture
def shop(wire: tuple[Provider, Shop]) -> Shop:
    return wire[1]


@pytest.fixture
def iccid(provider: Provider) -> str:
    return provider.buy_esim(TURKEY)


def send(provider: Provider, shop: Shop, kind: str, **wish: Any) -> dict[str, Any]:
    """What came in at the shop."""
    before = len(shop.received)
    told = provider.control("POST", "callbacks", {"kind": kind, **wish})["sent"]
    until(lambda: len(shop.received) >= before + wish.get("copies", 1))
    assert shop.events()[before] == told
    return dict(told)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "raw"])
def test_every_kind_arrives_signed(provider: Provider, shop: Shop, iccid: str, kind: str) -> None:
    event = send(provider, shop, kind)
    name = {"ProfileStatusChange": "Profile Status Change"}.get(kind, kind)
    assert event.get("alertType", event.get("event")) == name
    assert ("event" in event) == ("." in kind)
    about_money = kind.endswith("Balance") or kind.lower().endswith("topup")
    assert event.get("iccid", "") == ("" if about_money else int(iccid) if kind == "FirstUse" else iccid)
    raw, signature = shop.received[0]
    digest = hmac.new(KEY.encode(), raw, hashlib.sha256)
    assert signature == base64.b64encode(digest.digest()).decode()


@pytest.mark.parametrize(("percent", "left"), [(1, 2_970_000_000), (50, 1_500_000_000), (100, 0)])
def test_a_utilisation_can_be_told_before_it_happens(
    provider: Provider, shop: Shop, iccid: str, percent: int, left: int
) -> None:
    bundle = send(provider, shop, "Utilisation", iccid=iccid, percent=percent)["bundle"]
    assert (bundle["name"], bundle["remainingQuantity"]) == (TURKEY, left)
    assert bundle["startTime"] < bundle["endTime"]
    kept = provider.get(f"/esims/{iccid}/bundles/{TURKEY}")["assignments"][0]
    assert (kept["bundleState"], kept["remainingQuantity"]) == ("queued", 3_000_000_000)


def test_a_bundle_is_chosen_by_name(provider: Provider, shop: Shop, iccid: str) -> None:
    provider.buy(TURKEY_SMALL, iccids=[iccid])
    assert send(provider, shop, "FirstUse")["bundle"]["name"] == TURKEY_SMALL
    assert send(provider, shop, "FirstUse", bundle=TURKEY)["bundle"]["name"] == TURKEY


def test_the_words_of_each_kind_can_be_chosen(provider: Provider, shop: Shop, iccid: str) -> None:
    assert send(provider, shop, "CountryChange", iso="FR")["country"] == {"code": "FR", "name": "France"}
    assert send(provider, shop, "LowBalance", balance=87.4)["balanceInfo"] == {
        "balance": 87.4,
        "threshold": 100,
        "thresholdPercentRemaining": 87.4,
    }
    money = send(provider, shop, "AutoTopup", amount=50)["bundle"]
    assert money["newAmount"] - money["oldAmount"] == pytest.approx(50)
    assert send(provider, shop, "MSISDNDisabled", reason="Bundle revoked")["reason"] == "Bundle revoked"
    status = send(provider, shop, "ProfileStatusChange", status="Downloaded")
    assert (status["profileStatus"], status["device"]["make"]) == ("Downloaded", "Example")
    assert send(provider, shop, "raw", body={"x": [1]}) == {"x": [1]}


def test_an_order_event_names_the_order_of_the_esim(provider: Provider, shop: Shop) -> None:
    first = provider.buy()
    provider.buy()
    iccid = first["order"][0]["iccids"][0]
    event = send(provider, shop, "eSIM.ready", iccid=iccid)
    assert (event["orderReference"], event["status"]) == (first["orderReference"], "completed")
    assert send(provider, shop, "order.failed", order="unknown", status="failed")["status"] == "failed"


def test_the_key_that_tells_the_kind_can_be_called_otherwise(
    provider: Provider, shop: Shop, iccid: str
) -> None:
    event = send(provider, shop, "ProfileStatusChange", key="type", name="profile.status_change")
    assert event["type"] == "profile.status_change"
    assert "alertType" not in event


@pytest.mark.parametrize("signature", ["none", "hex", "forged"])
def test_one_callback_can_be_signed_otherwise(
    provider: Provider, shop: Shop, iccid: str, signature: str
) -> None:
    event = send(provider, shop, "Utilisation", signature=signature, copies=2)
    assert len({raw for raw, _ in shop.received}) == 1
    raw, received = shop.received[0]
    digest = hmac.new(KEY.encode(), raw, hashlib.sha256)
    assert received == {"none": None, "hex": digest.hexdigest()}.get(signature, received)
    assert received != base64.b64encode(digest.digest()).decode()
    assert ("reference" in event["bundle"]) == (signature != "none")


def test_the_account_can_be_switched_to_another_signature(provider: Provider, shop: Shop, iccid: str) -> None:
    provider.control("POST", "habits", {"signature": "none"})
    send(provider, shop, "FirstAttachment")
    assert shop.received[0][1] is None


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "Birthday"},
        {"kind": "FirstUse", "colour": "red"},
        {"kind": "FirstUse", "iccid": 8944},
        {"kind": "FirstUse", "bundle": "esim_1GB_7D_FR_V2"},
        {"kind": "Utilisation", "percent": 101},
        {"kind": "LowBalance", "balance": "x"},
        {"kind": "SMSFailed", "copies": 0},
        {"kind": "SMSFailed", "signature": "rot13"},
        {"kind": "raw"},
    ],
)
def test_a_wish_that_makes_no_sense_sends_nothing(
    provider: Provider, shop: Shop, iccid: str, wish: dict[str, Any]
) -> None:
    assert provider.control("POST", "callbacks", wish, expect=400)["error"]
    send(provider, shop, "FirstAttachment")
    assert len(shop.received) == 1


def test_without_an_address_nothing_can_be_sent() -> None:
    with running() as provider:
        provider.buy()
        answer = provider.control("POST", "callbacks", {"kind": "FirstAttachment"}, expect=400)
        assert "--callback-url" in answer["error"]
