"""Money is an integer of thousandths of the currency unit beside a currency code; never a float."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

from babel.numbers import format_currency

THOUSAND = Decimal(1000)
NANO = 10**9
"""Nanostars in a Star: affiliates get parts of one."""


def retail(wholesale: int, markup_percent: Decimal) -> int:
    """Wholesale plus markup, rounded up to whole hundredths; thousandths in, thousandths out."""
    return rounded_up(Decimal(wholesale) * (1 + markup_percent / 100))


def rounded_up(price: Decimal | int) -> int:
    """To whole hundredths; thousandths in, thousandths out."""
    return int((Decimal(price) / 10).to_integral_value(ROUND_CEILING)) * 10


def thousandths(text: str) -> int:
    """ "9.99" currency units are 9990. Errors: ValueError for what is no amount from 0 to a million."""
    try:
        amount = Decimal(text.strip()) * THOUSAND
    except InvalidOperation:
        amount = Decimal("nan")
    if amount.is_nan() or not 0 <= amount <= 10**9 or amount != int(amount):
        raise ValueError(f"{text} is no amount of money such as 9.99")
    return int(amount)


def stars(price: int, star_value: Decimal) -> int:
    """Telegram Stars that bring in at least `price` (thousandths) when one Star brings `star_value` units."""
    return int((Decimal(price) / THOUSAND / star_value).to_integral_value(ROUND_CEILING))


def money_text(price: int, currency: str, language: str) -> str:
    return str(format_currency(Decimal(price) / THOUSAND, currency, locale=language))


def plain_number(number: Decimal) -> str:
    """40 and 40.00 are "40", 12.50 is "12.5"."""
    return f"{number.normalize():f}"


def plain(price: int) -> str:
    """For tables that machines read: 5880 thousandths are "5.88"."""
    return str(in_units(price))


def in_units(price: int) -> Decimal:
    """5880 thousandths are 5.88, with two places."""
    return (Decimal(price) / THOUSAND).quantize(Decimal("0.01"))
