"""What the bot says of an order: exact, with a way back into the shop, and never markup from outside."""

from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.shop.factories import make_order, told
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.customers import notifications
from webapp.models import Esim, Order

pytestmark = pytest.mark.usefixtures("database")


def composed(order: Order, kind: str, config: Config, language: str = "en") -> notifications.Message:
    with speaking(language):
        return notifications.compose(told(order, kind), config)


@pytest.mark.parametrize(
    ("kind", "stage", "says"),
    [
        ("paid", "paid", "ready or refunded by"),
        ("failed", "failed", "Your 453 Stars are being returned"),
        ("refunded", "failed", "453 Stars returned to your balance"),
    ],
)
def test_each_kind_says_what_has_happened_and_opens_the_order(
    config: Config, kind: str, stage: str, says: str
) -> None:
    order = make_order(stage)
    message = composed(order, kind, config)
    assert says in message.text
    assert "Türkiye, 3 GB, 30 days" in message.text
    assert message.photo is None
    assert message.keyboard == {
        "inline_keyboard": [
            [
                {
                    "text": "Open the order",
                    "web_app": {"url": f"{config.public_url}/orders/{order.reference}"},
                }
            ]
        ]
    }


def test_ready_brings_the_qr_code_and_the_code_to_copy(config: Config) -> None:
    order = make_order("ready")
    esim = Esim.of(order)
    assert esim is not None
    message = composed(order, "ready", config)
    assert message.photo is not None
    assert message.photo.startswith(b"\x89PNG")
    (read,) = zxingcpp.read_barcodes(Image.open(BytesIO(message.photo)))
    assert read.text == esim.activation_code
    assert f"<code>{esim.activation_code}</code>" in message.text
    assert len(message.text) <= 1024
    assert f"/esims/{esim.reference}" in str(message.keyboard)
    assert {"copy_text": {"text": esim.activation_code}, "text": "Copy the code"} in flat(message.keyboard)


def flat(keyboard: dict[str, Any] | None) -> list[object]:
    assert keyboard is not None
    rows = keyboard["inline_keyboard"]
    assert isinstance(rows, list)
    return [button for row in rows for button in row]


@pytest.mark.parametrize("kind", ["paid", "ready", "activated", "failed", "refunded"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_name_from_outside_cannot_become_markup(config: Config, kind: str, language: str) -> None:
    order = make_order("active", country_code="q9", country_name="<a href='x'>A & B</a>")
    text = composed(order, kind, config, language).text
    assert "&lt;a href=&#x27;x&#x27;&gt;A &amp; B&lt;/a&gt;" in text
    assert "<a" not in text
