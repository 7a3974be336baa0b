"""One bot and the platform around it: what the methods, the control plane and the courier share."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.faults import FaultBook
from sandbox.telegram.courier import Courier
from sandbox.telegram.errors import Refused
from sandbox.telegram.params import Params
from sandbox.telegram.questions import Questions
from sandbox.telegram.world import World

Method = Callable[["Telegram", Params], Any]
Note = Callable[[str, int], None]

CALL_FAULTS = {"429", "502", "403", "lost_answer", "down", "hang", "slow", "broken_json"}
UPDATE_FAULTS = {"lost_answer", "late"}

log = logging.getLogger(__name__)


class Telegram:
    """`methods` by lower-case name; `note(method, status)` hears of calls made inside webhook answers."""

    def __init__(self, token: str, world: World, methods: Mapping[str, Method], note: Note) -> None:
        self.token, self.world = token, world
        self._methods, self._note = methods, note
        self.faults = FaultBook(CALL_FAULTS)
        self.update_faults = FaultBook(UPDATE_FAULTS)
        self.questions = Questions()
        self.courier = Courier(world, self.update_faults, self.obey)

    @property
    def bot(self) -> dict[str, Any]:
        """Bot API type User. The number before the colon of a token is the bot's id."""
        bot_id = self.token.partition(":")[0]
        return {
            "id": int(bot_id) if bot_id.isdigit() else 1,
            "is_bot": True,
            "first_name": "Simka",
            "username": "simka_sandbox_bot",
        }

    def call(self, name: str, params: Params) -> Any:
        """The result of a Bot API method, whose name is case-insensitive. Raises Refused."""
        method = self._methods.get(name.lower())
        if method is None:
            raise Refused(404, "Not Found")
        return method(self, params)

    def reset(self) -> None:
        self.faults.start_over()
        self.update_faults.start_over()
        self.courier.forget()
        self.world.reset()

    def obey(self, name: str, values: dict[str, Any]) -> None:
        """A call in a webhook answer: the bot never learns the result (Bot API, "Making requests ...").

        Nothing in it may end the courier's thread, which carries the updates of many chats.
        """
        try:
            self.call(name, Params(values))
        except Refused as refusal:
            log.warning("%s in a webhook answer: %s", name, refusal.description)
            self._note(name, refusal.code)
        except Exception:
            log.exception("%s in a webhook answer", name)
            self._note(name, 500)
        else:
            self._note(name, 200)
