"""Updates as they come over the line, before anything is made of them.

One that python-telegram-bot cannot read would spoil the whole poll, be sent again with the next one, and keep
the bot from all that follow, for good; and the library would log what it holds. So each is tried alone here,
and what cannot be read is left as its bare number, which is what tells Telegram to forget it.
"""

from __future__ import annotations

import math
from typing import Any

import structlog
from telegram import Update

__all__ = ["readable"]

log = structlog.get_logger(__name__)

NUMBER_BITS = 63
"""Telegram's largest numbers have 52; a database takes 63."""


def readable(updates: list[Any]) -> list[dict[str, Any]]:
    """The same updates, those that cannot be read emptied; those without a number are left out."""
    numbered = [one for one in updates if isinstance(one, dict) and _is_number(one.get("update_id"))]
    if len(numbered) < len(updates):
        log.error("updates without a number", dropped=len(updates) - len(numbered))
    return [one if _can_be_read(one) else {"update_id": one["update_id"]} for one in numbered]


def _is_number(value: object) -> bool:
    return type(value) is int and value.bit_length() <= NUMBER_BITS


def _check(value: object) -> None:
    """Raises ValueError for what JSON can hold, and neither a database nor another request."""
    match value:
        case str():
            value.encode()
        case int() if value.bit_length() > NUMBER_BITS:
            raise ValueError("a number beyond all that Telegram has")
        case float() if not math.isfinite(value):
            raise ValueError("no number")
        case dict():
            for one in value.values():
                _check(one)
        case list():
            for one in value:
                _check(one)


def _can_be_read(update: dict[str, Any]) -> bool:
    try:
        _check(update)
        Update.de_json(update, None)
    except Exception as error:
        # Only the kind of the error: its message may quote what somebody wrote.
        log.error("update not understood", update_id=update["update_id"], error=type(error).__name__)
        return False
    return True
