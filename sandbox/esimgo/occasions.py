"""Any callback by hand: `POST /_sandbox/callbacks {"kind": ..., ...}`.

Beside `kind` every wish may have:

- `"signature"`: base64, hex, none (version 2) or forged, for this one only;
- `"copies"`: so many identical deliveries;
- `"key"`: another name for the key that tells the kind, such as "type"; `"name"`: another text there.

By kind: `iccid` (else the newest eSIM), `bundle` (a name; else the newest assignment), `percent` used (only
told, nothing is used up), `iso`, `balance`, `amount`, `reason`, `status`, `order` (a reference, else the one
that made the eSIM), `body` (kind raw: sent as it is).
"""

from collections.abc import Callable
from typing import Any

from sandbox import clock
from sandbox.esimgo import callbacks, life
from sandbox.esimgo.callbacks import Body
from sandbox.esimgo.habits import SIGNATURES
from sandbox.esimgo.money import thousandths
from sandbox.esimgo.world import LOW_BALANCE_M, Assignment, Esim, World

Wish = dict[str, Any]

FIELDS = {
    *("kind", "signature", "copies", "key", "name", "iccid", "bundle", "percent"),
    *("iso", "balance", "amount", "reason", "status", "order", "body"),
}
MOST_COPIES = 1000


def send(world: World, wish: Wish) -> Body:
    """Send what is wished for; returns its body. ValueError says what is wrong with the wish."""
    if unknown := wish.keys() - FIELDS:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    kind, copies = wish.get("kind"), wish.get("copies", 1)
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    if not isinstance(copies, int) or not 1 <= copies <= MOST_COPIES:
        raise ValueError(f"copies is a number from 1 to {MOST_COPIES}")
    if not world.callbacks.url:
        raise ValueError("the sandbox was started without --callback-url")
    signature, body = _signature(world, wish), _renamed(KINDS[kind](world, wish), wish)
    for _ in range(copies):
        world.callbacks.send(body, signature)
    return body


def _signature(world: World, wish: Wish) -> str:
    signature = _text(wish, "signature", world.callbacks.signature)
    if signature not in (*SIGNATURES, "forged"):
        raise ValueError(f"signature is one of {', '.join(SIGNATURES)}, forged")
    return signature


def _renamed(body: Body, wish: Wish) -> Body:
    """The same under another key or another name, where the documentation leaves it open."""
    if wish["kind"] == "raw" or not wish.keys() & {"key", "name"}:
        return body
    old = next((key for key in ("alertType", "event") if key in body), "alertType")
    name = _text(wish, "name", str(body.get(old, wish["kind"])))
    return {_text(wish, "key", old): name, **{key: value for key, value in body.items() if key != old}}


def _first_attachment(world: World, wish: Wish) -> Body:
    return callbacks.first_attachment(_iccid(world, wish))


def _first_use(world: World, wish: Wish) -> Body:
    return callbacks.first_use(_iccid(world, wish), _bundle(world, wish, 0))


def _utilisation(world: World, wish: Wish) -> Body:
    percent = wish.get("percent", 50)
    if not isinstance(percent, int) or not 0 <= percent <= 100:
        raise ValueError("percent is a whole number from 0 to 100")
    return callbacks.utilisation(_iccid(world, wish), _bundle(world, wish, percent))


def _country_change(world: World, wish: Wish) -> Body:
    iso = _text(wish, "iso", "NO")
    return callbacks.country_change(_iccid(world, wish), iso, world.catalogue.country_name(iso))


def _balance(world: World, wish: Wish) -> Body:
    balance_m = _money_m(wish, "balance", world.balance_m)
    return callbacks.balance(wish["kind"], balance_m, LOW_BALANCE_M)


def _money_in(world: World, wish: Wish) -> Body:
    """Only told; `POST /_sandbox/balance` is what moves money."""
    amount_m = _money_m(wish, "amount", 50_000)
    return callbacks.money_in(wish["kind"], world.balance_m - amount_m, world.balance_m)


def _deletion(world: World, wish: Wish) -> Body:
    return callbacks.deletion(wish["kind"], _iccid(world, wish), clock.now())


