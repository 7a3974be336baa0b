"""Who buys, made known by Telegram's signed initData or by a message to the bot, and may it write to them?"""

from datetime import datetime

from webapp.base import clock
from webapp.base.i18n import supported
from webapp.models import Customer, NameKey, Notification, db
from webapp.models.db import transaction

NOWHERE = -1
"""The id of no row."""


def recognise(
    telegram_user_id: int,
    first_name: str,
    language_code: str | None,
    default: str,
    *,
    username: str = "",
    writable_at: datetime | None = None,
) -> Customer:
    """The customer behind a Telegram user, made on first sight; follows Telegram's language until one is
    chosen. `username` is not kept, only what finds it again (NameKey). `writable_at`: when Telegram has
    vouched that the bot may write to them (the `auth_date` of initData with `allows_write_to_pm`); initData
    is shown again for hours, and a later block outweighs it.
    """
    code = supported(language_code) or default
    customer = Customer.get_or_none(Customer.telegram_user_id == telegram_user_id)
    if customer is None:
        Customer.insert(
            telegram_user_id=telegram_user_id, first_name=first_name[:64], language=code
        ).on_conflict_ignore().execute()
        customer = Customer.get(Customer.telegram_user_id == telegram_user_id)
        NameKey.write(customer, first_name[:64], username)
    if not customer.language_chosen:
        speak(customer, code, chosen=False)
    if writable_at is not None and (customer.blocked_at is None or writable_at > customer.blocked_at):
        reachable(customer)
    return customer


def also_called(customer: Customer, username: str) -> None:
    """The merchant finds them by this name too, which they may have chosen since they were first seen."""
    NameKey.write(customer, username)


def visitor(
    telegram_user_id: int,
    first_name: str,
    language_code: str | None,
    default: str,
    asked: str | None,
    *,
    username: str = "",
) -> Customer:
    """The same for a page that only shows something; `asked`: the language in its address. It waits for
    nobody who writes: what is new of them is written now or by their next page. Who cannot be written down
    yet has nothing, and is a row that is nowhere.
    """
    code = supported(language_code) or default
    customer = Customer.get_or_none(Customer.telegram_user_id == telegram_user_id)
    if customer is None:
        customer = _first_seen(telegram_user_id, first_name, username, code)
    has_changed = not customer.language_chosen and _follow(customer, code, chosen=False)
    if asked:
        has_changed |= _follow(customer, asked, chosen=asked != supported(language_code))
    if has_changed:
        db.note(lambda: customer.save(only=[Customer.language, Customer.language_chosen]))
    return customer


def _first_seen(telegram_user_id: int, first_name: str, username: str, code: str) -> Customer:
    made: list[Customer] = []
    db.note(lambda: made.append(recognise(telegram_user_id, first_name, code, code, username=username)))
    nowhere = Customer(id=NOWHERE, telegram_user_id=telegram_user_id, first_name=first_name, language=code)
    return made[0] if made else nowhere


def speak(customer: Customer, code: str, *, chosen: bool) -> None:
    """Use this language for the customer, in pages and in the chat; `chosen` by a person, not guessed."""
    if _follow(customer, code, chosen=chosen):
        customer.save(only=[Customer.language, Customer.language_chosen])


def _follow(customer: Customer, code: str, *, chosen: bool) -> bool:
    """True when that is to be written."""
    if customer.language == code and (customer.language_chosen or not chosen):
        return False
    customer.language = code
    customer.language_chosen = customer.language_chosen or chosen
    return True


def reachable(customer: Customer) -> None:
    """The bot may write to them: what has waited for that is due now."""
    if customer.may_write and customer.blocked_at is None:
        return
    with transaction():
        if customer.blocked_at is not None:
            theirs = (Notification.customer == customer) & (Notification.state == "waiting")
            Notification.update(next_try_at=clock.now()).where(theirs).execute()
        _write(customer, may_write=True, blocked_at=None)


def unreachable(customer: Customer) -> None:
    """They have blocked the bot, or never let it write: their messages wait."""
    _write(customer, may_write=False, blocked_at=clock.now())


def _write(customer: Customer, *, may_write: bool, blocked_at: datetime | None) -> None:
    customer.may_write, customer.blocked_at = may_write, blocked_at
    customer.save(only=[Customer.may_write, Customer.blocked_at])
