"""A switch is turned by one; the second who turns it the same way has done nothing."""

from webapp.operations.admin.audit import Overtaken
from webapp.state import switches


def turn(name: str, by: int, *, on: bool) -> None:
    """Errors: Overtaken when it stands so already."""
    if not switches.turn(name, by, on=on):
        raise Overtaken
