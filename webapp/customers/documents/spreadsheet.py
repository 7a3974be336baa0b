"""A table that spreadsheets open: CSV in the language at hand."""

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO

from webapp.base.i18n import language
from webapp.customers.documents.document import Document

SEPARATORS = {"ru": ";"}
DECIMAL_POINTS = {"ru": ","}
"""A Russian spreadsheet takes the comma for a decimal one, and 5.88 for a day of May."""
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula; the last four in Chinese and Japanese ones."""


def spreadsheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Document:
    """`rows`: int and Decimal are numbers, which can be added up; anything else is text, and never runs."""
    out = StringIO()
    writer = csv.writer(out, delimiter=SEPARATORS.get(language(), ","))
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    # The mark at the start tells Excel that it is UTF-8.
    return Document(name, "text/csv", out.getvalue().encode("utf-8-sig"))


def _cell(value: object) -> str:
    text = str(value)
    if isinstance(value, Decimal):
        return text.replace(".", DECIMAL_POINTS.get(language(), "."))
    return f"'{text}" if text[:1] in FORMULA and not isinstance(value, int) else text
