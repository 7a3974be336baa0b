"""A table that spreadsheets open: CSV in the language at hand."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from webapp.base.i18n import language
from webapp.customers.documents.document import Document

SEPARATORS = {"ru": ";"}
"""A Russian spreadsheet takes the comma for a decimal one."""


def spreadsheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Document:
    out = StringIO()
    writer = csv.writer(out, delimiter=SEPARATORS.get(language(), ","))
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell if isinstance(cell, int) else _harmless(str(cell)) for cell in row])
    # The mark at the start tells Excel that it is UTF-8.
    return Document(name, "text/csv", out.getvalue().encode("utf-8-sig"))


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins like a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
