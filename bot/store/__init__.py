"""What is remembered: chats' settings, verdicts, what people decided. Never words, never audio."""

from bot.store.arrivals import Claim
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
from bot.store.members import Member
from bot.store.pace import Limit, Pace
from bot.store.people import Consent, Correction, Judged
from bot.store.progress import ProgressMessage
from bot.store.store import Store, StoreError

__all__ = [
    "Allowance",
    "ChatSettings",
    "Claim",
    "Consent",
    "Correction",
    "HeatNotice",
    "Judged",
    "Limit",
    "Member",
    "Obstacle",
    "Owner",
    "Pace",
    "ProgressMessage",
    "Sensitivity",
    "ShowTranscript",
    "Store",
    "StoreError",
    "Style",
    "Use",
    "WarnWhen",
]
