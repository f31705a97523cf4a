"""The project's own engine, from the front door: a voice note in, its exact words out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.bot.conversation import choose
from tests.telegram import BotProcess

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[1] / "fixtures"
TINY = {"FOREWARN_ENGINE": "auto", "FOREWARN_WAV2VEC2_MODEL": str(FIXTURES / "tiny-wav2vec2")}


async def test_the_bot_writes_down_every_note_exactly_and_judges_it(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    with (FIXTURES / "notes" / "notes.tsv").open(encoding="utf-8", newline="") as table:
        notes = list(csv.DictReader(table, delimiter="\t"))
    async with BotProcess(telegram, tmp_path, env=TINY) as bot:
        await bot.wait_ready()
        await choose(chat, anna, "Words: under a spoiler")
        for note in notes:
            warning = await chat.voice(anna, FIXTURES / "notes" / note["file"]).reply(within=60)
            assert warning.marked("spoiler") == [note["transcript"]]
            assert note["tone"] in warning.text
    assert "engine='wav2vec2" in bot.log()
