"""Carries updates to the webhook: in order within a chat, repeated with growing pauses until a 2xx answer."""

import heapq
import http.client
import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox import clock
from sandbox.faults import FaultBook
from sandbox.telegram.world import World, new_update, now_s

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
KEPT_S = 24 * 3600
PRE_CHECKOUT_S = 10
LONGEST_PAUSE_S = 30.0
WORKERS = 40
_READ_TIMEOUT_S = 60.0

Execute = Callable[[str, dict[str, Any]], None]


class Courier:
    """One queue per chat; a few workers serve the chats whose turn has come.

    `execute(method, parameters)` runs a method call found in the body of the webhook's answer
    (Bot API, "Making requests when getting updates").
    Faults of the way, match "UPDATE /<kind of update>": lost_answer (delivered, but the answer does not
    arrive, so it is sent again) and late (set out after_s later, by the sandbox's clock).
    """

    def __init__(self, world: World, faults: FaultBook, execute: Execute) -> None:
        self.world, self._faults, self._execute = world, faults, execute
        self._turn = threading.Condition()
        self.queues: dict[int, list[int]] = {}
        self._due: list[tuple[float, int]] = []
        self._hurries = 0
        self._waited_for: dict[int, threading.Event] = {}
        self._stopped = False
        self._started = False

    def send(self, kind: str, chat_id: int, content: dict[str, Any]) -> int | None:
        """Queue an update; None when the bot does not want this kind. Never blocks."""
        with self.world.change() as data:
            update_id = new_update(data, kind, chat_id, content)
            fault = self._faults.take("UPDATE", f"/{kind}") if update_id is not None else None
            if fault and fault.kind == "lost_answer":
                data["updates"][str(update_id)]["lose_answer"] = True
        if update_id is None:
            return None
        if fault and fault.kind == "late":
            self.queue_later(chat_id, update_id, fault.after_s)
        else:
            self.queue(chat_id, update_id)
        return update_id

    def wait(self, update_id: int, seconds: float) -> bool:
        """Whether the update is delivered within so many real seconds."""
        with self._turn:
            event = self._waited_for.setdefault(update_id, threading.Event())
        with self.world.look() as data:
            delivered = data["updates"].get(str(update_id), {}).get("state") == "delivered"
        try:
            return delivered or event.wait(seconds)
        finally:
            with self._turn:
                self._waited_for.pop(update_id, None)

    def start(self) -> None:
        """Take up what a former run left undelivered, and begin to work."""
        if self._started:
            return
        self._started = True
        with self.world.look() as data:
            owed = [(e["chat_id"], int(key)) for key, e in data["updates"].items() if e["state"] == "pending"]
        for chat_id, update_id in owed:
            self.queue(chat_id, update_id)
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def forget(self) -> None:
        """Drop everything that is queued."""
        with self._turn:
            self.queues.clear()
            self._due.clear()

    def hurry(self) -> None:
        """The webhook has changed: try every waiting chat now."""
        with self._turn:
            self._hurries += 1  # for those that are being tried
            self._due = [(0.0, chat_id) for _, chat_id in self._due]
            heapq.heapify(self._due)
            self._turn.notify_all()

    def resend(self, update_id: int) -> tuple[int, str]:
        """Deliver a stored update once more, at once; returns the webhook's status and body.

        LookupError when it is unknown, OSError when the webhook cannot be reached.
        """
        with self.world.look() as data:
            update = data["updates"][str(update_id)]["update"]
        status, body = self.post(update)
        self._obey(status, body)
        return status, body.decode("utf-8", "replace")

    def queue(self, chat_id: int, update_id: int) -> None:
        with self._turn:
            queue = self.queues.setdefault(chat_id, [])
            queue.append(update_id)
            if len(queue) == 1:
                self._set_due(chat_id, 0.0)

    def queue_later(self, chat_id: int, update_id: int, seconds: float) -> None:
        """Outside the chat's queue until then, so that later updates overtake it."""
        due = clock.now() + timedelta(seconds=seconds)
        threading.Thread(target=self._queue_at, args=(due, chat_id, update_id), daemon=True).start()

    def _queue_at(self, due: datetime, chat_id: int, update_id: int) -> None:
        while clock.now() < due:
            if self._stopped:
                return
            clock.sleep(0.05)
        self.queue(chat_id, update_id)

    def _set_due(self, chat_id: int, pause: float) -> None:
        heapq.heappush(self._due, (clock.monotonic() + pause, chat_id))
        self._turn.notify()

    def _work(self) -> None:
        while (chat_id := self._next_chat()) is not None:
            with self._turn:
                queue, hurries = self.queues.get(chat_id), self._hurries
            if not queue:
                continue
            pause = self.deliver(queue[0])
            with self._turn:
                if pause is not None and hurries != self._hurries:
                    pause = 0.0
                if self.queues.get(chat_id) is queue:  # else it was forgotten meanwhile
                    self._after(chat_id, queue, pause)

    def _after(self, chat_id: int, queue: list[int], pause: float | None) -> None:
        if pause is None:
            queue.pop(0)
        if queue:
            self._set_due(chat_id, pause or 0.0)
        else:
            del self.queues[chat_id]

    def _next_chat(self) -> int | None:
        """The chat whose turn has come; None when the courier stops."""
        with self._turn:
            while not self._stopped:
                wait = self._due[0][0] - clock.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[1]
                self._turn.wait(wait)
        return None

    def deliver(self, update_id: int) -> float | None:
        """Try once. None when the update is done with, else the pause before the next try, in seconds."""
        with self.world.look() as data:
            entry = data["updates"].get(str(update_id))
            connected = bool(data["webhook"]["url"])
        if entry is None:
            return None
        if _too_old(entry):
            self._give_up(entry)
            return None
        if not connected:
            return LONGEST_PAUSE_S
        return self._attempt(entry)

    def _attempt(self, entry: dict[str, Any]) -> float | None:
        try:
            status, body = self.post(entry["update"])
            error = "" if 200 <= status < 300 else f"Wrong response from the webhook: {status}"
        except (OSError, http.client.HTTPException) as failure:
            status, body, error = 0, b"", f"{type(failure).__name__}: {failure}"
        if entry.get("lose_answer"):
            error, body = "Connection reset by peer", b""
        with self.world.change() as data:
            entry.pop("lose_answer", None)
            entry["attempts"] += 1
            entry["status"] = status or None
            if error:
                data["webhook"].update(last_error_date=now_s(), last_error_message=error)
            else:
                entry["state"] = "delivered"
        if error:
            return float(min(LONGEST_PAUSE_S, 2 ** (entry["attempts"] - 1)))
        self._obey(status, body)
        self._tell_waiting(entry["update"]["update_id"])
        return None

    def _give_up(self, entry: dict[str, Any]) -> None:
        with self.world.change():
            entry["state"] = "dropped"

    def post(self, update: dict[str, Any]) -> tuple[int, bytes]:
        """One POST; a fresh connection each time, so that a restarted shop costs no failed attempt."""
        with self.world.look() as data:
            webhook = dict(data["webhook"])
        parts = urlsplit(webhook["url"])
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        timeout = PRE_CHECKOUT_S if "pre_checkout_query" in update else _READ_TIMEOUT_S
        connection = kind(str(parts.hostname), parts.port, timeout=timeout)
        headers = {"Content-Type": "application/json"}
        if webhook["secret_token"]:
            headers[SECRET_HEADER] = webhook["secret_token"]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, json.dumps(update).encode(), headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _obey(self, status: int, body: bytes) -> None:
        """Run the method call that the webhook put into its answer, if any."""
        if not 200 <= status < 300:
            return
        try:
            call = json.loads(body)
        except ValueError:
            return
        if isinstance(call, dict) and isinstance(call.get("method"), str):
            self._execute(call.pop("method"), call)

    def _tell_waiting(self, update_id: int) -> None:
        with self._turn:
            event = self._waited_for.get(update_id)
        if event:
            event.set()


def _too_old(entry: dict[str, Any]) -> bool:
    """By the sandbox's clock; a checkout is not sent after 10 s, when nobody waits for it any more."""
    kept = PRE_CHECKOUT_S if entry["kind"] == "pre_checkout_query" else KEPT_S
    return now_s() - int(entry["created"]) > kept
