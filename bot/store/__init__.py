"""What is remembered: chats' settings and verdicts. Never words, never audio."""

from bot.store.chat import ChatSettings, ShowTranscript, Style, WarnWhen
from bot.store.store import Store, StoreError

__all__ = ["ChatSettings", "ShowTranscript", "Store", "StoreError", "Style", "WarnWhen"]
