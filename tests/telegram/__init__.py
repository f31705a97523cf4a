"""The project's own Telegram: a Bot API server with people in it, for tests and for playing by hand."""

from tests.telegram.chat import CallbackAnswer, Note, Room
from tests.telegram.emulator import Business, TelegramEmulator
from tests.telegram.faults import Call, Fault, FloodLimits, Limit
from tests.telegram.process import BotProcess
from tests.telegram.world import User

__all__ = [
    "BotProcess",
    "Business",
    "Call",
    "CallbackAnswer",
    "Fault",
    "FloodLimits",
    "Limit",
    "Note",
    "Room",
    "TelegramEmulator",
    "User",
]
