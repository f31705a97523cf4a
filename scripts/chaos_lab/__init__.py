"""A crowd, a bot, and what goes wrong: the parts of `scripts/chaos.py`."""
