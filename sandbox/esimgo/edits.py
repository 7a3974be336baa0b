"""How a test changes what is sold: `POST /_sandbox/catalogue`.

A wish is a JSON object; its parts are carried out in the order of STEPS, all or none:

- `"restore": true`, or names: back to the first day, or only these again at their first price;
- `"add": [{"name": new, "like": name, ...}]`: a copy of a bundle, other fields as GET /catalogue spells them;
- `"rename": {"from": name, "to": name, ...}`, or a list of such: the old name is no longer sold; what is sold
  by the new one may have other fields and another price, as in `add`. `renamed_bundle` is another name of it;
- `"price": {name: number}`: in currency units, at most three decimals;
- `"remove": [names]`;
- `"keep_only": n`: the first n bundles of the list.
"""

from collections.abc import Callable
from typing import Any

from sandbox.esimgo.money import thousandths
from sandbox.esimgo.offers import Bundle

Sold = dict[str, Bundle]


def edited(sold: Sold, first: Sold, ever: Sold, wish: dict[str, Any]) -> Sold:
    """What is sold after the wish; ValueError says what is wrong with it."""
    if unknown := wish.keys() - {"restore", *STEPS}:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    if not wish:
        raise ValueError(f"a wish has one of restore, {', '.join(STEPS)}")
    sold = _restore(dict(sold), first, wish.get("restore"))
    for name, step in STEPS.items():
        if name in wish:
            sold = step(sold, ever, wish[name])
    return sold


def _restore(sold: Sold, first: Sold, names: object) -> Sold:
    if names is None:
        return sold
    if names is True:
        return dict(first)
    return sold | {name: _sold(first, name) for name in _names(names)}


def _add(sold: Sold, ever: Sold, rows: object) -> Sold:
    for row in _rows(rows, "name", "like"):
        given = {key: value for key, value in row.items() if key != "like"}
        sold[row["name"]] = _changed(_sold(ever, row["like"]), given)
    return sold


def _rename(sold: Sold, ever: Sold, rows: object) -> Sold:
    """The new one stands where the old one stood."""
    for row in _rows([rows] if isinstance(rows, dict) else rows, "from", "to"):
        old, new = row["from"], row["to"]
        if new in sold:
            raise ValueError(f"{new} is sold already")
        given = {key: value for key, value in row.items() if key not in ("from", "to")}
        replacement = _changed(_sold(sold, old), given | {"name": new})
        sold = {
            new if name == old else name: replacement if name == old else bundle
            for name, bundle in sold.items()
        }
    return sold


def _price(sold: Sold, ever: Sold, prices: object) -> Sold:
    if not isinstance(prices, dict):
        raise ValueError("price is an object of names and numbers")
    return sold | {name: _sold(sold, name) | {"price_m": _price_m(price)} for name, price in prices.items()}


def _remove(sold: Sold, ever: Sold, names: object) -> Sold:
    for name in _names(names):
        del sold[_sold(sold, name)["name"]]
    return sold


def _keep_only(sold: Sold, ever: Sold, count: object) -> Sold:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError("keep_only is a whole number, 0 or more")
    return dict(list(sold.items())[:count])


STEPS: dict[str, Callable[[Sold, Sold, object], Sold]] = {
    "add": _add,
    "rename": _rename,
    "renamed_bundle": _rename,
    "price": _price,
    "remove": _remove,
    "keep_only": _keep_only,
}


def _sold(sold: Sold, name: object) -> Bundle:
    bundle = sold.get(name) if isinstance(name, str) else None
    if bundle is None:
        raise ValueError(f"there is no bundle {name!r}")
    return bundle


def _changed(bundle: Bundle, given: dict[str, Any]) -> Bundle:
    """The bundle with other fields, as GET /catalogue spells them, and perhaps another price. What is said of
    its data is said of its allowance too.
    """
    price = {"price_m": _price_m(given["price"])} if "price" in given else {}
    fields = {key: value for key, value in given.items() if key != "price"}
    if unknown := fields.keys() - bundle.keys():
        raise ValueError(f"a bundle has no field {sorted(unknown)[0]!r}")
    if "dataAmount" in fields:
        amount = {"amount": fields["dataAmount"]}
        fields = {"allowances": [one | amount for one in bundle["allowances"]]} | fields
    return bundle | fields | price


def _names(names: object) -> list[str]:
    if not isinstance(names, list):
        raise ValueError("a list of bundle names is needed")
    return names


def _rows(rows: object, *keys: str) -> list[dict[str, Any]]:
    """Objects in which these keys are texts."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"a list of objects with {' and '.join(keys)} is needed")
    if not all(isinstance(row.get(key), str) for row in rows for key in keys):
        raise ValueError(f"{' and '.join(keys)} must be texts")
    return rows


def _price_m(price: object) -> int:
    if not isinstance(price, int | float) or isinstance(price, bool):
        raise ValueError("a price is a number")
    return thousandths(str(price))
