"""Settings as a process with this environment would read them."""

import os
from collections.abc import Mapping
from unittest import mock

from webapp.base.config import Config


def settings_of(environ: Mapping[str, str]) -> Config:
    """Errors: ConfigError."""
    with mock.patch.dict(os.environ, environ, clear=True):
        return Config.read()


def changed(config: Config, **settings: object) -> Config:
    """The same settings but for these."""
    return config.model_copy(update=settings)
