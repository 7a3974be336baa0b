"""Where the settings are written down: in the environment, and below it in a file of the same lines."""

import os
from pathlib import Path

from honcho.environ import parse


def settings() -> dict[str, str]:
    """What a process was given goes before .env of the folder that it runs in (or the file of ENV_FILE).

    So `flask --app wsgi ...`, typed by hand, knows the shop that `make run` or a supervisor started.
    """
    file = Path(os.environ.get("ENV_FILE", ".env"))
    written: dict[str, str] = parse(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return written | dict(os.environ)
