"""What the shop writes down is for its own user: database, its WAL, copies, what is brought back from one."""

import os
import stat
from pathlib import Path

UMASK = 0o077


def keep() -> None:
    """From now on no other user of the machine reads what this process, or one that it starts, creates."""
    os.umask(UMASK)


def is_open_to_others(path: Path) -> bool:
    """May any user of the machine read or write this file? One that is not there is open to nobody."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IROTH | stat.S_IWOTH))
