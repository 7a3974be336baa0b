"""What every job may need, made once per process."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from webapp.config import Config
from webapp.esimgo.client import ESIMGoClient
from webapp.leases import Leadership
from webapp.telegram.botapi import BotApi


@dataclass(frozen=True)
class Context:
    config: Config
    esimgo: ESIMGoClient
    bot: BotApi
    leadership: Leadership
    jobs: Mapping[str, ModuleType]
