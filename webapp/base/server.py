"""`python -m webapp.base.server`: the web process, with a WSGI server as the settings say.

It reads them, says what is wrong with them, and becomes granian: the same process with another program in it.
"""

import os
import sys

from webapp.base import private_files
from webapp.base.config import Config, ConfigError

COMMAND = (
    *("-m", "granian", "--interface", "wsgi", "--workers", "1"),
    *("--blocking-threads", "16", "--workers-kill-timeout", "3", "--no-access-log"),
)


def main() -> None:
    """Comes back only by an exception."""
    try:
        config = Config.read()
    except ConfigError as error:
        sys.exit(f"simka: {error}")
    private_files.keep()
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # else 16 threads keep what each has once needed
    door = ("--host", config.bind_address, "--port", str(config.port))
    os.execv(sys.executable, [sys.executable, *COMMAND, *door, "wsgi:app"])  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
