"""What Telegram allows in a chat, on a line that is slow."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from telegram import Bot, InlineKeyboardMarkup

from bot.courier import Courier
from tests.bot.conversation import PLAIN
from tests.telegram import TelegramEmulator

SLOW = 1.5


async def test_a_second_passes_between_two_messages_though_the_first_was_slow():
    async with TelegramEmulator() as tg:
        anna = tg.user("Anna")
        chat = tg.private(anna)
        chat.text(anna, "Hello")
        async with Bot(tg.token, base_url=f"{tg.url}/bot") as bot:
            courier = Courier(bot, patience=5, pace=None)
            tg.fail("sendMessage", delay=SLOW)
            await asyncio.gather(*(courier.tell(anna.id, words) for words in ("One", "Two", "Three")))
        first, second, third = tg.calls_of("sendMessage")
        assert second.at - first.at >= SLOW + 1
        assert third.at - second.at >= 1
        assert [said.text for said in chat.from_bot] == ["One", "Two", "Three"]


async def test_progress_that_says_the_same_once_more_stays_one_that_can_be_changed():
    """As after a restart, when nobody knows what the message said last."""
    async with TelegramEmulator() as tg:
        anna = tg.user("Anna")
        chat = tg.private(anna)
        chat.text(anna, "Hello")
        note = replace(PLAIN, chat_id=anna.id)
        no_buttons = InlineKeyboardMarkup([])
        async with Bot(tg.token, base_url=f"{tg.url}/bot") as bot:
            courier = Courier(bot, patience=5, pace=None)
            said = await courier.show_progress(note, "You are next.", no_buttons, None)
            assert said is not None
            assert await courier.show_progress(note, "You are next.", no_buttons, said) == said
            assert await courier.show_progress(note, "Listening", no_buttons, said) == said
            assert await courier.show_progress(note, "Listening", no_buttons, said + 1) is None
        assert [said.text for said in chat.from_bot] == ["Listening"]
