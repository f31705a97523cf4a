"""The methods, by subject. Importing this package fills the table in `tests.telegram.api`."""

from tests.telegram.methods import chats, files, messages, profile, queries, updates

__all__ = ["chats", "files", "messages", "profile", "queries", "updates"]
