"""eSIM Go API v2.5: the product's five verbs, and one method for each endpoint in use (endpoints/).

Safe to share between threads. What can go wrong is in errors.py; money is integer thousandths, times are UTC.
"""

from pathlib import Path

from webapp.clients.http import Heard

from .budget import Budget
from .calls import Caller, OnReachable, Timeouts
from .endpoints.account import AccountCalls
from .endpoints.catalogue import CatalogueCalls
from .endpoints.esims import EsimCalls
from .endpoints.inventory import InventoryCalls
from .endpoints.orders import OrderCalls
from .errors import NotThere, TryLater, Unavailable
from .payloads import Activation, InstallData, Organisation
from .state import ClientState

LIVE = "https://api.esim-go.com/v2.5"


class ESIMGoClient(OrderCalls, CatalogueCalls, EsimCalls, InventoryCalls, AccountCalls):
    """The verbs `get_products`, `create_order` and `get_order_status` stand with their endpoints."""

    def __init__(
        self,
        api_key: str,
        base_url: str = LIVE,
        *,
        budget: Budget | None = None,
        timeouts: Timeouts | None = None,
        on_reachable: OnReachable | None = None,
        authorities: Path | None = None,
    ) -> None:
        """`on_reachable` is told after every exchange whether eSIM Go gave an answer that makes sense;
        `authorities`: whose certificates are believed (http.tls_context).

        Errors: ValueError for a key or address that can never work.
        """
        settings = (budget or Budget(), timeouts or Timeouts(), on_reachable, authorities)
        self._caller = Caller(api_key, base_url, *settings)

    def state(self) -> ClientState:
        """Budget, breakers and counts as they are now; asks nobody."""
        return self._caller.state()

    @property
    def heard(self) -> Heard | None:
        """What its last answer said of the time; None before there was one."""
        return self._caller.heard

    def authenticate(self) -> Organisation:
        """Who the key belongs to.

        Errors: AccessDenied, whose `may_be` and message say whether the key is wrong, this address is not on
        the organisation's whitelist (these two look the same from here, unless the answer names one), or
        the key is good but has no access.
        """
        return self.organisation()

    def activate_esim(self, order_id: str) -> Activation:
        """Install data of an order; a bundle that still lies in inventory is put on a new eSIM first.

        That last step costs stock: Unclear then means that it may have been applied. It is not repeatable.
        """
        order = self.get_order_status(order_id)
        if order.esims or not order.completed:
            return Activation(order, order.esims, None)
        if order.assigned is not False or order.iccids or not order.items:
            return Activation(order, self._installs(order_id), None)
        applied = self.apply_bundle(order.items[0].item)
        return Activation(order, self._installs(applied.reference), applied.reference)

    def _installs(self, reference: str) -> tuple[InstallData, ...]:
        """A failing look must not cost the caller the reference of a bundle that was just applied."""
        try:
            return tuple(self.assignments(reference))
        except (TryLater, Unavailable, NotThere):
            return ()
