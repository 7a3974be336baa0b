"""Who they are, and what they are told."""
