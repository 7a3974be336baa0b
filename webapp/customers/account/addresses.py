"""Where copies go by e-mail. An address counts once the code that was sent to it has come back: nobody can
make the shop write to a stranger more than a few times, neither with several accounts nor by deleting their
data and coming back.
"""

import re
import secrets
from datetime import timedelta
from hmac import compare_digest

from webapp.base import clock
from webapp.customers import notifications
from webapp.models import AbuseCounter, Customer, EmailAddress
from webapp.models.db import locking, transaction

CODE_FOR = timedelta(minutes=15)
CODES_A_DAY = 5
"""For one customer, and to one address."""
TRIES = 5
LONGEST = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@((?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62})")


class _TooMany(Exception):
    """Enough codes for a day: nothing of this wish is kept, nor counted."""


def address_of(customer: Customer) -> EmailAddress | None:
    return EmailAddress.get_or_none(EmailAddress.customer == customer)


def propose(customer: Customer, text: str) -> str | None:
    """Send a code to this address. Returns what is wrong: "address" (it cannot be one), "too many" (codes
    today), or None.
    """
    address = _normal(text)
    if address is None:
        return "address"
    known = address_of(customer)
    if known is not None and known.address == address and known.confirmed_at is not None:
        return None
    try:
        with transaction():
            _new_code(customer, address)
            _count(customer, address)
            notifications.request(customer, "code", channel="email")
    except _TooMany:
        return "too many"
    return None


def _normal(text: str) -> str | None:
    """As mail servers spell it: a name of letters beyond ASCII is a domain of theirs (IDNA)."""
    local, _, domain = text.strip().rpartition("@")
    try:
        address = f"{local}@{domain.lower().encode('idna').decode()}"
    except UnicodeError:
        return None
    return address if len(address) <= LONGEST and _ADDRESS.fullmatch(address) else None


def _new_code(customer: Customer, address: str) -> None:
    now = clock.now()
    EmailAddress.insert(customer=customer, address=address).on_conflict_ignore().execute()
    EmailAddress.update(
        address=address,
        confirmed_at=None,
        wanted=True,
        code=f"{secrets.randbelow(10**6):06}",
        code_until=now + CODE_FOR,
        tries=0,
        counted_from=now,
    ).where(EmailAddress.customer == customer).execute()


def _count(customer: Customer, address: str) -> None:
    """Raises _TooMany. A mailbox is the same one however it is spelled, and with any +tag."""
    local, _, domain = address.lower().rpartition("@")
    mailbox = f"{local.partition('+')[0]}@{domain}"
    for subject in (str(customer.telegram_user_id), mailbox):
        if not AbuseCounter.take("code", subject, CODES_A_DAY, timedelta(days=1)):
            raise _TooMany


def confirm(customer: Customer, code: str) -> bool:
    """Is this the code? Each counts as a try, and after a few of them the code is void. Of two at the same
    moment the second waits for the first, and counts as well.
    """
    with transaction():
        mine = EmailAddress.select().where(EmailAddress.customer == customer)
        row = locking(mine, "FOR UPDATE").first()
        if row is None or not row.awaits_code:
            return False
        row.tries += 1
        given = re.sub(r"\s", "", code).encode()
        right = compare_digest(given, row.code.encode())
        if right:
            row.confirmed_at = clock.now()
        if right or row.tries >= TRIES:
            row.code = ""
        row.save()
        return right


def want_copies(customer: Customer, wanted: bool) -> None:
    EmailAddress.update(wanted=wanted).where(EmailAddress.customer == customer).execute()


def stop_copies(key: str) -> bool:
    """By the link in an e-mail, which knows no customer. False when the key is nobody's."""
    return bool(EmailAddress.update(wanted=False).where(EmailAddress.key == key).execute())


def remove(customer: Customer) -> None:
    EmailAddress.delete().where(EmailAddress.customer == customer).execute()
