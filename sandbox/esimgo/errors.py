"""The one way in which the emulator says no."""


class Refused(Exception):
    """Answered with this status and message; `plain` where the API documents text/plain."""

    def __init__(self, status: int, message: str, *, plain: bool = False, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.plain, self.retry_after_s = status, message, plain, retry_after_s
