"""A switch is turned by one; the second who turns it the same way has done nothing."""

from webapp import switches
from webapp.admin.audit import Overtaken


def turn(name: str, by: int, *, on: bool) -> None:
    """Errors: Overtaken when it stands so already."""
    if not switches.turn(name, by, on=on):
        raise Overtaken
