"""What is on sale, and on whose networks it works."""

from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from webapp.clients.esimgo import fields
from webapp.clients.esimgo.fields import FlagIfTold, Name, Price, Text, Texts, Whole, WholeIfTold

from .base import MEGABYTES, Payload, called, data_allowance

MOST_DAYS = 3650
MOST_MB = 10**9
"""A thousand terabytes, ten years: what is beyond is a mistake, and more than a column of numbers takes."""


class Country(Payload):
    """A country or, on regional bundles, a label ("Europe Lite"); iso is not always two letters."""

    iso: Name
    name: Text = ""
    region: Text = ""


Countries = Annotated[tuple[Country, ...], BeforeValidator(fields.good_rows(Country))]


class CatalogueBundle(Payload):
    """One bundle on sale (GET /catalogue). `data_mb` is None when unlimited; 1 GB is 1000 MB."""

    name: Name
    description: Text = ""
    groups: Texts = Field((), validation_alias=called("groups", "group"))
    countries: Countries = ()
    roaming: Countries = Field((), validation_alias=called("roamingenabled", "roaming"))
    data_mb: WholeIfTold = Field(None, validation_alias="dataamount")
    unlimited: FlagIfTold = False
    duration_days: Whole = Field(validation_alias="duration", gt=0, le=MOST_DAYS)
    speeds: Texts = Field((), validation_alias=called("speed", "speeds"))
    autostart: FlagIfTold = False
    wholesale: Price = Field(validation_alias="price")
    currency: Text | None = None

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        """The flag decides what is unlimited, never the number: -1 and 50000 both occur beside it."""
        data = data_allowance(row)
        if fields.surely(row.get("unlimited")) or (data and data.unlimited):
            return row | {"unlimited": True, "dataamount": None}
        amount = row.get("dataamount")
        if amount is None and data and data.amount:
            amount = data.amount * MEGABYTES.get(data.unit, 0)
        if not 0 < (data_mb := fields.whole(amount)) <= MOST_MB:
            raise ValueError("neither an amount of data nor unlimited")
        return row | {"unlimited": False, "dataamount": data_mb}

    def covers(self, country_code: str) -> bool:
        """Base and roaming together: regional bundles have their real countries under roaming."""
        wanted = country_code.strip().casefold()
        return any(country.iso.casefold() == wanted for country in self.countries + self.roaming)


class CataloguePage(NamedTuple):
    """`page_count` and `rows` (of the whole catalogue) are None when the answer does not say."""

    bundles: tuple[CatalogueBundle, ...]
    page_count: int | None
    rows: int | None
    skipped: int


class Network(Payload):
    """An operator. `mcc` and `mnc` are text, for their leading zeros count."""

    name: Name
    brand: Text = Field("", validation_alias=called("brandname", "brand"))
    mcc: Text = ""
    mnc: Text = ""
    tag: Text = Field("", validation_alias=called("tagid", "tag"))
    speeds: Texts = Field((), validation_alias=called("speed", "speeds"))


class CountryNetworks(Payload):
    """The networks of one country (GET /networks)."""

    name: Name = Field(validation_alias=called("name", "country", "iso"))
    networks: Annotated[tuple[Network, ...], BeforeValidator(fields.good_rows(Network))] = ()
