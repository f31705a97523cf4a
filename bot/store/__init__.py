"""What is remembered: chats' settings, verdicts, what people decided. Never words, never audio."""

from bot.store.chat import (
    ChatSettings,
    HeatNotice,
    Obstacle,
    Owner,
    Sensitivity,
    ShowTranscript,
    Style,
    WarnWhen,
)
from bot.store.counts import Allowance, Use
from bot.store.people import Consent, Correction, Judged
from bot.store.progress import ProgressMessage
from bot.store.store import Store, StoreError

__all__ = [
    "Allowance",
    "ChatSettings",
    "Consent",
    "Correction",
    "HeatNotice",
    "Judged",
    "Obstacle",
    "Owner",
    "ProgressMessage",
    "Sensitivity",
    "ShowTranscript",
    "Store",
    "StoreError",
    "Style",
    "Use",
    "WarnWhen",
]
