"""A stand-in for Telegram: the Bot API, the people, the Stars and the window around a Mini App."""
