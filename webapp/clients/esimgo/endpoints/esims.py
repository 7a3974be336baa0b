"""What can be asked about an eSIM, and the little that can be done to one."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from webapp.clients.esimgo import envelopes
from webapp.clients.esimgo.calls import Call, Caller
from webapp.clients.esimgo.payloads import (
    Compatibility,
    EsimBundle,
    EsimDetails,
    EsimPage,
    HistoryEntry,
    Location,
    Suspension,
)
from webapp.clients.esimgo.verdicts import Purpose

from .paging import pages

PAGE_SIZES = (10, 25, 50, 100)
FilterBy = Literal["iccid", "customerRef", "lastAction", "actionDate", "assignedDate"]
ESIM = "/esims/{iccid}"


class EsimCalls:
    _caller: Caller

    def esims(
        self,
        page: int = 1,
        per_page: int = 100,
        *,
        filter_by: FilterBy | None = None,
        filter_for: str = "",
        order_by: Literal["iccid"] | None = None,
        direction: Literal["asc", "desc"] = "asc",
    ) -> EsimPage:
        """One page of the organisation's eSIMs (GET /esims), the first is 1.

        `filter_for` may begin with eq:, lt:, lte:, gt: or gte: where the column holds times.
        Errors: ValueError for a size of page that the endpoint does not know.
        """
        if per_page not in PAGE_SIZES:
            raise ValueError(f"a page holds one of {PAGE_SIZES} eSIMs")
        params = [("page", str(page)), ("perPage", str(per_page))]
        if filter_by is not None:
            params += [("filterBy", filter_by), ("filter", filter_for)]
        if order_by is not None:
            params += [("orderBy", order_by), ("direction", direction)]
        return self._caller.get(Call("GET", "/esims", params=tuple(params)), envelopes.esim_page)

    def esim_pages(
        self, per_page: int = 100, *, filter_by: FilterBy | None = None, filter_for: str = ""
    ) -> Iterator[EsimPage]:
        """Every page, in the order of their ICCIDs, so that none moves while they are read."""
        return pages(
            lambda number: self.esims(
                number, per_page, filter_by=filter_by, filter_for=filter_for, order_by="iccid"
            )
        )

    def esim(self, iccid: str) -> EsimDetails:
        """GET /esims/{iccid}. Errors: NotThere."""
        params = (("additionalFields", "installUrl"),)
        call = Call("GET", ESIM, {"iccid": iccid}, Purpose.LOOKUP, params=params)
        return self._caller.get(call, partial(envelopes.single, EsimDetails, wrappers=("esims",)))

    def esim_bundles(self, iccid: str, include_used: bool = True) -> list[EsimBundle]:
        """What is on an eSIM, the latest 200 (GET /esims/{iccid}/bundles). Errors: NotThere."""
        params = (("includeUsed", str(include_used).lower()), ("limit", "200"))
        call = Call("GET", f"{ESIM}/bundles", {"iccid": iccid}, Purpose.LOOKUP, params=params)
        return list(self._caller.get(call, envelopes.esim_bundles))

    def bundle_status(self, iccid: str, bundle: str) -> EsimBundle:
        """One bundle on an eSIM (GET /esims/{iccid}/bundles/{name}), its latest assignment if it has several.

        Errors: NotThere.
        """
        values = {"iccid": iccid, "name": bundle}
        call = Call("GET", f"{ESIM}/bundles/{{name}}", values, Purpose.LOOKUP)
        return self._caller.get(call, partial(envelopes.esim_bundle, bundle))

    def compatible(self, iccid: str, bundle: str) -> bool:
        """May this bundle be put on this eSIM (GET /esims/{iccid}/compatible/{bundle})? Errors: NotThere."""
        values = {"iccid": iccid, "bundle": bundle}
        call = Call("GET", f"{ESIM}/compatible/{{bundle}}", values, Purpose.LOOKUP)
        return self._caller.get(call, partial(envelopes.single, Compatibility)).compatible

    def history(self, iccid: str) -> list[HistoryEntry]:
        """What happened to an eSIM (GET /esims/{iccid}/history), as it is told. Errors: NotThere."""
        call = Call("GET", f"{ESIM}/history", {"iccid": iccid}, Purpose.LOOKUP)
        read = partial(envelopes.listed, HistoryEntry, ("history", "actions"), alone=("date",))
        return self._caller.get(call, read)

    def location(self, iccid: str) -> Location:
        """The network it was seen on last (GET /esims/{iccid}/location). Errors: NotThere, also if never."""
        call = Call("GET", f"{ESIM}/location", {"iccid": iccid}, Purpose.LOOKUP)
        return self._caller.get(call, partial(envelopes.single, Location, wrappers=("location",)))

    def refresh(self, iccid: str) -> None:
        """Disconnect an eSIM so that it registers anew (GET /esims/{iccid}/refresh): for troubleshooting.

        A GET that does something, so it is sent once: after Unavailable it may have been done.
        Errors: NotThere.
        """
        call = Call("GET", f"{ESIM}/refresh", {"iccid": iccid}, Purpose.LOOKUP)
        self._caller.once(call, envelopes.unread)

    def suspend(self, iccid: str, suspend: bool = True) -> None:
        """Suspend an eSIM, or lift that (POST /esims/{iccid}/suspend). Twice is as good as once.

        After Unavailable it may have been done: ask `suspended`. Errors: NotThere; Refused, for example
        when eSIM Go itself has suspended it, which cannot be lifted from here.
        """
        call = Call("POST", f"{ESIM}/suspend", {"iccid": iccid}, body={"suspend": suspend})
        self._caller.once(call, envelopes.unread)

    def suspended(self, iccid: str) -> bool:
        """GET /esims/{iccid}/suspend, which is in a guide of v2.5 and not in its schema. Errors: NotThere."""
        call = Call("GET", f"{ESIM}/suspend", {"iccid": iccid}, Purpose.LOOKUP)
        return self._caller.get(call, partial(envelopes.single, Suspension)).suspended

    def set_customer_reference(self, iccid: str, reference: str) -> None:
        """Write our reference on an eSIM (PUT /esims); writing it again changes nothing. Errors: NotThere."""
        body = {"iccid": iccid, "customerRef": reference}
        self._caller.once(Call("PUT", "/esims", {}, Purpose.LOOKUP, body=body), envelopes.unread)
