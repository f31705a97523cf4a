"""What comes in from Telegram, what goes out, what is remembered."""

import os

# python-telegram-bot's coming way to give durations; unset, it warns at each one.
os.environ.setdefault("PTB_TIMEDELTA", "true")
