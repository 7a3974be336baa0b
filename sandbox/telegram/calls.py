"""The log of Bot API calls, each with the chat it concerns."""

import threading
from typing import Any

from sandbox.faults import CallLog


class Calls(CallLog):
    """Adds chat_id, which rate limits are about, and via: "http", or "webhook" for a call in its answer."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def arrived(self, method: str, path: str, query: str) -> dict[str, Any]:
        call = super().arrived(method, path, query)
        call.update(via="http", chat_id=None)
        self._here.call = call
        return call

    def concerns(self, chat_id: Any) -> None:
        """The call that this thread is answering is about this chat."""
        self._here.call["chat_id"] = chat_id

    def in_webhook_answer(self, name: str, status: int) -> None:
        super().arrived("POST", f"/{name}", "").update(via="webhook", status=status)
