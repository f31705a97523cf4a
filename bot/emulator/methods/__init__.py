"""The methods, by subject. Importing this package fills the table."""

from bot.emulator.api import METHODS
from bot.emulator.methods import chats, files, messages, profile, queries, updates

__all__ = ["METHODS", "chats", "files", "messages", "profile", "queries", "updates"]
