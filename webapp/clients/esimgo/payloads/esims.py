"""An eSIM, what is on it, and what became of it."""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from webapp.clients.esimgo import fields
from webapp.clients.esimgo.fields import (
    Flag,
    FlagIfTold,
    HostIfTold,
    Iccid,
    Lower,
    Moment,
    Name,
    Text,
    WholeIfTold,
)

from .base import Payload, called, data_allowance
from .orders import InstallData

RefundTo = Literal["balance", "inventory"]
REFUND_PLACES: tuple[RefundTo, ...] = ("balance", "inventory")
NEGATION = re.compile(
    r"\b(?:no|not|cannot|without|unable|denied|disabled|fail\w*|ineligible|never|refused|\w+n't)\b"
)


class EsimDetails(Payload):
    """GET /esims/{iccid}. The PIN and PUK of the answer are not kept at all."""

    iccid: Iccid
    matching_id: Text = Field("", validation_alias="matchingid", repr=False)
    smdp_host: HostIfTold = Field("", validation_alias=called("smdpaddress", "rspurl"))
    profile_status: Lower = Field("", validation_alias="profilestatus")
    state: Lower = ""
    first_installed_at: Moment = Field(
        None, validation_alias=called("firstinstalleddatetime", "firstinstalledat")
    )
    customer_ref: Text = Field("", validation_alias="customerref")
    profile_name: Text = Field("", validation_alias="profilename")

    @property
    def install_data(self) -> InstallData | None:
        found, _ = fields.rows(
            InstallData,
            {"iccid": self.iccid, "matchingid": self.matching_id, "smdpaddress": self.smdp_host},
        )
        return found[0] if found else None


class EsimRow(Payload):
    """An eSIM in the list of all (GET /esims). `last_action`: "Bundle Applied" and others."""

    iccid: Iccid
    customer_ref: Text = Field("", validation_alias="customerref")
    last_action: Text = Field("", validation_alias="lastaction")
    last_action_at: Moment = Field(None, validation_alias="actiondate")
    assigned_at: Moment = Field(None, validation_alias="assigneddate")
    physical: FlagIfTold = False
    state: Lower = ""


class EsimPage(NamedTuple):
    """`page_count` and `rows` (of all pages) are None when the answer does not say."""

    esims: tuple[EsimRow, ...]
    page_count: int | None
    rows: int | None
    skipped: int


class AssignmentState(Payload):
    """A bundle on an eSIM (GET /esims/{iccid}/bundles). Bytes; None when not told or unlimited.

    `state`: processing, queued, active, depleted, expired, revoked, lapsed.
    """

    id: Text = Field("", validation_alias=called("id", "offerid", "assignmentid"))
    reference: Text = Field("", validation_alias=called("assignmentreference", "reference"))
    bundle: Text = Field("", validation_alias=called("bundlename", "bundle", "name"))
    state: Lower = Field(validation_alias=called("bundlestate", "bundlestatus", "state"))
    initial_bytes: WholeIfTold = Field(None, validation_alias="initialquantity")
    remaining_bytes: WholeIfTold = Field(None, validation_alias="remainingquantity")
    assigned_at: Moment = Field(None, validation_alias="assignmentdatetime")
    starts_at: Moment = Field(None, validation_alias="starttime")
    ends_at: Moment = Field(None, validation_alias="endtime")
    unlimited: FlagIfTold = False

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        data = data_allowance(row)
        if fields.surely(row.get("unlimited")) or (data and data.unlimited):
            return row | {"unlimited": True, "initialquantity": None, "remainingquantity": None}
        if row.get("initialquantity") is None and data and data.unit == "bytes":
            row = row | {"initialquantity": data.amount, "remainingquantity": data.remaining}
        return row | {"unlimited": False}


class EsimBundle(Payload):
    """A bundle that is or was on an eSIM, with each of its assignments."""

    name: Text = ""
    description: Text = ""
    assignments: Annotated[
        tuple[AssignmentState, ...], BeforeValidator(fields.good_rows(AssignmentState))
    ] = ()

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        """An assignment knows its bundle only from the level above it."""
        if not row.keys() & {"name", "assignments"}:
            raise ValueError("neither a name nor assignments")
        found = row.get("assignments")
        several = found if isinstance(found, list) else [found]
        named = [
            {"bundle": row.get("name")} | fields.fold(each) for each in several if isinstance(each, dict)
        ]
        return row | {"assignments": named}


class HistoryEntry(Payload):
    """Something that happened to an eSIM. `name`: "eSIM First Use", "Bundle Expired" and others.

    Older entries have no name, but an alert or the state of a bundle.
    """

    name: Name
    bundle: Text = Field("", validation_alias=called("bundlename", "bundle"))
    at: Moment = Field(None, validation_alias=called("date", "at"))
    state: Lower = Field("", validation_alias=called("bundlestate", "bundlestatus"))
    alert: Text = Field("", validation_alias="alerttype")

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        named = (row.get(key) for key in ("name", "alerttype", "bundlestate", "bundlestatus"))
        return row | {"name": next((name for name in named if name), None)}


class Location(Payload):
    """Where an eSIM was seen last. `network_code` is eSIM Go's own ("FRAF1"); `country`: mostly ISO."""

    network_code: Text = Field("", validation_alias="mobilenetworkcode")
    network: Text = Field("", validation_alias="networkname")
    brand: Text = Field("", validation_alias="networkbrandname")
    country: Text = ""
    seen_at: Moment = Field(None, validation_alias="lastseen")

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        if not any(row.get(key) for key in ("mobilenetworkcode", "networkname", "country", "lastseen")):
            raise ValueError("says nothing of a place")
        return row


class Suspension(Payload):
    suspended: Flag


class Compatibility(Payload):
    compatible: Flag


class RevokeCheck(Payload):
    """What eSIM Go says it would do with a bundle (DELETE .../bundles/{name}, type validate).

    How it says no is not public, so only a plain yes to the wanted refund counts as one.
    """

    said: Name = Field(validation_alias=called("status", "message"))

    def promises(self, refund_to: RefundTo) -> bool:
        """Would the value of the bundle go there? Without a refund the bundle would be destroyed."""
        return refund_to in _refund_places(self.said)


class Revoked(Payload):
    """A bundle has been taken off an eSIM. `said`: where its value went, in eSIM Go's words."""

    said: Name = Field(validation_alias=called("status", "message"))

    @property
    def refunded_to(self) -> RefundTo | None:
        return next(iter(_refund_places(self.said)), None)


def _refund_places(said: str) -> tuple[RefundTo, ...]:
    said = said.lower()
    if "refund" not in said or NEGATION.search(said):
        return ()
    return tuple(place for place in REFUND_PLACES if place in said)
