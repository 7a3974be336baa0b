"""What all processes of the shop share: who leads, what is wrong, what is switched off, what works."""
