"""The control plane, /_sandbox/: what a test or the window does in the place of people, time and bad luck."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox import clock
from sandbox.telegram import people, stars, transactions
from sandbox.telegram.calls import Calls
from sandbox.telegram.initdata import sign
from sandbox.telegram.methods.payments import get_my_star_balance
from sandbox.telegram.methods.profile import menu_button
from sandbox.telegram.params import Params
from sandbox.telegram.telegram import UPDATE_FAULTS, Telegram
from sandbox.telegram.world import meet, now_s, user_json


class Wrong(ValueError):
    """Unusable control input: 400 with this sentence."""


def blueprint(telegram: Telegram, calls: Calls) -> Blueprint:
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")
    routes.after_request(_allow_other_origins)
    routes.register_error_handler(ValueError, _wrong)
    routes.register_error_handler(LookupError, _unknown)
    control = _Control(telegram, calls)
    for path, method, view in (
        ("/reset", "POST", control.reset),
        ("/init-data", "GET", control.init_data),
        ("/invoice", "GET", control.invoice),
        ("/pay", "POST", control.pay),
        ("/withdraw", "POST", control.withdraw),
        ("/messages", "GET", control.messages),
        ("/profile", "GET", control.profile),
        ("/refunds", "GET", control.refunds),
        ("/clock", "POST", control.move_clock),
        ("/clock", "GET", control.show_clock),
        ("/faults", "POST", control.add_fault),
        ("/faults", "GET", control.list_faults),
        ("/faults", "DELETE", control.lift_faults),
        ("/send", "POST", control.send),
        ("/press", "POST", control.press),
        ("/block", "POST", control.block),
        ("/write-access", "POST", control.write_access),
        ("/resend", "POST", control.resend),
        ("/state", "GET", control.state),
    ):
        routes.add_url_rule(path, view.__name__, _as_json(view), methods=[method])
    return routes


def _as_json(view: Callable[[], dict[str, Any]]) -> Callable[[], Response]:
    return lambda: jsonify(view())


def _allow_other_origins(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    response.headers["Cache-Control"] = "no-store"
    return response


def _wrong(error: ValueError) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


def _unknown(error: LookupError) -> Any:
    if isinstance(error, HTTPException):
        return error
    return jsonify({"error": f"unknown: {error.args[0] if error.args else error}"}), 400


class _Control:
    def __init__(self, telegram: Telegram, calls: Calls) -> None:
        self.telegram, self.calls = telegram, calls

    def reset(self) -> dict[str, Any]:
        self.telegram.reset()
        self.calls.clear()
        return {"ok": True}

    def init_data(self) -> dict[str, Any]:
        """Fresh initData; the user exists from now on, with the given language and name."""
        user_id = _number(request.args, "user_id")
        with self.telegram.world.change() as data:
            user = meet(
                data,
                user_id,
                language_code=request.args.get("language"),
                first_name=request.args.get("first_name"),
            )
            if "allows_write_to_pm" in request.args:
                user["write_access"] = request.args["allows_write_to_pm"].lower() in {"true", "1"}
            known = user_json(user)
            may_write = user["started"] or user["write_access"]
        del known["is_bot"]
        if may_write:
            known["allows_write_to_pm"] = True
        auth_date = now_s() + _number(request.args, "auth_date_offset_s", 0)
        return {
            "init_data": sign(self.telegram.token, known, auth_date, request.args.get("start_param", "")),
        }

    def invoice(self) -> dict[str, Any]:
        with self.telegram.world.look() as data:
            return dict(data["invoices"][stars.slug_of(request.args.get("slug", ""))])

    def pay(self) -> dict[str, Any]:
        body = _body()
        slug = stars.slug_of(_text(body, "invoice"))
        permille = _number(body, "affiliate_permille", 0)
        return stars.pay(self.telegram, slug, _number(body, "user_id"), permille)

    def withdraw(self) -> dict[str, Any]:
        """The owner takes so many Stars out by Fragment."""
        amount = _number(_body(), "amount")
        with self.telegram.world.change() as data:
            lines = data["transactions"]
            lines.append(transactions.withdrawn(amount, now_s(), len(lines)))
        return {"balance": get_my_star_balance(self.telegram, Params({}))}

    def messages(self) -> dict[str, Any]:
        """The chat with a user, oldest first; ?after=<message_id> leaves out what is known already.

        generation changes with a reset: a reader who sees another one starts over.
        """
        user_id, after = _number(request.args, "user_id"), _number(request.args, "after", 0)
        with self.telegram.world.look() as data:
            chat = data["messages"].get(str(user_id), [])
            shown = [_with_file(data, message) for message in chat if message["message_id"] > after]
            return {"messages": shown, "generation": data["generation"]}

    def profile(self) -> dict[str, Any]:
        """What a client shows around the chat: bot, person, commands, menu button."""
        user_id = _number(request.args, "user_id")
        with self.telegram.world.look() as data:
            user = data["users"].get(str(user_id), {})
            commands = _commands(data, str(user.get("language_code", "")))
            person = dict(user)
        button = menu_button(self.telegram, str(user_id))
        return {"bot": self.telegram.bot, "user": person, "commands": commands, "menu_button": button}

    def refunds(self) -> dict[str, Any]:
        with self.telegram.world.look() as data:
            return {"refunds": list(data["refunds"].values())}

    def move_clock(self) -> dict[str, Any]:
        clock.advance(_seconds(_body(), "advance_s"))
        return self.show_clock()

    def show_clock(self) -> dict[str, Any]:
        return {"offset_s": clock.offset_s(), "now": clock.now().isoformat().replace("+00:00", "Z")}

    def add_fault(self) -> dict[str, Any]:
        """A match that begins with UPDATE is about the way of updates to the webhook."""
        body = _body()
        on_the_way = str(body.get("match") or "").strip().upper().startswith("UPDATE")
        book = self.telegram.update_faults if on_the_way else self.telegram.faults
        if not on_the_way and body.get("kind") in UPDATE_FAULTS - self.telegram.faults.kinds:
            raise Wrong(f'{body["kind"]} needs a match such as "UPDATE /message"')
        book.add(body)
        return self.list_faults()

    def list_faults(self) -> dict[str, Any]:
        return {"faults": self.telegram.faults.list() + self.telegram.update_faults.list()}

    def lift_faults(self) -> dict[str, Any]:
        self.telegram.update_faults.lift_all()
        self.telegram.faults.lift_all()
        return self.list_faults()

    def send(self) -> dict[str, Any]:
        body = _body()
        return {"message": people.send(self.telegram, _number(body, "user_id"), _text(body, "text"))}

    def press(self) -> dict[str, Any]:
        body = _body()
        user_id, message_id = _number(body, "user_id"), _number(body, "message_id")
        return {"answer": people.press(self.telegram, user_id, message_id, _text(body, "data"))}

    def block(self) -> dict[str, Any]:
        body = _body()
        people.block(self.telegram, _number(body, "user_id"), _truth(body, "blocked"))
        return {"ok": True}

    def write_access(self) -> dict[str, Any]:
        body = _body()
        people.allow_writing(self.telegram, _number(body, "user_id"), _truth(body, "allowed"))
        return {"ok": True}

    def resend(self) -> dict[str, Any]:
        try:
            status, answer = self.telegram.courier.resend(_number(_body(), "update_id"))
        except OSError as error:
            return {"status": None, "error": f"{type(error).__name__}: {error}"}
        return {"status": status, "body": answer}

    def state(self) -> dict[str, Any]:
        with self.telegram.world.look() as data:
            return {
                "webhook": dict(data["webhook"]),
                "users": [dict(user) for user in data["users"].values()],
                "payments": list(data["payments"].values()),
                "invoices": {slug: dict(invoice) for slug, invoice in data["invoices"].items()},
                "updates": [dict(entry) for entry in data["updates"].values()],
                "balance": get_my_star_balance(self.telegram, Params({}))["amount"],
                "calls": self.calls.list(),
            }


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Wrong("the body must be a JSON object")
    return body


def _number(values: Any, name: str, default: int | None = None) -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        raise Wrong(f"{name} must be a whole number")
    return int(value)


def _seconds(values: dict[str, Any], name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{name} must be a number of seconds")
    return float(value)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise Wrong(f"{name} must be a text")
    return value


def _truth(values: dict[str, Any], name: str) -> bool:
    value = values.get(name)
    if not isinstance(value, bool):
        raise Wrong(f"{name} must be true or false")
    return value


def _with_file(data: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """Instead of Telegram's sizes the picture itself, base64, with its media type; a document too."""
    if "document" in message:
        file = data["files"].get(message["document"]["file_id"], {})
        return {**message, "file": file.get("base64"), "file_type": file.get("type")}
    if "photo" not in message:
        return message
    file = data["files"].get(message["photo"][-1]["file_id"], {})
    return {**message, "photo": file.get("base64"), "photo_type": file.get("type")}


def _commands(data: dict[str, Any], language: str) -> list[dict[str, str]]:
    """The most fitting list, as a client picks it: scope before language."""
    lists = data["profile"]["commands"]
    for scope in ("all_private_chats", "default"):
        for code in (language, ""):
            if lists.get(f"{scope}:{code}"):
                found: list[dict[str, str]] = lists[f"{scope}:{code}"]
                return found
    return []
