"""Money is integer thousandths inside and a JSON number or text outside."""

from decimal import Decimal, InvalidOperation


def thousandths(text: str) -> int:
    """ "1000.00" → 1000000. ValueError when it is not an amount with at most three decimals."""
    try:
        amount = Decimal(text) * 1000
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount of money") from error
    if not amount.is_finite() or amount != int(amount) or amount < 0:
        raise ValueError(f"{text!r} is not an amount of money")
    return int(amount)


def number(amount_m: int) -> int | float:
    """2150 → 2.15, 245000 → 245; exact, because three decimals survive a double."""
    return amount_m // 1000 if amount_m % 1000 == 0 else amount_m / 1000


def text(amount_m: int) -> str:
    """497850 → "497.85"; the third decimal only when there is one."""
    units = f"{amount_m / 1000:.3f}"
    return units.removesuffix("0")
