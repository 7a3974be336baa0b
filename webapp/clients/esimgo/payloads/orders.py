"""Purchases, and what there is to install after one."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from webapp.clients.esimgo import fields
from webapp.clients.esimgo.fields import (
    Flag,
    Host,
    Iccid,
    Iccids,
    Lower,
    MatchingId,
    Moment,
    Money,
    MoneyIfTold,
    Name,
    Text,
    WholeIfTold,
)

from .base import Payload, called


class InstallData(Payload):
    """What a phone needs. Whoever knows `matching_id` can install the eSIM."""

    iccid: Iccid
    matching_id: MatchingId = Field(validation_alias="matchingid", repr=False)
    smdp_host: Host = Field(validation_alias=called("smdpaddress", "rspurl", "smdphost"))

    @property
    def activation_code(self) -> str:
        return f"LPA:1${self.smdp_host}${self.matching_id}"


Installs = Annotated[tuple[InstallData, ...], BeforeValidator(fields.good_rows(InstallData))]


class OrderItem(Payload):
    """A line of an order. `type` in lower case: bundle, topup, bundleassignment; `total` in thousandths."""

    type: Lower = ""
    item: Text = ""
    quantity: WholeIfTold = None
    total: MoneyIfTold = Field(None, validation_alias="subtotal")
    esims: Installs = ()
    iccids: Iccids = ()


Items = Annotated[tuple[OrderItem, ...], BeforeValidator(fields.good_rows(OrderItem))]


class ProviderOrder(Payload):
    """An order as eSIM Go has it (POST /orders, GET /orders/{orderReference})."""

    reference: Name = Field(validation_alias="orderreference")
    status: Lower = ""
    status_message: Text = Field("", validation_alias="statusmessage")
    created_at: Moment = Field(None, validation_alias=called("createddate", "createdate", "createdat"))
    items: Items = Field((), validation_alias=called("order", "items"))
    total: MoneyIfTold = None
    currency: Text = ""
    assigned: Annotated[bool | None, BeforeValidator(fields.if_told(fields.flag))] = None
    running_balance: MoneyIfTold = Field(None, validation_alias="runningbalance")

    @property
    def completed(self) -> bool:
        """Only "completed" is documented to be the end; anything else counts as not finished."""
        return self.status == "completed"

    def is_about(self, reference: str) -> bool:
        """Is it the order that was asked for? The case of a UUID means nothing."""
        return self.reference.casefold() == reference.casefold()

    @property
    def esims(self) -> tuple[InstallData, ...]:
        return tuple(esim for item in self.items for esim in item.esims)

    @property
    def iccids(self) -> tuple[str, ...]:
        """Every ICCID in it, also those whose install data is not there yet; each once."""
        found = (iccid for item in self.items for iccid in (*item.iccids, *(e.iccid for e in item.esims)))
        return tuple(dict.fromkeys(found))


class OrderWindow(NamedTuple):
    """Orders of a span of time. Only a `complete` window proves that an order is not in it.

    `provider_now` is eSIM Go's own time when it answered (header Date), None when it did not say. `filter`:
    what became of the question for this span alone.
    """

    orders: tuple[ProviderOrder, ...]
    provider_now: datetime | None
    complete: bool
    filter: Literal["heeded", "ignored", "refused"] = "heeded"


class OrderQuote(Payload):
    """Would this order be taken now, and at what price (POST /orders, type validate). Thousandths."""

    valid: Flag
    total: Money = Field(le=fields.MOST_THOUSANDTHS)
    currency: Text = ""

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        return row if fields.surely(row.get("valid")) else {"total": 0} | row


class AppliedEsim(Payload):
    iccid: Iccid
    status: Lower = ""
    bundle: Text = ""


class Applied(Payload):
    """Answer of POST /esims/apply."""

    reference: Name = Field(validation_alias="applyreference")
    esims: Annotated[tuple[AppliedEsim, ...], BeforeValidator(fields.good_rows(AppliedEsim))] = ()


class Activation(NamedTuple):
    """What there is to install; empty while eSIM Go is still working on the order."""

    order: ProviderOrder
    installs: tuple[InstallData, ...]
    apply_reference: str | None
