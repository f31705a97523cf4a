"""The project's own Telegram: a Bot API server with people in it, for tests and for playing by hand."""

from bot.emulator.world import User
from tests.telegram.chat import CallbackAnswer, Note, Room
from tests.telegram.emulator import Business, TelegramEmulator
from tests.telegram.faults import Call, Fault, FloodLimits, Limit
from tests.telegram.process import BotProcess

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
