"""What knows nothing of the shop: the clock, settings, money, languages, secrets, logs."""
