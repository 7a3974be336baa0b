"""Messages to people: text, photos, documents, and the answer to a pressed button."""

import base64
import http.client
import secrets
import struct
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram import markup
from sandbox.telegram.errors import bad_request, forbidden
from sandbox.telegram.keyboards import inline_keyboard, is_loopback
from sandbox.telegram.methods.payments import TOO_OLD
from sandbox.telegram.params import Params, Upload
from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import post

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
LARGEST_PHOTO = 10_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"


def send_message(telegram: Telegram, params: Params) -> dict[str, Any]:
    text, entities = markup.parse(params.text("text"), params.text("parse_mode"))
    if not text.strip():
        raise bad_request("message text is empty")
    if markup.utf16_length(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return _send(telegram, params, {"text": text, **_some(entities=entities)}, None)


def send_chat_action(telegram: Telegram, params: Params) -> bool:
    params.required_text("action")
    with telegram.world.look() as data:
        _recipient(data, params)
    return True


def send_photo(telegram: Telegram, params: Params) -> dict[str, Any]:
    """Bot API, sendPhoto: an upload, an http URL (loopback only here) or the file_id of an earlier photo."""
    file = _file(telegram, params, "photo")
    image = _image_type(file.content)
    if image is None or len(file.content) > LARGEST_PHOTO:
        raise bad_request("IMAGE_PROCESS_FAILED" if image is None else "file is too big")
    file_id = _file_id(params, "photo")
    width, height = _dimensions(file.content)
    size = {
        "file_id": file_id,
        "file_unique_id": file_id[-16:],
        "width": width,
        "height": height,
        "file_size": len(file.content),
    }
    return _send(telegram, params, {"photo": [size], **_caption(params)}, (file_id, image, file.content))


def send_document(telegram: Telegram, params: Params) -> dict[str, Any]:
    file = _file(telegram, params, "document")
    file_id = _file_id(params, "document")
    document = {
        "file_id": file_id,
        "file_unique_id": file_id[-16:],
        "file_name": file.file_name,
        "mime_type": file.kind,
        "file_size": len(file.content),
    }
    kind = _image_type(file.content) or file.kind
    return _send(telegram, params, {"document": document, **_caption(params)}, (file_id, kind, file.content))


def answer_callback_query(telegram: Telegram, params: Params) -> bool:
    if len(params.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    answer = {"text": params.text("text"), "show_alert": params.boolean("show_alert")}
    if not telegram.questions.answer(params.required_text("callback_query_id"), answer):
        raise bad_request(TOO_OLD)
    return True


def _send(
    telegram: Telegram, params: Params, content: dict[str, Any], file: tuple[str, str, bytes] | None
) -> dict[str, Any]:
    keyboard = inline_keyboard(params.nested("reply_markup"))
    with telegram.world.change() as data:
        user = _recipient(data, params)
        if file:
            file_id, kind, body = file
            data["files"][file_id] = {"type": kind, "base64": base64.b64encode(body).decode()}
        return post(data, user, {**content, **_some(reply_markup=keyboard)}, author=telegram.bot)


def _recipient(data: dict[str, Any], params: Params) -> dict[str, Any]:
    """The user to write to; Refused with Telegram's words when the bot may not."""
    user: dict[str, Any] | None = data["users"].get(str(params.integer("chat_id")))
    if user is None:
        raise bad_request("chat not found")
    if user["blocked"]:
        raise forbidden("bot was blocked by the user")
    if not user["started"] and not user["write_access"]:
        raise forbidden("bot can't initiate conversation with a user")
    return user


def _caption(params: Params) -> dict[str, Any]:
    text, entities = markup.parse(params.text("caption"), params.text("parse_mode"))
    if markup.utf16_length(text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return _some(caption=text, caption_entities=entities)


def _some(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _file_id(params: Params, name: str) -> str:
    given = params.text(name)
    known = given and params.upload(name) is None and "://" not in given
    return given if known else "AgACAgIAAx" + secrets.token_urlsafe(24)


def _file(telegram: Telegram, params: Params, name: str) -> Upload:
    upload = params.upload(name)
    if upload:
        if not upload.content:
            raise bad_request("file must be non-empty")
        return upload
    given = params.required_text(name)
    if "://" in given:
        return _download(given)
    with telegram.world.look() as data:
        known = data["files"].get(given)
    if known is None:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    return Upload("file", base64.b64decode(known["base64"]))


def _download(url: str) -> Upload:
    """As Telegram fetches a photo by its URL; only from loopback, for this is a stand-in."""
    parts = urlsplit(url)
    if not is_loopback(url):
        raise bad_request("wrong HTTP URL specified: this stand-in fetches from loopback only")
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=5)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException):
        raise bad_request("failed to get HTTP URL content") from None
    finally:
        connection.close()
    if response.status != 200:
        raise bad_request("failed to get HTTP URL content")
    return Upload(parts.path.rpartition("/")[2], content)


def _image_type(content: bytes) -> str | None:
    if content.startswith(_PNG):
        return "image/png"
    return "image/jpeg" if content.startswith(_JPEG) else None


def _dimensions(content: bytes) -> tuple[int, int]:
    """Width and height in pixels from a PNG header; a JPEG's are not looked for."""
    if content.startswith(_PNG) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    return 0, 0
