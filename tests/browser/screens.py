"""Every screen of the shop, in every state that it can show: one list, on which all looks are taken.

A new screen is one line here. A personal one names a function that makes its rows for the customer it is
given, and returns its address; each screen has a customer of its own, so that none sees another's rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser import accounts, desk, travels
from tests.shop.factories import make_order
from webapp.models import Customer


@dataclass(frozen=True)
class Screen:
    """`marker`: what is to be seen when the screen is there. `status`: what the server has said of it.

    `outside`: not opened by Telegram, so nobody knows by whom.
    """

    name: str
    address: str | Callable[[Customer], str]
    marker: str
    status: int = 200
    outside: bool = False
    further: bool = False
    """One more stage of a screen that is looked at closely in another: it fits in each language, and axe
    looks at it once.
    """
    shopkeeper: bool = False
    """Opened by who runs the shop; its rows belong to customers."""


def returning(customer: Customer) -> str:
    for number, plan_id in enumerate(("tr-3gb-30d", "europe-lite-5gb-30d", "th-3gb-30d")):
        make_order("active", customer, plan_id=plan_id, esimgo_product_id=f"sold-{number}")
    return "/"


SCREENS = (
    Screen("shop", "/", "#shop-list .tiles"),
    Screen("shop-returning", returning, "#shop-recent a.tile"),
    Screen("search-found", "/?q=турция", "#shop-list .cells"),
    Screen("search-unsold", "/?q=pyongyang", "#shop-list .placeholder"),
    Screen("search-nothing", "/?q=qqqqqq", "#shop-list .placeholder"),
    Screen("countries", "/countries", "#shop-countries"),
    Screen("area", "/shop/tr", "#shop-area .segmented"),
    Screen("area-region", "/shop/europe-lite", "#shop-area h1"),
    Screen("plan", "/plans/tr-3gb-30d", "#checkout-plan"),
    Screen("plan-unlimited", "/plans/tr-unlimited-lite-7d", "#checkout-plan"),
    Screen("plan-region", "/plans/europe-lite-10gb-30d", "#checkout-plan"),
    Screen("plan-lookalike", "/plans/at-5gb-30d", "#checkout-plan .notice"),
    *(
        Screen(f"order-{name}", address, f"#orders-status {marker}", further=name not in travels.CLOSELY)
        for name, (address, marker) in travels.ORDERS.items()
    ),
    *(
        Screen(name, address, marker, further=name not in travels.CLOSELY)
        for name, (address, marker) in travels.ESIMS.items()
    ),
    *(
        Screen(f"guide-{name}", f"/help/{name}", ".guide .picture", further=name not in travels.CLOSELY)
        for name in travels.GUIDES
    ),
    Screen("components", "/components", "#page-components"),
    Screen("account", "/account", "#account-show", further=True),
    Screen("account-bought", accounts.with_purchases, "#account-papers"),
    Screen("account-code", accounts.awaiting_a_code, "#account-code", further=True),
    Screen("account-delete", "/account/delete", "#account-delete form"),
    Screen("account-delete-later", accounts.with_an_order_under_way, "#account-delete .notice", further=True),
    Screen(
        "unsubscribe", accounts.with_letters_to_stop, "#account-unsubscribe form", outside=True, further=True
    ),
    Screen("admin", desk.overview, "#admin-overview .chart", shopkeeper=True),
    Screen("admin-days", "/admin/sales", "#admin-sales .chart", shopkeeper=True, further=True),
    Screen(
        "admin-places", "/admin/sales?by=country&days=7", "#admin-sales .cells", shopkeeper=True, further=True
    ),
    Screen(
        "admin-plans", "/admin/sales?by=plan&days=90", "#admin-sales .cells", shopkeeper=True, further=True
    ),
    Screen("admin-orders", "/admin/orders", "#admin-orders .cells", shopkeeper=True, further=True),
    Screen(
        "admin-orders-none",
        "/admin/orders?q=qqqqqq",
        "#admin-orders .placeholder",
        shopkeeper=True,
        further=True,
    ),
    Screen("admin-order", desk.lost_order, "#admin-order form", shopkeeper=True),
    Screen("admin-order-failed", desk.failed_order, "#admin-order ol", shopkeeper=True, further=True),
    Screen("admin-stars", desk.stars, "#admin-stars form", shopkeeper=True),
    Screen("admin-prices", desk.prices, "#admin-rule", shopkeeper=True),
    Screen("admin-switches", desk.switched, "#admin-switches form", shopkeeper=True, further=True),
    Screen("admin-check", desk.checked, "#admin-check .cells", shopkeeper=True, further=True),
    Screen("admin-log", "/admin/log", "#admin-log .cells", shopkeeper=True, further=True),
    Screen("help", "/help", "#help-index"),
    Screen("help-phone", "/help/phone", "#help-topic"),
    Screen("help-install", "/help/install", "#help-topic", further=True),
    Screen("help-start", "/help/start", "#help-topic", further=True),
    Screen("help-no-signal", "/help/no-signal", "#help-topic", further=True),
    Screen("help-top-up", "/help/top-up", "#help-topic", further=True),
    Screen("help-refunds", "/help/refunds", "#help-topic", further=True),
    Screen("terms", "/terms", "#legal-terms"),
    Screen("privacy", "/privacy", "#legal-privacy", further=True),
    Screen("not-found", "/nowhere", "#page-error", status=404),
    Screen("unknown-person", "/account", "#page-error", status=401, outside=True),
    Screen("stale", "/components/errors/stale", "#page-error", status=401, further=True),
    Screen("too-fast", "/components/errors/429", "#page-error", status=429, further=True),
    Screen("broken", "/components/errors/500", "#page-error", status=500, further=True),
)
