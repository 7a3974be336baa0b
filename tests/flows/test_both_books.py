"""An order made in eSIM Go's portal, beside a shop of real processes: told, counted, settled by the owner."""

from pathlib import Path

import pytest

from tests.stack import Stack, running, until

pytestmark = pytest.mark.flow

OWNER = 5005
BUNDLE = "esim_10GB_30D_TR_V2"


def audit(shop: Stack) -> tuple[int, str]:
    return shop.run("flask --app wsgi audit")


def test_an_order_made_in_the_portal_is_told_counted_and_settled(tmp_path: Path) -> None:
    with running(tmp_path, ADMIN_TELEGRAM_IDS=str(OWNER), ALERT_CHAT_ID=str(OWNER)) as shop:
        owner, john = shop.customer(OWNER), shop.customer(2002)
        john.reaches(john.buy(), "ready")
        code, said = audit(shop)
        assert (code, "It adds up." in said) == (0, True), said
        theirs = shop.esimgo("POST", "orders", {"item": BUNDLE})
        shop.advance(3601)  # an hour later it is looked at without anybody's asking
        until(lambda: any(theirs["orderReference"] in told for told in owner.texts()), 60, "the alert")
        code, said = audit(shop)
        assert (code, "It adds up." in said) == (1, False), said
        assert (
            f"{theirs['orderReference']}: the shop has not made it: 1 × {BUNDLE} for {theirs['total']:.2f}"
            in said
        )
        page = owner.press("/admin/books", do="spent", order=theirs["orderReference"]).text
        assert theirs["orderReference"] not in page
        code, said = audit(shop)
        assert (code, "It adds up." in said) == (0, True), said
        assert f"settled {theirs['total']:.2f}" in said
        shop.kill()
        shop.advance(60)
        code, said = audit(shop)
        assert (code, "no jobs process leads" in said) == (2, True), said
