"""Answers of eSIM Go in the shapes of API v2.5. Every name, number and price is invented."""

import json
from typing import Any

Json = dict[str, Any]

ICCID = "8944501000000181227"
MATCHING_ID = "X1AAA-TEST1-BBBBB-00001"
REFERENCE = "5a3e1e00-0001-4b00-8c00-000000000001"
BUNDLE = "esim_1GB_7D_GB_V2"

ESIM: Json = {"iccid": ICCID, "matchingId": MATCHING_ID, "smdpAddress": "rsp.example.com"}

UK: Json = {
    "name": BUNDLE,
    "description": "eSIM, 1GB, 7 Days, United Kingdom, V2",
    "groups": ["Standard Fixed"],
    "countries": [{"name": "United Kingdom", "region": "Europe", "iso": "GB"}],
    "dataAmount": 1000,
    "duration": 7,
    "speed": ["4G", "5G"],
    "autostart": True,
    "unlimited": False,
    "roamingEnabled": [{"name": "Isle of Man", "region": "Europe", "iso": "IM"}],
    "imageUrl": "https://images.example.com/gb.jpg",
    "price": 2.15,
    "billingType": "FixedCost",
    "allowances": [
        {"type": "DATA", "service": "STANDARD", "amount": 1000, "unit": "MB", "unlimited": False},
    ],
}
EUROPE: Json = UK | {
    "name": "esim_ULE_7D_REUL_V2",
    "countries": [{"name": "Europe Lite", "region": "Europe Lite", "iso": "Europe Lite"}],
    "roamingEnabled": [
        {"name": "France", "region": "Europe", "iso": "FR"},
        {"name": "United Kingdom", "region": "Europe", "iso": "GB"},
    ],
    "dataAmount": -1,
    "unlimited": True,
    "price": 18.305,
    "allowances": [{"type": "DATA", "amount": -1, "unit": "MB", "unlimited": True}],
}
CATALOGUE: Json = {"bundles": [UK, EUROPE], "pageCount": 1, "rows": 2, "pageSize": 500}

ORDER: Json = {
    "order": [
        {
            "esims": [ESIM],
            "type": "bundle",
            "item": BUNDLE,
            "iccids": [ICCID],
            "quantity": 1,
            "subTotal": 2.15,
            "pricePerUnit": 2.15,
            "AllowReassign": False,
        }
    ],
    "total": 2.15,
    "currency": "USD",
    "status": "completed",
    "statusMessage": "Order completed: 1 eSIMs assigned",
    "orderReference": REFERENCE,
    "createdDate": "2026-10-05T09:12:43.785826016Z",
    "assigned": True,
    "sourceIP": "203.0.113.10",
    "runningBalance": "497.85",
}
UNFINISHED: Json = ORDER | {
    "order": [{"type": "bundle", "item": BUNDLE, "quantity": 1, "subTotal": 2.15, "esims": None}],
    "status": "processing",
}
IN_INVENTORY: Json = UNFINISHED | {"status": "completed", "assigned": False}

QUOTE: Json = {
    "order": [{"type": "bundle", "item": BUNDLE, "quantity": 1, "subTotal": 2.15}],
    "total": 2.15,
    "valid": True,
    "currency": "USD",
    "createdDate": "2026-10-05T09:12:26.153875019Z",
    "assigned": True,
}
DETAILS: Json = ESIM | {
    "msisdn": "",
    "pin": "4711",
    "puk": "12345678",
    "profileStatus": "Installed",
    "firstInstalledDateTime": 1791191577280,
    "customerRef": "ORDER-1001",
    "profileName": "Profile 4",
    "state": "active",
}
ON_ESIM: Json = {
    "bundles": [
        {
            "name": BUNDLE,
            "description": "eSIM, 1GB, 7 Days, United Kingdom, V2",
            "assignments": [
                {
                    "id": "300000001",
                    "assignmentReference": f"{REFERENCE}-0",
                    "initialQuantity": 1000000000,
                    "remainingQuantity": 750000000,
                    "assignmentDateTime": "2026-10-05T09:12:44Z",
                    "startTime": "2026-10-07T08:00:00Z",
                    "endTime": "2026-10-14T08:00:00Z",
                    "bundleState": "active",
                    "unlimited": False,
                }
            ],
        }
    ]
}
ORGANISATION: Json = {
    "name": "Example Travel",
    "apiKey": "not-to-be-kept",
    "callbackUrl": "https://shop.example.com/callbacks",
    "groups": ["Standard Fixed"],
    "users": [{"firstName": "Example", "emailAddress": "owner@example.com"}],
    "currency": "USD",
    "balance": 483.65,
    "testCredit": 0,
}
APPLIED: Json = {
    "esims": [{"iccid": ICCID, "status": "ACTIVE", "bundle": BUNDLE}],
    "applyReference": "5a3e1e00-0050-4b00-8c00-000000000050",
}
ESIMS: Json = {
    "esims": [
        {
            "iccid": ICCID,
            "customerRef": "ORDER-1001",
            "lastAction": "Bundle Applied",
            "actionDate": "2026-10-05T09:12:44Z",
            "physical": False,
            "assignedDate": "2026-10-05T09:12:44Z",
            "state": "active",
        }
    ],
    "pageCount": 1,
    "pageSize": 100,
    "rows": 1,
}
BUNDLE_STATUS: Json = {"assignments": ON_ESIM["bundles"][0]["assignments"]}
HISTORY = [
    {"name": "Bundle Applied", "bundleName": BUNDLE, "date": "2026-10-05T09:12:44Z"},
    {"name": "eSIM First Attachment", "bundleName": "", "date": "2026-10-07T07:58:11Z"},
]
LOCATION: Json = {
    "mobileNetworkCode": "GBRXX",
    "networkName": "Example Mobile",
    "networkBrandName": "Example Mobile UK",
    "country": "GB",
    "lastSeen": "2026-10-07T08:25:07Z",
}
INVENTORY: Json = {
    "bundles": [
        {
            "name": BUNDLE,
            "desc": "eSIM, 1GB, 7 Days, United Kingdom, V2",
            "useDms": False,
            "available": [{"id": 4200001, "total": 2, "remaining": 1, "expiry": "2027-10-06"}],
            "countries": ["GB"],
            "data": 1000,
            "duration": 7,
            "durationUnit": "day",
            "autostart": True,
            "unlimited": False,
            "speed": None,
        }
    ]
}
GROUPS: Json = {"groups": [{"name": "Standard Fixed", "desc": "By the gigabyte"}, {"name": "Standard Long"}]}
NETWORKS: Json = {
    "countryNetworks": [
        {
            "name": "GB",
            "networks": [
                {
                    "name": "Example Mobile",
                    "brandName": "Example Mobile UK",
                    "mcc": "234",
                    "mnc": "09",
                    "tagid": "GBRXX",
                    "speed": ["4G", "5G"],
                }
            ],
        }
    ]
}
MAY_REVOKE: Json = {"status": "Bundle can be refunded to balance"}
REVOKED: Json = {"status": "Successfully Revoked Bundle, bundle has been refunded to balance"}
REFUNDED: Json = {"status": "Successfully refunded bundles to balance"}

CSV = (
    '"ICCID","Matching ID","RSP URL","Bundle","Reference"\n'
    f'"{ICCID}","{MATCHING_ID}","rsp.example.com","{BUNDLE}","{REFERENCE}-0"\n'
)


def as_bytes(answer: object) -> bytes:
    return json.dumps(answer).encode()
