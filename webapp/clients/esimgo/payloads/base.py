"""What all of eSIM Go's answers have in common: keys in any spelling, unknown ones ignored, values frozen."""

from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from webapp.clients.esimgo import fields
from webapp.clients.esimgo.fields import FlagIfTold, Lower, WholeIfTold

MEGABYTES = {"": 1, "mb": 1, "gb": 1000}


def called(*spellings: str) -> AliasChoices:
    """The keys a value is found under, as `fields.fold` writes them."""
    return AliasChoices(*spellings)


class Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _tidied(cls, row: object) -> object:
        """Null is as good as absent: it must not hide the value under another spelling."""
        if not isinstance(row, Mapping):
            return row
        return cls.tidy({key: value for key, value in fields.fold(row).items() if value is not None})

    @classmethod
    def tidy(cls, row: dict[str, object]) -> dict[str, object]:
        """Where two keys together say one thing."""
        return row


class Allowance(Payload):
    type: Lower
    amount: WholeIfTold = Field(None, validation_alias=called("amount", "initialamount"))
    remaining: WholeIfTold = Field(None, validation_alias="remainingamount")
    unit: Lower = ""
    unlimited: FlagIfTold = False


def data_allowance(row: dict[str, object]) -> Allowance | None:
    found, _ = fields.rows(Allowance, row.get("allowances"))
    return next((allowance for allowance in found if allowance.type == "data"), None)
