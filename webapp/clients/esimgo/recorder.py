"""A client that keeps what eSIM Go answered word for word, to see which of the doubtful shapes it uses."""

from pathlib import Path
from typing import Any

from webapp.clients.http import Adapter, Answer, OnSent

from .budget import Budget
from .calls import Call, Caller, Timeouts
from .client import ESIMGoClient


class Recorder(Caller):
    """Each endpoint with its last answer in `answers`. Not for a log: nothing is masked in them."""

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.answers: dict[str, Answer] = {}

    def _answer(
        self, call: Call, adapter: Adapter, on_sent: OnSent | None = None, begin_by: float | None = None
    ) -> Answer:
        answer = super()._answer(call, adapter, on_sent, begin_by)
        self.answers[call.endpoint] = answer
        return answer


class RecordingClient(ESIMGoClient):
    """One call a second: the jobs process may be asking at the same time."""

    def __init__(self, api_key: str, base_url: str, authorities: Path | None = None) -> None:
        super().__init__(api_key, base_url)
        budget = Budget(1, max_wait_s=5)
        self.recorder = Recorder(api_key, base_url, budget, Timeouts(), None, authorities)
        self._caller = self.recorder
