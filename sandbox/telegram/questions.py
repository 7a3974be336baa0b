"""Queries that wait for the bot's answer: pre-checkouts and pressed callback buttons."""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Question:
    answered: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] | None = None


class Questions:
    """A question is open from `ask` until somebody's `wait` ends; a later answer is refused as too old."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: dict[str, _Question] = {}

    def ask(self) -> str:
        question_id = str(secrets.randbits(62))
        with self._guard:
            self._open[question_id] = _Question()
        return question_id

    def answer(self, question_id: str, answer: dict[str, Any]) -> bool:
        """Whether the question was still open; the first answer counts."""
        with self._guard:
            question = self._open.get(question_id)
            if question is None or question.answer is not None:
                return False
            question.answer = answer
        question.answered.set()
        return True

    def wait(self, question_id: str, seconds: float) -> dict[str, Any] | None:
        """The answer, waited for in real seconds; None when none came."""
        with self._guard:
            question = self._open[question_id]
        question.answered.wait(seconds)
        with self._guard:
            self._open.pop(question_id, None)
            return question.answer
