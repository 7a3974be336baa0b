"""What a person does in the chat: writes, presses a button, blocks the bot, lets it write."""

from typing import Any

from sandbox.telegram import markup
from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import chat_json, meet, now_s, post, user_json

ANSWER_S = 5.0


def send(telegram: Telegram, user_id: int, text: str) -> dict[str, Any]:
    """The person writes to the bot. ValueError when there is nothing to send or the bot is blocked."""
    if not text.strip() or len(text) > 4096:
        raise ValueError("text is 1-4096 characters")
    plain, entities = markup.parse(text, "")
    with telegram.world.change() as data:
        user = meet(data, user_id)
        if user["blocked"]:
            raise ValueError("this user has blocked the bot")
        user["started"] = user["started"] or plain.startswith("/start")
        content: dict[str, Any] = {"text": plain, **({"entities": entities} if entities else {})}
        message = post(data, user, content, author=user_json(user))
    telegram.courier.send("message", user_id, message)
    return message


def press(telegram: Telegram, user_id: int, message_id: int, button_data: str) -> dict[str, Any] | None:
    """The person presses a callback button; the bot's answer, None when none came within 5 s.

    LookupError when there is no such message.
    """
    with telegram.world.look() as data:
        user = data["users"][str(user_id)]
        message = _message(data, user_id, message_id)
    question_id = telegram.questions.ask()
    query = {
        "id": question_id,
        "from": user_json(user),
        "message": message,
        "chat_instance": str(user_id * 7919),
        "data": button_data,
    }
    telegram.courier.send("callback_query", user_id, query)
    return telegram.questions.wait(question_id, ANSWER_S)


def block(telegram: Telegram, user_id: int, blocked: bool) -> None:
    """Bot API: in a private chat my_chat_member says that the bot was blocked or unblocked."""
    with telegram.world.change() as data:
        user = meet(data, user_id)
        if user["blocked"] == blocked:
            return
        user["blocked"] = blocked
        change = {
            "chat": chat_json(user),
            "from": user_json(user),
            "date": now_s(),
            "old_chat_member": _membership(telegram, not blocked),
            "new_chat_member": _membership(telegram, blocked),
        }
    telegram.courier.send("my_chat_member", user_id, change)


def allow_writing(telegram: Telegram, user_id: int, allowed: bool) -> None:
    """The answer to requestWriteAccess; consent reaches the bot as a service message."""
    with telegram.world.change() as data:
        user = meet(data, user_id)
        user["write_access"] = allowed
        if not allowed:
            return
        content = {"write_access_allowed": {"from_request": True}}
        message = post(data, user, content, author=user_json(user))
    telegram.courier.send("message", user_id, message)


def _membership(telegram: Telegram, blocked: bool) -> dict[str, Any]:
    if blocked:
        return {"user": telegram.bot, "status": "kicked", "until_date": 0}
    return {"user": telegram.bot, "status": "member"}


def _message(data: dict[str, Any], user_id: int, message_id: int) -> dict[str, Any]:
    for message in data["messages"].get(str(user_id), []):
        if message["message_id"] == message_id:
            found: dict[str, Any] = message
            return found
    raise LookupError(f"no message {message_id} in this chat")
