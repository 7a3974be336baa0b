"""The organisation that the key belongs to."""

from functools import partial

from webapp.clients.esimgo import envelopes
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.payloads import Group, Organisation


class AccountCalls:
    _caller: Caller

    def organisation(self) -> Organisation:
        """Name, balance and callback address (GET /organisation)."""
        read = partial(envelopes.single, Organisation, wrappers=("organisations", "organisation"))
        return self._caller.get(Call("GET", "/organisation"), read)

    def organisation_groups(self) -> list[Group]:
        """The groups of bundles that this organisation may sell (GET /organisation/groups)."""
        read = partial(envelopes.listed, Group, ("groups",))
        return self._caller.get(Call("GET", "/organisation/groups"), read)
