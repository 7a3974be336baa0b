"""What Telegram tells us. Each update is worked on once, in the transaction that stores it with its answer.

The answer is a Bot API call in the body of the webhook's response: a pre-checkout must be answered within
10 s, and this is the way that needs no second connection. An exception is a 5xx, and Telegram sends the
update again, holding back what the same person does after it. So that one bad update does not silence
somebody for a day, a question about money is then declined, and talk is set aside after a few tries. A
payment never is: it is told again until it is booked.
"""

import json
import logging
from collections.abc import Callable

from peewee import InterfaceError, OperationalError

from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.base.i18n import N_, speaking, supported
from webapp.base.i18n import gettext as _
from webapp.clients.telegram.botapi import pre_checkout_answer
from webapp.clients.telegram.updates import (
    LARGEST_ID,
    ChatMemberUpdated,
    Message,
    PreCheckoutQuery,
    Update,
    User,
)
from webapp.customers import chat, identity
from webapp.customers.chat import Answer
from webapp.models import Customer, Setting, TelegramUpdate, db
from webapp.models.db import Busy, transaction, turn
from webapp.orders import payments
from webapp.orders.payments import stars

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MOST_STARS = 2**31 - 1
TRIES = 5

Work = Callable[[Update, Config], Answer | None]

_FAILING = "updates.failing"
_FAILING_KEPT = 200


def receive(update: Update, config: Config) -> Answer | None:
    """Work on an update, or repeat the answer it got before. Raises when Telegram shall send it again."""
    if not _is_possible(update):
        log.error("an update with a number that Telegram never sends is left out")
        return None
    try:
        return _once(update, _answer, config)
    except Busy:
        return _declined(update, CROWDED, config)  # nothing of it is stored
    except (InterfaceError, OperationalError):
        raise  # the database is away for a moment
    except Exception as error:
        if db.trouble(error) or _is_to_be_repeated(update):
            raise
        log.exception("update %s is set aside", update.update_id)
        return _once(update, _answer_to_trouble, config)


TROUBLE = N_("Something went wrong here. You have not been charged; please try again in a minute.")
CROWDED = N_("Many people are paying right now. You have not been charged; please tap Pay again.")


def _is_possible(update: Update) -> bool:
    """Numbers that no column takes would fail for ever."""
    paid = update.message.successful_payment if update.message is not None else None
    return 0 <= update.update_id <= LARGEST_ID and (paid is None or paid.total_amount <= MOST_STARS)


# --- once


def _once(update: Update, work: Work, config: Config) -> Answer | None:
    """The row comes first: whoever brings the same update meanwhile waits for it, and reads its answer. A
    payment is allowed in turn, because what others were allowed is counted.
    """
    this = TelegramUpdate.update_id == update.update_id
    with transaction() if update.pre_checkout_query is None else turn():
        mine = TelegramUpdate.insert(update_id=update.update_id).on_conflict_ignore().as_rowcount().execute()
        if not mine:
            stored = TelegramUpdate.get(this).answer
            return json.loads(stored) if stored else None
        answer = work(update, config)
        if answer is not None:
            TelegramUpdate.update(answer=json.dumps(answer)).where(this).execute()
    crash_point("payment.update.stored")
    return answer


def _is_to_be_repeated(update: Update) -> bool:
    if update.pre_checkout_query is not None:
        return False
    if update.message is not None and update.message.successful_payment is not None:
        return True
    return _failures(update.update_id) < TRIES


def _failures(update_id: int) -> int:
    """How often it has failed, this time included. Only the last few that failed are remembered."""
    with transaction():
        known: dict[str, int] = Setting.read(_FAILING, {})
        failures = known.pop(str(update_id), 0) + 1
        newest = dict(list(known.items())[1 - _FAILING_KEPT :])
        Setting.write(_FAILING, newest | {str(update_id): failures})
    return failures


# --- what it says


def _answer(update: Update, config: Config) -> Answer | None:
    if update.pre_checkout_query is not None:
        return _pre_checkout(update.pre_checkout_query, config)
    if update.callback_query is not None:
        query = update.callback_query
        return chat.pressed(query.id, query.data, _who_is_there(query.from_user, config))
    if update.my_chat_member is not None:
        _membership(update.my_chat_member, config)
    elif update.message is not None and update.message.from_user is not None:
        return _message(update.message, update.message.from_user, config)
    return None


def _answer_to_trouble(update: Update, config: Config) -> Answer | None:
    return _declined(update, TROUBLE, config)


def _declined(update: Update, reason: str, config: Config) -> Answer | None:
    """Without a look at the database, which may be what the trouble is about."""
    query = update.pre_checkout_query
    if query is None:
        return None
    with speaking(supported(query.from_user.language_code) or config.default_language):
        return pre_checkout_answer(query.id, False, _(reason))


def _pre_checkout(query: PreCheckoutQuery, config: Config) -> Answer:
    with speaking(_customer(query.from_user, config).language):
        reason = payments.pre_checkout(stars.question(query), config)
    return pre_checkout_answer(query.id, reason is None, reason)


def _message(message: Message, sender: User, config: Config) -> Answer | None:
    """Money counts wherever it comes from; we talk in private chats only, whose id is the person's."""
    if message.successful_payment is not None:
        payments.confirm(stars.charge(sender.id, message.successful_payment, message.date), config)
    if message.refunded_payment is not None:
        payments.refund_seen(message.refunded_payment.telegram_payment_charge_id, actor="telegram")
    if message.chat.id != sender.id:
        return None
    customer = _who_is_there(sender, config)
    return chat.reply(message.text, customer, config)


def _membership(change: ChatMemberUpdated, config: Config) -> None:
    if change.chat.id != change.from_user.id:
        return
    if change.blocked:
        identity.unreachable(_customer(change.from_user, config))
    elif change.new_chat_member.status == "member":
        _who_is_there(change.from_user, config)


def _customer(user: User, config: Config) -> Customer:
    return identity.recognise(
        user.id, user.first_name, user.language_code, config.default_language, username=user.username
    )


def _who_is_there(user: User, config: Config) -> Customer:
    """Whoever writes to the bot, or presses its buttons, can be written to."""
    customer = _customer(user, config)
    identity.also_called(customer, user.username)
    identity.reachable(customer)
    return customer
