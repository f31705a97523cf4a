"""What Telegram allows in a chat, on a line that is slow."""

from __future__ import annotations

import asyncio

from telegram import Bot

from bot.courier import Courier
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
