"""Everything the stand-in remembers: plain JSON values behind one lock, saved after each change."""

import copy
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import clock
from sandbox.server import StateFile

DEMO_USERS = (
    {"id": 1001, "first_name": "Анна", "username": "anna_travels", "language_code": "ru"},
    {"id": 1002, "first_name": "John", "username": "john_abroad", "language_code": "en"},
    {"id": 1003, "first_name": "Mehmet", "username": "mehmet_on_the_road", "language_code": "en"},
)
STARS_AT_FIRST = 100_000

_MESSAGES_KEPT = 500
_UPDATES_KEPT = 20_000
_VERSION = 1


def now_s() -> int:
    """Unix seconds by the sandbox's clock, as Telegram dates everything."""
    return int(clock.now().timestamp())


class World:
    """Users, chats, Stars, invoices and updates. `change()` is the only way to write."""

    def __init__(self, state_file: Path | None = None) -> None:
        self._file = StateFile(state_file)
        self._lock = threading.RLock()
        self._depth = 0
        self.data = self._load()

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """The data, locked; what the outermost block leaves behind is saved before it returns."""
        with self._lock:
            self._depth += 1
            try:
                yield self.data
            finally:
                self._depth -= 1
                outermost = self._depth == 0
        if outermost:
            self._file.save(self._snapshot)

    @contextmanager
    def look(self) -> Iterator[dict[str, Any]]:
        """The data, locked, to read only."""
        with self._lock:
            yield self.data

    def reset(self) -> None:
        """Forget what people did. What the bot has set (webhook, commands, menu) stays: a running shop sets
        it once, at its start. Numbers go on counting, so a shop that remembers update ids is not confused.
        """
        with self.change() as data:
            fresh = _fresh()
            for kept in ("webhook", "profile", "next_update_id", "next_message_id"):
                fresh[kept] = data[kept]
            fresh["generation"] = data["generation"] + 1
            data.clear()
            data.update(fresh)

    def _load(self) -> dict[str, Any]:
        state = self._file.load()
        if state is None:
            return _fresh()
        if state.get("version") == _VERSION and state.keys() == _fresh().keys():
            return state
        self._file.set_aside()
        return _fresh()

    def _snapshot(self) -> dict[str, Any]:
        with self._lock:
            return copy.deepcopy(self.data)


def _fresh() -> dict[str, Any]:
    return {
        "version": _VERSION,
        "generation": 1,
        "webhook": {"url": "", "secret_token": "", "allowed_updates": [], "max_connections": 40},
        "profile": {"commands": {}, "menu_buttons": {}, "descriptions": {}},
        "users": {str(user["id"]): new_user(**user) for user in DEMO_USERS},
        "messages": {},
        "files": {},
        "invoices": {},
        "transactions": [],
        "payments": {},
        "refunds": {},
        "updates": {},
        "next_update_id": 700_000_000 + secrets.randbelow(1_000_000),
        "next_message_id": 1,
    }


def new_user(**known: Any) -> dict[str, Any]:
    """A person who has never met the bot, but opened its Mini App from a link and let it write.

    `write_access` is what Telegram asks on such a first opening; `started` means /start was pressed.
    """
    return {
        "first_name": "Traveller",
        "language_code": "en",
        "stars": STARS_AT_FIRST,
        "started": False,
        "write_access": True,
        "blocked": False,
        **known,
    }


def user_json(user: dict[str, Any]) -> dict[str, Any]:
    """Bot API type User."""
    known = {
        key: user[key] for key in ("first_name", "last_name", "username", "language_code") if user.get(key)
    }
    return {"id": user["id"], "is_bot": False, **known}


def chat_json(user: dict[str, Any]) -> dict[str, Any]:
    """Bot API type Chat; a private chat has the id of its user."""
    known = {key: user[key] for key in ("first_name", "last_name", "username") if user.get(key)}
    return {"id": user["id"], "type": "private", **known}


def meet(data: dict[str, Any], user_id: int, **known: Any) -> dict[str, Any]:
    """The user with this id, who exists from now on, with the known fields brought up to date."""
    user: dict[str, Any] = data["users"].setdefault(str(user_id), new_user(id=user_id))
    user.update({key: value for key, value in known.items() if value})
    return user


def post(
    data: dict[str, Any], user: dict[str, Any], content: dict[str, Any], *, author: dict[str, Any]
) -> dict[str, Any]:
    """Put a message into the chat with this user; returns the Bot API Message."""
    message = {
        "message_id": data["next_message_id"],
        "from": author,
        "chat": chat_json(user),
        "date": now_s(),
        **content,
    }
    data["next_message_id"] += 1
    chat = data["messages"].setdefault(str(user["id"]), [])
    chat.append(message)
    _forget_old_messages(data, chat)
    return message


def new_update(data: dict[str, Any], kind: str, chat_id: int, content: dict[str, Any]) -> int | None:
    """Note an update for the webhook; None when the bot does not want this kind (allowed_updates)."""
    wanted = data["webhook"]["allowed_updates"]
    if wanted and kind not in wanted:
        return None
    update_id: int = data["next_update_id"]
    data["next_update_id"] += 1
    updates = data["updates"]
    updates[str(update_id)] = {
        "update": {"update_id": update_id, kind: content},
        "kind": kind,
        "chat_id": chat_id,
        "created": now_s(),
        "state": "pending",
        "attempts": 0,
        "status": None,
    }
    _forget_old(updates)
    return update_id


def _forget_old_messages(data: dict[str, Any], chat: list[dict[str, Any]]) -> None:
    for message in chat[:-_MESSAGES_KEPT]:
        for file in (*message.get("photo", []), message.get("document", {})):
            data["files"].pop(file.get("file_id"), None)
    del chat[:-_MESSAGES_KEPT]


def _forget_old(updates: dict[str, Any]) -> None:
    """Pending ones stay whatever their number: they are still owed."""
    if len(updates) > _UPDATES_KEPT:
        done = [key for key, entry in updates.items() if entry["state"] != "pending"]
        for key in done[: len(updates) - _UPDATES_KEPT]:
            del updates[key]
