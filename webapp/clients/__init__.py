"""The outside: eSIM Go, Telegram, a mail server. Knows nothing of Flask, Peewee or the shop."""
