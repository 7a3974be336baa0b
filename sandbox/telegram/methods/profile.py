"""Who the bot is: getMe, commands, descriptions, menu button."""

import re
from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import web_app_url
from sandbox.telegram.params import Params
from sandbox.telegram.telegram import Telegram

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


def get_me(telegram: Telegram, params: Params) -> dict[str, Any]:
    abilities = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")
    with telegram.world.look() as data:
        topics = bool(data["profile"].get("topics"))
    extras = {"has_main_web_app": True, "has_topics_enabled": topics}
    return {**telegram.bot, **dict.fromkeys(abilities, False), **extras}


def set_my_commands(telegram: Telegram, params: Params) -> bool:
    commands = params.nested("commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad_request(
            "BOT_COMMANDS_TOO_MUCH" if isinstance(commands, list) else "commands must be an Array"
        )
    checked = [_command(command) for command in commands]
    with telegram.world.change() as data:
        data["profile"]["commands"][_audience(params)] = checked
    return True


def get_my_commands(telegram: Telegram, params: Params) -> list[dict[str, str]]:
    with telegram.world.look() as data:
        commands: list[dict[str, str]] = data["profile"]["commands"].get(_audience(params), [])
        return list(commands)


def set_my_description(telegram: Telegram, params: Params) -> bool:
    return _describe(telegram, params, "description", 512)


def set_my_short_description(telegram: Telegram, params: Params) -> bool:
    return _describe(telegram, params, "short_description", 120)


def set_chat_menu_button(telegram: Telegram, params: Params) -> bool:
    """Without chat_id it is the button of every chat that has none of its own."""
    button = params.nested("menu_button") or {"type": "default"}
    kind = button.get("type") if isinstance(button, dict) else None
    if kind not in {"default", "commands", "web_app"}:
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    checked = {"type": kind}
    if kind == "web_app":
        checked |= _web_app_button(button)
    with telegram.world.change() as data:
        data["profile"]["menu_buttons"][params.text("chat_id", "all")] = checked
    return True


def get_chat_menu_button(telegram: Telegram, params: Params) -> dict[str, Any]:
    return menu_button(telegram, params.text("chat_id", "all"))


def menu_button(telegram: Telegram, chat_id: str) -> dict[str, Any]:
    with telegram.world.look() as data:
        buttons = data["profile"]["menu_buttons"]
        own: dict[str, Any] = buttons.get(chat_id, {"type": "default"})
        common: dict[str, Any] = buttons.get("all", {"type": "default"})
    return common if own["type"] == "default" else own


def _audience(params: Params) -> str:
    """Commands are kept per scope and language."""
    scope = params.nested("scope")
    kind = scope.get("type", "default") if isinstance(scope, dict) else "default"
    return f"{kind}:{params.text('language_code')}"


def _command(command: Any) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = str(command.get("command", "")).removeprefix("/"), str(command.get("description", ""))
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _describe(telegram: Telegram, params: Params, field: str, most: int) -> bool:
    text = params.text(field)
    if len(text) > most:
        raise bad_request(f"{field} is too long")
    with telegram.world.change() as data:
        data["profile"]["descriptions"][f"{field}:{params.text('language_code')}"] = text
    return True


def _web_app_button(button: dict[str, Any]) -> dict[str, Any]:
    text, web_app = str(button.get("text") or ""), button.get("web_app")
    if not text:
        raise bad_request("can't parse menu button: text of the button must be non-empty")
    url = web_app.get("url") if isinstance(web_app, dict) else None
    return {"text": text, "web_app": {"url": web_app_url(url)}}
