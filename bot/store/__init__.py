"""What is remembered: chats' settings, verdicts, what people decided. Never words, never audio."""

from bot.store.chat import ChatSettings, Obstacle, Owner, Sensitivity, ShowTranscript, Style, WarnWhen
from bot.store.people import Correction, Judged
from bot.store.store import Store, StoreError

__all__ = [
    "ChatSettings",
    "Correction",
    "Judged",
    "Obstacle",
    "Owner",
    "Sensitivity",
    "ShowTranscript",
    "Store",
    "StoreError",
    "Style",
    "WarnWhen",
]
