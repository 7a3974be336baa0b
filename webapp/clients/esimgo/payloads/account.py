"""The organisation that the key belongs to, and its stock."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from webapp.clients.esimgo import fields
from webapp.clients.esimgo.fields import (
    FlagIfTold,
    Lower,
    Moment,
    Money,
    MoneyIfTold,
    Name,
    Text,
    Texts,
    Whole,
    WholeIfTold,
)

from .base import Payload, called, data_allowance


class Organisation(Payload):
    """GET /organisation. `balance` in thousandths, with the test credit in it.

    Its apiKey and its users are not kept.
    """

    name: Text = ""
    balance: Money
    currency: Text = ""
    test_credit: MoneyIfTold = Field(None, validation_alias="testcredit")
    callback_url: Text = Field("", validation_alias="callbackurl")
    groups: Texts = ()


class Group(Payload):
    """A group of bundles that this organisation may sell (GET /organisation/groups)."""

    name: Name
    description: Text = Field("", validation_alias=called("desc", "description"))
    price_list_url: Text = Field("", validation_alias="pricelisturl")


class Stock(Payload):
    """Bundles of one purchase that lie in inventory; `usage_id` is what a refund names."""

    usage_id: Whole = Field(validation_alias=called("id", "usageid"))
    total: WholeIfTold = None
    remaining: Whole
    expires_at: Moment = Field(None, validation_alias=called("expiry", "expires"))


class StockedBundle(Payload):
    """A bundle in inventory. `data_mb` is None when unlimited; `duration_unit`: day or month."""

    name: Name
    description: Text = Field("", validation_alias=called("desc", "description"))
    available: Annotated[tuple[Stock, ...], BeforeValidator(fields.good_rows(Stock))] = ()
    countries: Texts = ()
    data_mb: WholeIfTold = Field(None, validation_alias=called("data", "dataamount"))
    duration: WholeIfTold = None
    duration_unit: Lower = Field("", validation_alias="durationunit")
    autostart: FlagIfTold = False
    unlimited: FlagIfTold = False
    speeds: Texts = Field((), validation_alias=called("speed", "speeds"))

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        """As in the catalogue, the flag decides what is unlimited, never the number."""
        data = data_allowance(row)
        if fields.surely(row.get("unlimited")) or (data and data.unlimited):
            return row | {"unlimited": True, "data": None, "dataamount": None}
        return row


class RefundedStock(Payload):
    said: Name = Field(validation_alias=called("status", "message"))
