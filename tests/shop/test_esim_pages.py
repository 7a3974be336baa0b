"""My eSIMs, the one in use, and installing, as the phone in the hand needs it."""

import re

import pytest

from tests.shop.conftest import Person, text
from tests.shop.factories import after, make_customer, make_esim, make_order, make_top_up
from webapp.models import Assignment, Customer, Esim, Notification, UsagePoint
from webapp.orders import limits

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
OLD_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15"
GALAXY = "Telegram-Android/11.0 (Samsung SM-S911B; Android 14; SDK 34; HIGH)"
HUAWEI = "Telegram-Android/11.0 (HUAWEI ELS-NX9; Android 10; SDK 29; HIGH)"
COMPUTER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"

APPLE, GOOGLE = "esimsetup.apple.com", "esimsetup.android.com"
GB = 1_000_000_000


def install_sheet(owner: Person, phone: str) -> str:
    return text(owner.get(f"/esims/{make_esim(make_order('ready')).reference}", **{"User-Agent": phone}))


def opened(html: str) -> list[str]:
    """Summaries of what is unfolded."""
    return re.findall(r"<details[^>]* open>\s*<summary>([^<]*)<", html)


@pytest.mark.parametrize(
    ("phone", "links", "unfolded", "guide"),
    [
        (IPHONE, {APPLE}, [], "Use QR Code"),
        (OLD_IPHONE, set(), ["Enter it by hand"], "Use QR Code"),
        (GALAXY, {GOOGLE}, [], "SIM manager"),
        (HUAWEI, set(), ["Enter it by hand"], "SIM management"),
        (COMPUTER, {APPLE, GOOGLE}, ["Scan the QR code with your phone"], "Add mobile plan"),
    ],
)
def test_the_way_that_fits_this_phone_comes_first(
    shelves: None, owner: Person, phone: str, links: set[str], unfolded: list[str], guide: str
) -> None:
    html = install_sheet(owner, phone)
    assert {host for host in (APPLE, GOOGLE) if host in html} == links
    assert opened(html) == unfolded
    assert guide in html


def test_every_way_holds_the_code_of_this_esim(shelves: None, owner: Person) -> None:
    html = install_sheet(owner, COMPUTER)
    esim = Esim.get()
    for value in (esim.smdp_host, esim.matching_id, esim.activation_code):
        assert f'value="{value}"' in html
    copied = set(re.findall(r'data-copy-from="([^"]+)"', html))
    assert len(copied) == 3
    assert copied <= set(re.findall(r'<input class="field code" id="([^"]+)"', html))


def in_use(left_gb: float, days: int = 3, **values: object) -> Esim:
    """Installed and used evenly."""
    esim = make_esim(make_order("active"))
    Esim.update(profile_status="installed", installed_at=after(-86_400 * days)).execute()
    row = {"state": "active", "starts_at": after(-86_400 * days), "ends_at": after(86_400 * (30 - days))}
    Assignment.update(**row | {"remaining_bytes": round(left_gb * GB)} | values).execute()
    plan = Assignment.get()
    for part in range(days * 12 + 1):
        left = 3 * GB - round((3 - left_gb) * GB) * part // (days * 12)
        at = after(-86_400 * days + 7200 * part)
        UsagePoint.create(assignment=plan, at=at, remaining_bytes=left)
    return esim


def test_the_forecast_comes_with_what_it_rests_on(shelves: None, owner: Person) -> None:
    in_use(0.9)
    html = text(owner.get("/esims/current"))
    assert "At this pace it lasts until" in html
    assert "You have used 2.1 GB in 3 days." in html
    assert "before the plan ends." in html


def test_enough_is_said_as_well(shelves: None, owner: Person) -> None:
    in_use(2.9)
    assert "At this pace it lasts until the plan ends" in text(owner.get("/esims/current"))


def test_the_chart_can_be_read_by_whoever_does_not_see_it(shelves: None, owner: Person) -> None:
    in_use(0.9)
    html = text(owner.get("/esims/current"))
    drawn, told = html.count("<rect"), len(re.findall(r"<div><dt>\d+ \w+</dt><dd>[\d.]+ [GM]B", html))
    assert drawn == told >= 3
    assert "style=" not in html


def test_an_end_that_is_near_is_told_in_hours(shelves: None, owner: Person) -> None:
    in_use(0.9, ends_at=after(5 * 3600 + 60))
    assert "5 hours left" in text(owner.get("/esims"))


def test_what_has_ended_is_folded_away_and_not_asked_about(shelves: None, owner: Person) -> None:
    esim = in_use(0.4, state="expired", ends_at=after(-60))
    html = text(owner.get("/esims"))
    assert "No eSIM at the moment" in html
    assert f'data-esim="{esim.reference}"' in html.split("1 past eSIM")[1]
    page = text(owner.get(f"/esims/{esim.reference}"))
    assert "hx-trigger" not in page
    assert "Install" not in page


def test_a_plan_that_waits_behind_one_that_has_ended_keeps_its_esim_in_sight(
    shelves: None, owner: Person
) -> None:
    esim = in_use(0.4, state="expired", ends_at=after(-60))
    make_top_up("ready", esim)
    assert "past eSIM" not in text(owner.get("/esims"))


def test_the_receipt_is_asked_for_beside_the_purchase(shelves: None, owner: Person) -> None:
    make_customer(may_write=True)
    order = make_order("ready")
    assert f"/orders/{order.reference}/receipt" in text(owner.get("/esims"))
    html = text(owner.post(f"/orders/{order.reference}/receipt"))
    assert "It comes into the chat in a moment." in html
    assert Notification.get(Notification.order == order).kind == "receipt"
    assert Notification.get().customer == Customer.get()


def test_nothing_is_confirmed_that_was_never_paid(shelves: None, owner: Person) -> None:
    order = make_order()
    assert owner.post(f"/orders/{order.reference}/receipt").status_code == 400
    assert "/receipt" not in text(owner.get("/esims"))
    assert Notification.select().count() == 0


def test_who_is_held_sees_why_and_no_button_to_pay(shelves: None, owner: Person) -> None:
    order = make_order()
    assert 'id="orders-pay"' in text(owner.get(f"/orders/{order.reference}"))
    limits.hold(order.customer, "burst")
    html = text(owner.get(f"/orders/{order.reference}"))
    assert "A person is looking into your account" in html
    assert 'id="orders-pay"' not in html
