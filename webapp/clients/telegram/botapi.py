"""The Bot API, as far as the shop uses it. Source: Bot API 10.2. Errors are in errors.py."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError

from webapp.clients.http import Adapter, Bounds, NoAnswer, send

from . import verdicts
from .errors import BadCall, Lost, NotReached
from .updates import MenuButton, Message, StarAmount, StarPage, User, WebhookInfo, star_page

LARGEST_ANSWER = 4 * 1024 * 1024
Model = TypeVar("Model", bound=BaseModel)
Json = dict[str, Any]

LIVE = "https://api.telegram.org"
INVOICE_TITLE = 32
INVOICE_DESCRIPTION = 255
INVOICE_PAYLOAD_BYTES = 128
CAPTION = 1024


class BotApi:
    """Safe to share between threads. Nothing is repeated here: whoever calls knows what may be."""

    def __init__(
        self,
        token: str,
        base_url: str = LIVE,
        *,
        timeout: tuple[float, float] = (1.0, 3.0),
        authorities: Path | None = None,
    ) -> None:
        """`timeout`: seconds to connect and for the answer; `authorities`: whose certificates are believed
        (http.tls_context). Errors: ValueError, without the token.
        """
        if not token or not all("!" <= character <= "~" and character not in "/?#%" for character in token):
            raise ValueError("the bot token cannot be part of an address")
        self._address = f"{base_url.rstrip('/')}/bot{token}/"
        self._bounds = Bounds(*timeout, LARGEST_ANSWER)
        self._adapter = Adapter(authorities, pool_maxsize=16)

    # The bot itself

    def get_me(self) -> User:
        return _read(User, self._call("getMe"))

    def set_webhook(self, url: str, secret: str, allowed_updates: Sequence[str]) -> None:
        """`secret` comes back with every update. Updates that are not named here are never sent."""
        self._call("setWebhook", url=url, secret_token=secret, allowed_updates=list(allowed_updates))

    def get_webhook_info(self) -> WebhookInfo:
        return _read(WebhookInfo, self._call("getWebhookInfo"))

    def set_my_commands(self, commands: Mapping[str, str], language_code: str | None = None) -> None:
        """Command to description, for one language or, without, for all that have none of their own."""
        listed = [{"command": name, "description": text} for name, text in commands.items()]
        self._call("setMyCommands", commands=listed, language_code=language_code or "")

    def get_my_commands(self, language_code: str | None = None) -> dict[str, str]:
        """As they were set for this language, or for all without one of their own."""
        found = self._call("getMyCommands", language_code=language_code or "")
        rows = found if isinstance(found, list) else []
        told = [row for row in rows if isinstance(row, dict)]
        return {str(row.get("command", "")): str(row.get("description", "")) for row in told}

    def set_chat_menu_button(self, text: str, url: str) -> None:
        """The button beside the message field, in every private chat."""
        self._call(
            "setChatMenuButton", menu_button={"type": "web_app", "text": text, "web_app": {"url": url}}
        )

    def get_chat_menu_button(self) -> str:
        """The address that the button opens in every private chat; empty when it is another button."""
        return _read(MenuButton, self._call("getChatMenuButton")).address

    # Messages

    def send_message(
        self, chat_id: int, text: str, reply_markup: Json | None = None, *, silent: bool = False
    ) -> int:
        """`text` is Telegram's HTML, so what people wrote must be escaped in it; `silent` makes no sound.
        Returns the message id.
        """
        more: Json = {"reply_markup": reply_markup} if reply_markup else {}
        if silent:
            more["disable_notification"] = True
        preview = {"is_disabled": True}
        sent = self._call(
            "sendMessage",
            chat_id=chat_id,
            text=text,
            parse_mode="HTML",
            link_preview_options=preview,
            **more,
        )
        return _read(Message, sent).message_id

    def send_chat_action(self, chat_id: int) -> None:
        """ "Is typing", for five seconds: shows whether the bot may write there. Errors: Blocked."""
        self._call("sendChatAction", chat_id=chat_id, action="typing")

    def send_photo(self, chat_id: int, png: bytes, caption: str, reply_markup: Json | None = None) -> int:
        """A picture that its reader may save. `caption` is Telegram's HTML, 1024 characters at most."""
        fields = {"chat_id": str(chat_id), "caption": caption, "parse_mode": "HTML"}
        if reply_markup:
            fields["reply_markup"] = json.dumps(reply_markup)
        sent = self._post("sendPhoto", data=fields, files={"photo": ("qr.png", png, "image/png")})
        return _read(Message, sent).message_id

    def send_document(self, chat_id: int, name: str, content: bytes, kind: str, caption: str) -> int:
        """A file for its reader to keep. `kind` is its media type, `caption` Telegram's HTML."""
        fields = {"chat_id": str(chat_id), "caption": caption, "parse_mode": "HTML"}
        sent = self._post("sendDocument", data=fields, files={"document": (name, content, kind)})
        return _read(Message, sent).message_id

    def answer_callback_query(self, query_id: str, text: str = "") -> None:
        """Ends the spinner on a pressed button."""
        self._call("answerCallbackQuery", callback_query_id=query_id, text=text)

    # Stars

    def create_invoice_link(self, title: str, description: str, payload: str, stars: int) -> str:
        """A link that `WebApp.openInvoice` takes. It never expires and can be paid more than once.

        Title and description are cut to what Telegram takes; a payload over 128 bytes is a BadCall.
        """
        if not 1 <= len(payload.encode()) <= INVOICE_PAYLOAD_BYTES:
            raise BadCall("an invoice payload has 1 to 128 bytes")
        title, description = _cut(title, INVOICE_TITLE), _cut(description, INVOICE_DESCRIPTION)
        link = self._call(
            "createInvoiceLink",
            title=title,
            description=description,
            payload=payload,
            currency="XTR",
            prices=[{"label": title, "amount": stars}],
        )
        if not isinstance(link, str) or not link.startswith("https://"):
            raise Lost("the answer is no link")
        return link

    def refund_star_payment(self, user_id: int, charge_id: str) -> None:
        """Give all Stars of one payment back. Errors: AlreadyRefunded when it was done before."""
        self._call("refundStarPayment", user_id=user_id, telegram_payment_charge_id=charge_id)

    def get_star_transactions(self, offset: int = 0, limit: int = 100) -> StarPage:
        """Oldest first; 1 to 100 of them from the one with this number on, which begins with 0."""
        found = self._call("getStarTransactions", offset=offset, limit=limit)
        if not isinstance(found, dict):
            raise Lost("the answer is no list of transactions")
        return star_page(found)

    def get_my_star_balance(self) -> StarAmount:
        return _read(StarAmount, self._call("getMyStarBalance"))

    # How

    def _call(self, method: str, **parameters: Any) -> Any:
        return self._post(method, json=parameters)

    def _post(self, method: str, **content: Any) -> Any:
        headers = {"Accept": "application/json", "User-Agent": "Simka"}
        request = requests.Request("POST", self._address + method, headers=headers, **content)
        try:
            return verdicts.result(send(self._adapter, request.prepare(), self._bounds))
        except NoAnswer as failure:
            error = Lost(failure.reason) if failure.body_was_sent else NotReached(failure.reason)
        raise error


def _read(model: type[Model], result: object) -> Model:
    try:
        return model.model_validate(result)
    except ValidationError:
        pass
    raise Lost(f"the answer is no {model.__name__}")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


# Buttons, and the answer that fits into a webhook's response


def web_app_button(text: str, url: str) -> Json:
    """Opens the Mini App at `url`. Inline, so that initData is there; works in private chats only."""
    return {"text": text, "web_app": {"url": url}}


def copy_button(text: str, copy_text: str) -> Json:
    """Copies 1 to 256 characters. Errors: ValueError for any other length."""
    if not 1 <= len(copy_text) <= 256:
        raise ValueError("a copy button holds 1 to 256 characters")
    return {"text": text, "copy_text": {"text": copy_text}}


def inline_keyboard(rows: Sequence[Sequence[Json]]) -> Json:
    return {"inline_keyboard": [list(row) for row in rows]}


def pre_checkout_answer(query_id: str, ok: bool, error_message: str | None = None) -> Json:
    """The body of the webhook's response: it reaches Telegram without a call of its own, within 10 s."""
    answer: Json = {"method": "answerPreCheckoutQuery", "pre_checkout_query_id": query_id, "ok": ok}
    return answer if ok else answer | {"error_message": error_message or ""}
