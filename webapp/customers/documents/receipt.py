"""A receipt that an employer takes: who sold what to whom, when, for how much, and how it was paid.

Always A4, one page, with its own font: the standard fonts of PDF have no Cyrillic.
"""

from io import BytesIO
from pathlib import Path

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from webapp import catalogue
from webapp.base import legal
from webapp.base.config import Config
from webapp.base.i18n import day_text, language, stars_text
from webapp.base.i18n import gettext as _
from webapp.base.money import money_text
from webapp.books import purchases
from webapp.books.purchases import Purchase
from webapp.customers.documents.document import Document
from webapp.models import Order

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
GREY, BLACK = HexColor(0x5F6368), HexColor(0x111111)
LEFT, RIGHT, TOP = 56.0, A4[0] - 56.0, A4[1] - 72.0
VALUES = 210.0

Rows = list[tuple[str, str]]


def receipt(order: Order, config: Config) -> Document:
    """In the language at hand. Errors: LookupError for an order that was never paid."""
    purchase = purchases.of_order(order)
    if purchase is None:
        raise LookupError(f"order {order.reference} was never paid")
    title = _("Receipt")
    paper = _Paper(f"{title} {order.reference}", config.shop_name)
    paper.heading(title, config.shop_name)
    paper.rows(_order(purchase))
    paper.rows(_seller(config))
    paper.rows(_item(purchase))
    paper.total(_("Total paid"), stars_text(purchase.stars))
    paper.rows(_refund(purchase))
    paper.note(
        _(
            "Paid in Telegram Stars, Telegram's own unit of account. The price is the one that the shop "
            "showed when the order was placed."
        )
    )
    return Document(f"receipt-{order.reference}.pdf", "application/pdf", paper.finish())


def _order(purchase: Purchase) -> Rows:
    order = purchase.order
    return [
        (_("Number"), order.reference),
        (_("Date"), day_text(purchase.payment.confirmed_at)),
        (_("Customer"), _("Telegram user %(id)s") % {"id": order.telegram_user_id}),
    ]


def _seller(config: Config) -> Rows:
    who = legal.seller(config)
    facts = [
        (_("Seller"), who.seller or config.shop_name),
        (_("Address"), who.address),
        (_("Registration"), who.registration),
        (_("Contact"), who.contact),
    ]
    return [(label, value) for label, value in facts if value]


def _item(purchase: Purchase) -> Rows:
    order = purchase.order
    what = _("Mobile data for travel (top-up)") if order.esim_id else _("Mobile data for travel (eSIM)")
    return [
        (_("Item"), what),
        (_("Plan"), catalogue.title(order)),
        (_("Price"), money_text(order.retail, order.currency, language())),
        (_("Paid with"), _("Telegram Stars")),
        (_("Number of the payment"), purchase.payment.charge_id or ""),
    ]


def _refund(purchase: Purchase) -> Rows:
    refund = purchase.refund
    if refund is None:
        return []
    stars = stars_text(purchase.stars)
    if refund.done_at is None:
        return [(_("Being returned"), stars)]
    return [(_("Returned"), f"{stars}, {day_text(refund.done_at)}")]


# --- on paper


def _fonts() -> None:
    """reportlab keeps what was registered, for the whole process."""
    known = pdfmetrics.getRegisteredFontNames()
    for name in {PLAIN, BOLD} - set(known):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))


class _Paper:
    """One page, written from top to bottom. Sizes in points."""

    def __init__(self, title: str, author: str) -> None:
        _fonts()
        self._out = BytesIO()
        # The same order gives the same bytes.
        self._canvas = Canvas(self._out, pagesize=A4, invariant=1, lang=language())
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._y = TOP

    def heading(self, text: str, shop: str) -> None:
        self._write(BOLD, 24, LEFT, text)
        self._canvas.setFont(BOLD, 12)
        self._canvas.drawRightString(RIGHT, self._y, shop)
        self._y -= 40

    def rows(self, rows: Rows) -> None:
        for label, value in rows:
            self._write(PLAIN, 10, LEFT, label, GREY)
            for line in simpleSplit(value, PLAIN, 10, RIGHT - VALUES):
                self._write(PLAIN, 10, VALUES, line)
                self._y -= 16
            self._y -= 4
        self._y -= 14 if rows else 0

    def total(self, label: str, value: str) -> None:
        self._canvas.setStrokeColor(GREY)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(LEFT, self._y + 12, RIGHT, self._y + 12)
        self._y -= 10
        self._write(BOLD, 13, LEFT, label)
        self._write(BOLD, 13, VALUES, value)
        self._y -= 40

    def note(self, text: str) -> None:
        for line in simpleSplit(text, PLAIN, 9, RIGHT - LEFT):
            self._write(PLAIN, 9, LEFT, line, GREY)
            self._y -= 14

    def finish(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()

    def _write(self, font: str, size: float, x: float, text: str, color: Color = BLACK) -> None:
        self._canvas.setFillColor(color)
        self._canvas.setFont(font, size)
        self._canvas.drawString(x, self._y, text)
