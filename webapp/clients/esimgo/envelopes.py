"""From the body of an answer to typed values, whatever it is wrapped in.

The schema of v2.5 and its live answers disagree on envelopes: arrays, objects around an array, and single
objects all occur, and where nothing was found also null.
"""

import csv
import io
import json
import re
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from webapp.clients.http import Answer

from . import fields
from .errors import Unusable
from .payloads import (
    CatalogueBundle,
    CataloguePage,
    EsimBundle,
    EsimPage,
    EsimRow,
    InstallData,
    ProviderOrder,
)

Model = TypeVar("Model", bound=BaseModel)

MOST_VALUES = 1_000_000  # twice a page of 500 bundles for the whole world; each takes ten times its bytes
_CSV = re.compile(rb"""(?:\xef\xbb\xbf)?\s*"?ICCID"?\s*,""", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")


def parsed(answer: Answer) -> object:
    """The JSON of an answer, its decimals exact. Errors: Unusable."""
    if answer.body.count(b",") > MOST_VALUES:
        raise Unusable("the answer has too many values")
    try:
        return json.loads(answer.body.decode("utf-8-sig"), parse_float=_decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    raise Unusable("the answer is not JSON")


def single(model: type[Model], answer: Answer, wrappers: Collection[str] = ()) -> Model:
    """One object, bare, alone in an array, or under one of `wrappers`, also in an array. Errors: Unusable."""
    found = parsed(answer)
    if isinstance(found, dict):
        found = next((row for key, row in fields.fold(found).items() if key in wrappers), found)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    try:
        return model.model_validate(found)
    except ValidationError:
        pass
    raise Unusable(f"the answer is no {model.__name__}")


def listed(
    model: type[Model], wrappers: Collection[str], answer: Answer, alone: Collection[str] = ("name",)
) -> list[Model]:
    """Rows, bare or under one of `wrappers`; what cannot be understood is left out. Errors: Unusable."""
    return list(fields.rows(model, _rows(parsed(answer), wrappers, alone))[0])


def unread(_answer: Answer) -> None:
    """Where 2xx says it all: these bodies are a sentence at most, and not always JSON."""


def catalogue_page(answer: Answer) -> CataloguePage:
    found = parsed(answer)
    bundles, skipped = fields.rows(CatalogueBundle, _rows(found, ("bundles",), ("price",)))
    return CataloguePage(bundles, _told(found, "pagecount"), _told(found, "rows"), skipped)


def esim_page(answer: Answer) -> EsimPage:
    found = parsed(answer)
    esims, skipped = fields.rows(EsimRow, _rows(found, ("esims",), ("iccid",)))
    return EsimPage(esims, _told(found, "pagecount"), _told(found, "rows"), skipped)


class Orders(NamedTuple):
    """`skipped`: rows that were not understood. `page_count` is None when it is not told."""

    orders: tuple[ProviderOrder, ...]
    skipped: int
    page_count: int | None


def orders(answer: Answer) -> Orders:
    found = parsed(answer)
    understood, skipped = fields.rows(ProviderOrder, _rows(found, ("orders", "data"), ("orderreference",)))
    return Orders(understood, skipped, _told(found, "pagecount"))


def installs(answer: Answer) -> tuple[InstallData, ...]:
    """Install data from JSON or from CSV, which comes when the Accept header was not heeded.

    The body says which it is; the header is believed only when it does not.
    """
    said = "csv" in answer.headers.get("Content-Type", "").lower()
    if _CSV.match(answer.body) or (said and not _JSON.match(answer.body)):
        return fields.rows(InstallData, _from_csv(answer))[0]
    return fields.rows(InstallData, _rows(parsed(answer), ("esims", "assignments"), ("iccid",)))[0]


def esim_bundles(answer: Answer) -> tuple[EsimBundle, ...]:
    return fields.rows(EsimBundle, _rows(parsed(answer), ("bundles",), ("assignments",)))[0]


def esim_bundle(name: str, answer: Answer) -> EsimBundle:
    """The assignments of one bundle, which the answer itself need not name."""
    assignments = _rows(parsed(answer), ("assignments",), ("bundlestate", "bundlestatus"))
    return EsimBundle.model_validate({"name": name, "assignments": assignments})


def _from_csv(answer: Answer) -> list[object]:
    text = answer.body.decode("utf-8-sig", "replace")
    try:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error:
        pass
    raise Unusable("the answer is no CSV")


def _told(found: object, key: str) -> int | None:
    """A number that stands beside the list."""
    about = fields.fold(found) if isinstance(found, dict) else {}
    return fields.if_told(fields.whole)(about.get(key))


def _rows(found: object, wrappers: Collection[str], alone: Collection[str]) -> list[object]:
    """The list in an answer, or its only row, which is known by one of the keys `alone`.

    An object with neither is no empty list: it may be an error in disguise.
    """
    if isinstance(found, dict):
        about = fields.fold(found)
        key = next((key for key in wrappers if key in about), None)
        if key is None and not any(key in about for key in alone):
            raise Unusable("the answer has no " + " or ".join(wrappers))
        found = [found] if key is None else about[key]
    if isinstance(found, dict):
        return [found]
    if found is not None and not isinstance(found, list):
        raise Unusable("the answer is not a list")
    return found or []


def _decimal(number: str) -> Decimal:
    try:
        return Decimal(number)
    except ArithmeticError as error:
        raise ValueError("out of range") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
