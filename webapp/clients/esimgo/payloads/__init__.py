"""eSIM Go's answers as typed values. Source of all shapes: eSIM Go API v2.5 and what its live clients read.

Values are made by `Model.model_validate(<a row of their JSON>)` only, so money in the rows is in currency
units (2.15) and in the values in integer thousandths (2150). Times are aware UTC. Unknown states are kept,
in lower case. Activation data never shows in a repr.
"""

from .account import Group, Organisation, RefundedStock, Stock, StockedBundle
from .base import Allowance, Payload
from .catalogue import CatalogueBundle, CataloguePage, Country, CountryNetworks, Network
from .esims import (
    AssignmentState,
    Compatibility,
    EsimBundle,
    EsimDetails,
    EsimPage,
    EsimRow,
    HistoryEntry,
    Location,
    RefundTo,
    RevokeCheck,
    Revoked,
    Suspension,
)
from .orders import (
    Activation,
    Applied,
    AppliedEsim,
    InstallData,
    OrderItem,
    OrderQuote,
    OrderWindow,
    ProviderOrder,
)

__all__ = [
    "Activation",
    "Allowance",
    "Applied",
    "AppliedEsim",
    "AssignmentState",
    "CatalogueBundle",
    "CataloguePage",
    "Compatibility",
    "Country",
    "CountryNetworks",
    "EsimBundle",
    "EsimDetails",
    "EsimPage",
    "EsimRow",
    "Group",
    "HistoryEntry",
    "InstallData",
    "Location",
    "Network",
    "OrderItem",
    "OrderQuote",
    "OrderWindow",
    "Organisation",
    "Payload",
    "ProviderOrder",
    "RefundTo",
    "RefundedStock",
    "RevokeCheck",
    "Revoked",
    "Stock",
    "StockedBundle",
    "Suspension",
]
