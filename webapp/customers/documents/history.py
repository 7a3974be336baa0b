"""All purchases of a customer, as a table."""

from webapp import catalogue
from webapp.base.i18n import gettext as _
from webapp.base.money import in_units
from webapp.books import purchases
from webapp.books.purchases import Purchase
from webapp.customers.documents.document import Document
from webapp.customers.documents.spreadsheet import spreadsheet
from webapp.models import Customer


def history(customer: Customer) -> Document:
    """In the language at hand, the newest first. Times are UTC."""
    return spreadsheet("purchases.csv", _head(), [_row(bought) for bought in purchases.of_customer(customer)])


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
        in_units(order.retail),
        order.currency,
        purchase.payment.charge_id,
        f"{done:%Y-%m-%d %H:%M}" if done is not None else "",
    ]
