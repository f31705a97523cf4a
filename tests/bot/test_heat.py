"""What is heat of now, and what only comes to the ear now."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.heat import Heat
from bot.notes import Note
from bot.store import ChatSettings, Correction, HeatNotice, Judged, Sensitivity, Store
from bot.store.chat import ChatLanguage
from bot.warnings import texts_for
from tests.bot.test_warnings import ANGRY

FAMILY = -42
TEXTS = texts_for(ChatLanguage.EN, None)
WANTED = ChatSettings(heat=HeatNotice.ON)


class Said:
    """A courier that keeps what it should have delivered."""

    def __init__(self):
        self.said = []

    async def say(self, note, html, keyboard=None, *, silently=False):
        self.said.append(html)


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}")
    yield opened
    await opened.close()


async def keep(store, file, *languages, ago=0.0, verdict=ANGRY):
    sent = datetime.now(UTC) - timedelta(seconds=ago)
    for language in languages or ("en",):
        await store.keep_verdict(file, language, "models", FAMILY, verdict, sent)


async def noticed(store, chat=WANTED, noted_ago=0):
    """Whether a note that came so long ago, and is answered now, brings the calm line."""
    now = int(time.time())
    note = Note(
        message_id=1,
        sent_at=now,
        noted_at=now - noted_ago,
        file_id="f",
        file_unique_id="u",
        file_size=None,
        duration=None,
        chat_id=FAMILY,
        reply_to=1,
        thread_id=None,
        private=False,
        asked=bool(noted_ago),
        language_code=None,
    )
    courier = Said()
    await Heat(courier, store).notice(note, chat, TEXTS)
    return courier.said == [TEXTS("heat")]


async def test_four_angry_notes_of_now_are_heat(store):
    for number in range(3):
        await keep(store, f"file{number}")
    assert not await noticed(store)
    await keep(store, "file3", verdict=replace(ANGRY, unsure=True))
    assert not await noticed(store)
    await keep(store, "file4")
    assert await noticed(store)


async def test_old_notes_whose_words_people_of_two_languages_asked_for_are_none(store):
    for number in range(2):
        await keep(store, f"file{number}", "ru!", "en", ago=5 * 86_400)
        await keep(store, f"new{number}", "ru", "en", "any")
    assert not await noticed(store)


async def test_a_backlog_is_none(store):
    for number in range(6):
        await keep(store, f"file{number}", ago=3600)
    assert not await noticed(store)


async def test_to_ask_about_an_old_note_brings_no_line(store):
    for number in range(4):
        await keep(store, f"file{number}")
    assert not await noticed(store, noted_ago=3600)
    assert await noticed(store)


async def test_what_the_chat_was_told_counts(store):
    doubtful = replace(ANGRY, scores={"negative": 0.55, "neutral": 0.4, "positive": 0.05})
    for number in range(4):
        await keep(store, f"file{number}", verdict=doubtful)
    assert not await noticed(store, replace(WANTED, sensitivity=Sensitivity.LOWER))
    for number in range(9):
        judged = Judged(number, "negative", ANGRY.scores, "en")
        await store.people.correct(FAMILY, 7, Correction(judged, "neutral"))
    assert not await noticed(store)
    await store.people.unlearn(FAMILY)
    assert await noticed(store)
