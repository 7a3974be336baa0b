"""Inline keyboards: what Telegram takes and what it refuses."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad_request

_ACTIONS = ("web_app", "url", "callback_data", "copy_text")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def inline_keyboard(markup: Any) -> dict[str, Any] | None:
    """The keyboard to keep with a message; None for none and for other kinds of reply_markup."""
    if not markup:
        return None
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if rows is None:
        if isinstance(markup, dict):
            return None  # reply keyboards and force_reply live in the client only
        raise bad_request("object expected as reply markup")
    return {"inline_keyboard": [[_button(button) for button in row] for row in _rows(rows)]}


def web_app_url(url: Any) -> str:
    """A Mini App's address: https, or plain http on loopback, which Telegram's test servers also allow."""
    address = str(url or "")
    scheme = urlsplit(address).scheme
    if scheme == "https" or (scheme == "http" and is_loopback(address)):
        return address
    raise bad_request(
        f"inline keyboard button Web App URL '{address}' is invalid: Only HTTPS links are allowed"
    )


def _rows(rows: Any) -> list[list[Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    return rows


def _button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise bad_request("can't parse inline keyboard button: Text buttons must have a text")
    actions = [name for name in _ACTIONS if button.get(name) is not None]
    if len(actions) != 1:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    return {"text": str(button["text"]), actions[0]: _action(actions[0], button[actions[0]])}


def _action(name: str, value: Any) -> Any:
    if name == "web_app":
        return {"url": web_app_url(value.get("url") if isinstance(value, dict) else None)}
    if name == "copy_text":
        return {
            "text": _sized(value.get("text") if isinstance(value, dict) else None, "COPY_TEXT_INVALID", 256)
        }
    if name == "callback_data":
        if not 1 <= len(str(value).encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
        return str(value)
    if urlsplit(str(value)).scheme not in {"http", "https", "tg"}:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Unsupported URL protocol")
    return str(value)


def _sized(value: Any, error: str, most: int) -> str:
    text = str(value or "")
    if not 1 <= len(text) <= most:
        raise bad_request(error)
    return text