def _msisdn(world: World, wish: Wish) -> Body:
    usual = "Bundle added" if wish["kind"] == "MSISDNEnabled" else "Bundle expired"
    return callbacks.msisdn(wish["kind"], _iccid(world, wish), _text(wish, "reason", usual))


def _sms_failed(world: World, wish: Wish) -> Body:
    return callbacks.sms_failed(_iccid(world, wish), clock.now())


def _profile_status(world: World, wish: Wish) -> Body:
    iccid = _iccid(world, wish)
    status = world.esims[iccid]["profileStatus"] if iccid in world.esims else "Installed"
    body = callbacks.profile_status(iccid, _text(wish, "status", status), clock.now())
    return {"alertType": "Profile Status Change", **body}


def _of_order(world: World, wish: Wish) -> Body:
    iccid = _iccid(world, wish) if world.esims or "iccid" in wish else None
    reference = _text(wish, "order", _order_of(world, iccid))
    order = world.orders.get(reference)
    status = _text(wish, "status", order["status"] if order else "completed")
    return callbacks.of_order(wish["kind"], reference, iccid, status, clock.now())


def _raw(world: World, wish: Wish) -> Body:
    if not isinstance(wish.get("body"), dict):
        raise ValueError("kind raw needs a body, which is a JSON object")
    return dict(wish["body"])


KINDS: dict[str, Callable[[World, Wish], Body]] = {
    "Utilisation": _utilisation,
    "FirstAttachment": _first_attachment,
    "FirstUse": _first_use,
    "CountryChange": _country_change,
    "Topup": _money_in,
    "AutoTopup": _money_in,
    "eSIMGoTopup": _money_in,
    "LowBalance": _balance,
    "InsufficientBalance": _balance,
    "esim.deletion_scheduled": _deletion,
    "esim.deleted": _deletion,
    "MSISDNEnabled": _msisdn,
    "MSISDNDisabled": _msisdn,
    "SMSFailed": _sms_failed,
    "ProfileStatusChange": _profile_status,
    "order.created": _of_order,
    "order.activated": _of_order,
    "order.failed": _of_order,
    "eSIM.ready": _of_order,
    "raw": _raw,
}


def _iccid(world: World, wish: Wish) -> str:
    """The one named, which may be anybody's, or the newest of ours."""
    if "iccid" in wish:
        return _text(wish, "iccid", "")
    if not world.esims:
        raise ValueError("there is no eSIM yet; name an iccid")
    return str(next(reversed(world.esims)))


def _bundle(world: World, wish: Wish, percent: int) -> Body:
    """The bundle as it is, or as it would be when that many percent were used."""
    assignment = _assignment(world.esim(_iccid(world, wish)), wish.get("bundle"))
    if "percent" in wish or wish["kind"] == "FirstUse":
        left = assignment["initial_b"] - assignment["initial_b"] * percent // 100
        assignment = assignment | {"remaining_b": left}
    if assignment["start"] is None:
        assignment = assignment | life.days_from_now(assignment)
    return callbacks.bundle(assignment, life.description(world, assignment), _signature(world, wish))


def _assignment(esim: Esim, name: object) -> Assignment:
    found = [one for one in esim["assignments"] if name in (None, one["name"])]
    if not found:
        raise ValueError(f"no bundle {name!r} on this eSIM")
    return dict(found[-1])


def _order_of(world: World, iccid: str | None) -> str:
    """The newest order that is about this eSIM, else the newest at all."""
    about = [ref for ref, order in world.orders.items() if iccid and iccid in _iccids(order)]
    references = about or list(world.orders)
    if not references:
        raise ValueError("there is no order yet; name one")
    return references[-1]


def _iccids(order: dict[str, Any]) -> list[str]:
    return [iccid for row in order["order"] for iccid in row.get("iccids", [])]


def _text(wish: Wish, field: str, usual: str) -> str:
    text = wish.get(field, usual)
    if not isinstance(text, str):
        raise ValueError(f"{field} is a text")
    return text


def _money_m(wish: Wish, field: str, usual_m: int) -> int:
    if field not in wish:
        return usual_m
    if not isinstance(wish[field], int | float) or isinstance(wish[field], bool):
        raise ValueError(f"{field} is a number")
    return thousandths(str(wish[field]))
