"""How single values of eSIM Go's JSON become ours: every spelling and type seen in live answers is taken.

A function here gets any JSON value. What a row cannot do without (a name, a price, an ICCID) raises
ValueError when it is not understood, and the row is then left out and counted. Everything else has a value
for "not told".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

LARGEST_AMOUNT = Decimal(10**12)
MOST_THOUSANDTHS = 10**9  # what one bundle can cost: a million; with any markup its price fits its column
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 10**11  # as seconds this would be the year 5138
YES = frozenset({"true", "yes", "1"})
NO = frozenset({"false", "no", "0"})

_ICCID = re.compile(r"[0-9]{10,22}F?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_MATCHING_ID = re.compile(r"[^\s$]{1,255}")


def text(value: object) -> str:
    """Text without control characters or halves of surrogate pairs, which no database takes."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    kept = (c for c in str(value) if c.isprintable() or c == " ")
    return "".join(kept).strip()


def name(value: object) -> str:
    """A text that must not be empty; its case is kept, for bundle names depend on it."""
    if not (found := text(value)):
        raise ValueError("empty")
    return found


def lower(value: object) -> str:
    """A state. Live answers capitalise as they like; unknown ones are kept."""
    return text(value).lower()


def texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    several = value if isinstance(value, list | tuple) else [value]
    return tuple(found for found in map(text, several) if found)


def iccid(value: object) -> str:
    """All digits as text. Some answers carry a JSON number; one with an exponent has lost digits."""
    digits = text(value).replace(" ", "").upper()
    if not _ICCID.fullmatch(digits):
        raise ValueError("not an ICCID")
    return digits


def iccids(value: object) -> tuple[str, ...]:
    return tuple(digits for digits in texts(value) if _ICCID.fullmatch(digits))


def matching_id(value: object) -> str:
    if not _MATCHING_ID.fullmatch(found := text(value)):
        raise ValueError("not a matching id")
    return found


def host(value: object) -> str:
    """The bare SM-DP+ host: the schema's examples carry a scheme, and activation codes must not."""
    bare = text(value).lower().rpartition("://")[2].partition("/")[0].strip()
    if not _HOST.fullmatch(bare):
        raise ValueError("not a host")
    return bare


def thousandths(value: object) -> int:
    """Money in integer thousandths of the currency unit, from a JSON number or text."""
    return int((_decimal(value) * 1000).to_integral_value(ROUND_HALF_UP))


def price(value: object) -> int:
    """Money that a bundle costs: more than nothing, and no more than can be sold for Stars."""
    if not 0 < (found := thousandths(value)) <= MOST_THOUSANDTHS:
        raise ValueError("not a price")
    return found


def whole(value: object) -> int:
    """A whole number, also from "7" or 7.0."""
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def if_told(convert: Callable[[object], Value]) -> Callable[[object], Value | None]:
    """None when absent or not understood."""

    def converted(value: object) -> Value | None:
        try:
            return convert(value)
        except ValueError:
            return None

    return converted


def flag(value: object) -> bool:
    spelled = str(value).strip().lower()
    if spelled not in YES | NO:
        raise ValueError("not yes or no")
    return spelled in YES


def surely(value: object) -> bool:
    """True when it says yes; no, nothing and nonsense are all False."""
    return bool(if_told(flag)(value))


def moment(value: object) -> datetime | None:
    """An aware UTC time from ISO text (nanoseconds are cut) or from epoch seconds or milliseconds.

    None when absent, zero or not understood: no row is lost for the sake of a date.
    """
    try:
        written = isinstance(value, str) and not value.strip().isdigit()
        found = _from_iso(str(value)) if written else _from_epoch(whole(value))
    except (ValueError, OverflowError):
        return None
    return found if found.year > 1970 else None


def rows(model: type[Model], value: object) -> tuple[tuple[Model, ...], int]:
    """The rows that can be understood, and how many cannot."""
    several: Iterable[object] = value if isinstance(value, list | tuple) else [value]
    if value is None:
        several = []
    good, broken = [], 0
    for row in several:
        try:
            good.append(model.model_validate(row))
        except ValidationError:
            broken += 1
    return tuple(good), broken


def good_rows(model: type[Model]) -> Callable[[object], tuple[Model, ...]]:
    """For a list inside a row: what cannot be understood is left out."""
    return lambda value: rows(model, value)[0]


def fold(row: Mapping[object, object]) -> dict[str, object]:
    """Keys as live answers spell them (AllowReassign, "Matching ID", orderReference) in one spelling."""
    return {re.sub(r"[^a-z0-9]", "", str(key).lower()): value for key, value in row.items()}


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("not a number")
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError as error:
        raise ValueError("not a number") from error
    if not number.is_finite() or abs(number) > LARGEST_AMOUNT * 1000:
        raise ValueError("out of range")
    return number


def _from_iso(value: str) -> datetime:
    found = datetime.fromisoformat(value.strip())
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def _from_epoch(value: int) -> datetime:
    return EPOCH + timedelta(milliseconds=value if abs(value) >= MILLISECONDS_FROM else value * 1000)


Text = Annotated[str, BeforeValidator(text)]
Name = Annotated[str, BeforeValidator(name)]
Lower = Annotated[str, BeforeValidator(lower)]
Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]
Iccid = Annotated[str, BeforeValidator(iccid)]
Iccids = Annotated[tuple[str, ...], BeforeValidator(iccids)]
MatchingId = Annotated[str, BeforeValidator(matching_id)]
Host = Annotated[str, BeforeValidator(host)]
HostIfTold = Annotated[str, BeforeValidator(lambda value: if_told(host)(value) or "")]
Money = Annotated[int, BeforeValidator(thousandths)]
MoneyIfTold = Annotated[int | None, BeforeValidator(if_told(thousandths))]
Price = Annotated[int, BeforeValidator(price)]
Whole = Annotated[int, BeforeValidator(whole)]
WholeIfTold = Annotated[int | None, BeforeValidator(if_told(whole))]
Flag = Annotated[bool, BeforeValidator(flag)]
FlagIfTold = Annotated[bool, BeforeValidator(surely)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
