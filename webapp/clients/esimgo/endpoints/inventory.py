"""Bundles between inventory, eSIM and balance. Everything here but asking is sent once, as purchases are."""

from functools import partial

from webapp.clients.esimgo import envelopes
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.errors import Refused
from webapp.clients.esimgo.payloads import (
    Applied,
    RefundedStock,
    RefundTo,
    RevokeCheck,
    Revoked,
    StockedBundle,
)
from webapp.clients.esimgo.verdicts import Purpose

BUNDLE = "/esims/{iccid}/bundles/{name}"
ASSIGNMENT = f"{BUNDLE}/assignments/{{assignment}}"


class InventoryCalls:
    _caller: Caller

    def inventory(self) -> list[StockedBundle]:
        """Bundles that were bought and are on no eSIM yet (GET /inventory)."""
        read = partial(envelopes.listed, StockedBundle, ("bundles", "inventory"))
        return self._caller.get(Call("GET", "/inventory"), read)

    def apply_bundle(self, name: str, iccid: str | None = None) -> Applied:
        """Take a bundle from inventory onto an eSIM, a new one by default (POST /esims/apply).

        Sent once. Errors as in `create_order`; AccessDenied also when the inventory has none left.
        """
        body = {"name": name, "allowReassign": False} | ({"iccid": iccid} if iccid else {})
        call = Call("POST", "/esims/apply", {}, Purpose.PURCHASE, "orders", body=body)
        return self._caller.buy(call, partial(envelopes.single, Applied))

    def refund_inventory(self, usage_id: int, quantity: int = 1) -> RefundedStock:
        """Give bundles in inventory back for their price (POST /inventory/refund, off by default there).

        `usage_id` is of `inventory`. Sent once. Errors as in `create_order`.
        """
        body = {"usageId": usage_id, "quantity": quantity}
        call = Call("POST", "/inventory/refund", {}, Purpose.PURCHASE, "orders", body=body)
        return self._caller.buy(call, partial(envelopes.single, RefundedStock))

    def may_revoke(
        self, iccid: str, bundle: str, assignment: str | None = None, *, refund_to: RefundTo = "balance"
    ) -> RevokeCheck:
        """What revoking would do (DELETE /esims/{iccid}/bundles/{name}, type validate). It changes nothing.

        Without `assignment` it is about the oldest unused one. Errors: Refused, NotThere.
        """
        call = _revoke_call("validate", (iccid, bundle, assignment), refund_to, Purpose.READ)
        return self._caller.once(call, partial(envelopes.single, RevokeCheck))

    def revoke(
        self, iccid: str, bundle: str, assignment: str | None = None, *, refund_to: RefundTo = "balance"
    ) -> Revoked:
        """Take an unused bundle off an eSIM for its value, to the balance or to inventory.

        `may_revoke` comes first, and only its plain promise of the refund is followed by the call that acts.
        That is sent once: where refunds are not enabled, as is the default, eSIM Go would destroy the bundle
        instead.
        With Unclear it may be revoked: look at `bundle_status`. With any other error surely nothing was.
        """
        target = (iccid, bundle, assignment)
        check = self.may_revoke(*target, refund_to=refund_to)
        if not check.promises(refund_to):
            raise Refused(200, f"no refund to {refund_to} was promised: {check.said}")
        call = _revoke_call("transaction", target, refund_to, Purpose.PURCHASE)
        return self._caller.buy(call, partial(envelopes.single, Revoked))


def _revoke_call(
    kind: str, target: tuple[str, str, str | None], refund_to: RefundTo, purpose: Purpose
) -> Call:
    """`type` is always said, for its default is transaction."""
    iccid, bundle, assignment = target
    values = {"iccid": iccid, "name": bundle}
    params = (("type", kind), ("refundToBalance", str(refund_to == "balance").lower()))
    if assignment is None:
        return Call("DELETE", BUNDLE, values, purpose, "orders", params)
    return Call("DELETE", ASSIGNMENT, values | {"assignment": assignment}, purpose, "orders", params)
