"""eSIM Go's callbacks over real HTTP, as its different documents say they are signed."""

import pytest

from tests.stack import Stack, Traveller, until

pytestmark = pytest.mark.flow


def said(shop: Stack) -> str:
    return shop.flask("callbacks")


def test_both_encodings_are_taken_and_what_is_refused_is_told(shop: Stack, john: Traveller) -> None:
    john.reaches(john.buy(), "ready")
    for kind, signature in (
        ("FirstAttachment", "base64"),
        ("MSISDNEnabled", "none"),
        ("MSISDNDisabled", "forged"),
        ("ProfileStatusChange", "hex"),
    ):
        shop.esimgo("POST", "callbacks", {"kind": kind, "signature": signature})
    until(lambda: shop.sql("SELECT 1 FROM callback WHERE signature = 'hex'"), what="the last callback")
    until(lambda: said(shop).count("Refused ") == 2, what="both refusals")
    told = said(shop)
    assert "signs in hex" in told
    assert f"callback URL is right: {shop.web}/api/esimgo/webhook" in told
