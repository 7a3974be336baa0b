"""For whoever runs the shop: its desk, its doctor, commands, alerts, copies."""
