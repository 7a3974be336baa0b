"""Whose an eSIM is, as eSIM Go has it: the reference of the order that brought it is written on each
(webapp/esims/following.py). That outlives our database.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import Gone, NotThere, Refused
from webapp.clients.esimgo.payloads import ProviderOrder
from webapp.models import is_reference

Labels = Mapping[str, str]
"""By ICCID; empty where nothing was written yet."""

ASSIGNED_BEFORE = timedelta(hours=1)


def read(client: ESIMGoClient, placed: Sequence[ProviderOrder]) -> Labels:
    """What is written on the eSIMs of these orders. A page tells a hundred; what none tells of is asked for
    by itself, and all are where the filter is refused or counts for nothing. Raises EsimGoError.
    """
    wanted = {iccid for order in placed for iccid in order.iccids}
    moments = [order.created_at for order in placed if order.created_at is not None]
    told: dict[str, str] = {}
    if wanted and moments:
        since = (min(moments) - ASSIGNED_BEFORE).isoformat(timespec="milliseconds")
        filter_for = f"gte:{since.replace('+00:00', 'Z')}"
        pages = client.esim_pages(filter_by="assignedDate", filter_for=filter_for)
        with suppress(Refused):
            for page in islice(pages, len(wanted)):
                told |= {row.iccid: row.customer_ref for row in page.esims if row.iccid in wanted}
                if wanted <= told.keys():
                    break
    for iccid in sorted(wanted - told.keys()):
        with suppress(Gone, NotThere):
            told[iccid] = client.esim(iccid).customer_ref
    return told


def of(placed: ProviderOrder, labels: Labels) -> str:
    """What is written on what this order has brought; empty when nothing is."""
    return next(filter(None, (labels.get(iccid, "") for iccid in placed.iccids)), "")


def strange(placed: ProviderOrder, labels: Labels, known: set[str]) -> bool:
    """Is it written on as only we do, and no eSIM of ours (`known`: their ICCIDs)?"""
    return any(is_reference(labels.get(iccid, "")) and iccid not in known for iccid in placed.iccids)
