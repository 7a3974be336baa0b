"""Local stand-ins for eSIM Go and Telegram: real HTTP servers that share no code with the shop."""
