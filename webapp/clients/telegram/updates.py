"""What Telegram tells us, as far as the shop reads it. Source: Telegram Bot API 10.2.

Unknown fields are ignored; a name that is not understood is empty. Amounts of Stars are whole numbers; ids
can need 52 bits.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from webapp.base.money import NANO

LARGEST_ID = 2**52 - 1


def clean(value: object) -> object:
    """Names and messages without NUL and halves of surrogate pairs, which no database takes."""
    if not isinstance(value, str):
        return value
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def text_or_nothing(value: object) -> str:
    return str(clean(value)) if isinstance(value, str) else ""


def number(value: object) -> object:
    """pydantic would take true for 1."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    return value


def surely(value: object) -> bool:
    return value is True or value == "true"


def from_epoch(value: object) -> object:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and 0 < value < 2**33 else None


UserId = Annotated[int, BeforeValidator(number), Field(gt=0, le=LARGEST_ID)]
ChatId = Annotated[int, BeforeValidator(number), Field(ge=-LARGEST_ID, le=LARGEST_ID)]
Number = Annotated[int, BeforeValidator(number)]
Stars = Annotated[int, BeforeValidator(number), Field(ge=0)]
Id = Annotated[str, Field(min_length=1, max_length=512)]
Text = Annotated[str, BeforeValidator(text_or_nothing)]
Yes = Annotated[bool, BeforeValidator(surely)]
Moment = Annotated[datetime | None, BeforeValidator(from_epoch)]


class Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class User(Payload):
    id: UserId
    is_bot: Yes = False
    first_name: Text = ""
    last_name: Text = ""
    username: Text = ""
    language_code: Text = ""
    allows_write_to_pm: Yes = False  # in initData only


class Chat(Payload):
    id: ChatId
    type: Text = ""


class SuccessfulPayment(Payload):
    """The only proof that somebody has paid."""

    currency: Id
    total_amount: Stars
    invoice_payload: Annotated[str, Field(max_length=512)]
    telegram_payment_charge_id: Id


class RefundedPayment(Payload):
    currency: Id
    total_amount: Stars
    invoice_payload: Annotated[str, Field(max_length=512)]
    telegram_payment_charge_id: Id


class Message(Payload):
    message_id: Number
    chat: Chat
    from_user: User | None = Field(None, validation_alias="from")
    date: Moment = None
    text: Text = ""
    successful_payment: SuccessfulPayment | None = None
    refunded_payment: RefundedPayment | None = None
    write_access_allowed: dict[str, Any] | None = None  # present, even when empty, says that we may write


class PreCheckoutQuery(Payload):
    id: Id
    from_user: User = Field(validation_alias="from")
    currency: Id
    total_amount: Stars
    invoice_payload: Annotated[str, Field(max_length=512)]


class CallbackQuery(Payload):
    id: Id
    from_user: User = Field(validation_alias="from")
    data: Text = ""


class Member(Payload):
    status: Text = ""


class ChatMemberUpdated(Payload):
    """In a private chat: the person has blocked us ("kicked") or let us in again ("member")."""

    chat: Chat
    from_user: User = Field(validation_alias="from")
    new_chat_member: Member

    @property
    def blocked(self) -> bool:
        return self.new_chat_member.status == "kicked"


class Update(Payload):
    update_id: Number
    message: Message | None = None
    pre_checkout_query: PreCheckoutQuery | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None


def parse_update(body: bytes) -> Update | None:
    """None when the body is no update. Never raises."""
    try:
        return Update.model_validate(json.loads(body))
    except (ValueError, RecursionError, ValidationError):
        return None


class WebhookInfo(Payload):
    url: Text = ""
    pending_update_count: Number = 0
    last_error_at: Moment = Field(None, validation_alias="last_error_date")
    last_error_message: Text = ""
    allowed_updates: tuple[str, ...] = ()


class WebApp(Payload):
    url: Text = ""


class MenuButton(Payload):
    """`web_app` is there for a button that opens a Mini App."""

    type: Text = ""
    web_app: WebApp | None = None

    @property
    def address(self) -> str:
        return self.web_app.url if self.web_app is not None else ""


class StarAmount(Payload):
    """Both parts have the sign of the whole."""

    amount: Number
    nanostar_amount: Annotated[int, BeforeValidator(number), Field(gt=-NANO, lt=NANO)] = 0

    @property
    def nano(self) -> int:
        """In nanostars."""
        return self.amount * NANO + self.nanostar_amount


class Affiliate(StarAmount):
    """What somebody got who brought the buyer; negative where it went back with a refund."""

    commission_per_mille: Number = 0


class Partner(Payload):
    type: Text = ""
    user: User | None = None
    invoice_payload: Text = ""
    affiliate: Affiliate | None = None


class StarTransaction(StarAmount):
    """`id` is the charge id of the payment, and its refund has the same. Incoming has a source. Very probably
    the amount is net of what an affiliate got.
    """

    id: Id
    amount: Stars
    date: Moment = None
    source: Partner | None = None
    receiver: Partner | None = None

    @property
    def incoming(self) -> bool:
        return self.source is not None


class StarPage(NamedTuple):
    """`length`: how many there were, those that are not understood included."""

    transactions: tuple[StarTransaction, ...]
    length: int


def star_page(result: Mapping[str, object]) -> StarPage:
    """One that is not understood must not hide the others."""
    found = result.get("transactions")
    rows = found if isinstance(found, list) else []
    understood = []
    for row in rows:
        try:
            understood.append(StarTransaction.model_validate(row))
        except ValidationError:
            continue
    return StarPage(tuple(understood), len(rows))
