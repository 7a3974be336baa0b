"""All purchases of a customer, as a table that spreadsheets open."""

import csv
from io import StringIO

from webapp import catalogue, purchases
from webapp.documents.document import Document
from webapp.i18n import gettext as _
from webapp.i18n import language
from webapp.models import Customer
from webapp.money import plain
from webapp.purchases import Purchase

SEPARATORS = {"ru": ";"}
"""A Russian spreadsheet takes the comma for a decimal one."""


def history(customer: Customer) -> Document:
    """CSV in the language at hand, the newest first. Times are UTC."""
    out = StringIO()
    rows = csv.writer(out, delimiter=SEPARATORS.get(language(), ","))
    rows.writerow(_head())
    for purchase in purchases.of_customer(customer):
        rows.writerow([_harmless(str(cell)) for cell in _row(purchase)])
    # The mark at the start tells Excel that it is UTF-8.
    return Document("purchases.csv", "text/csv", out.getvalue().encode("utf-8-sig"))


def _head() -> list[str]:
    return [
        _("Paid (UTC)"),
        _("Order"),
        _("Plan"),
        _("Stars"),
        _("Price"),
        _("Currency"),
        _("Number of the payment"),
        _("Returned (UTC)"),
    ]


def _row(purchase: Purchase) -> list[object]:
    order, refund = purchase.order, purchase.refund
    done = refund.done_at if refund is not None else None
    return [
        f"{order.paid_at:%Y-%m-%d %H:%M}",
        order.reference,
        catalogue.title(order),
        purchase.stars,
        plain(order.retail),
        order.currency,
        purchase.payment.charge_id,
        f"{done:%Y-%m-%d %H:%M}" if done is not None else "",
    ]


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins like a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
