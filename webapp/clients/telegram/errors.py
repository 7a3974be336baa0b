"""What can go wrong with the Bot API, named by what the caller must do. No message holds the token."""


class TelegramError(Exception):
    """Root of everything that this package raises."""


class SlowDown(TelegramError):
    """429: not done; try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class BadCall(TelegramError):
    """Telegram will never do this as it was asked."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class Blocked(BadCall):
    """This person cannot be written to until they start the bot or let it write again."""


class AlreadyRefunded(BadCall):
    """The refund was made before: for a caller who wants it refunded, that is success."""


class BalanceTooLow(BadCall):
    """The bot has not as many Stars as it was asked to give back."""


class NotReached(TelegramError):
    """The request never left; surely nothing happened."""


class Lost(TelegramError):
    """Sent, and no answer that can be read: it may or may not have happened."""
