"""What is remembered, and what is not."""

import asyncio
import sqlite3
from dataclasses import asdict
from datetime import timedelta

import pytest

from bot.store import ChatSettings, ShowTranscript, Store, StoreError, Style, WarnWhen
from bot.store.chat import ChatLanguage
from models.verdict import JudgedWord
from tests.bot.test_warnings import ANGRY

CHOSEN = ChatSettings(Style.BRIEF, WarnWhen.NEGATIVE, ShowTranscript.SPOILER, ChatLanguage.RU)
MODELS = "whisper/1234"
FAMILY, SUPERGROUP = -42, -1001234567890


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}")
    yield opened
    await opened.close()


async def test_a_chat_starts_with_the_defaults_and_keeps_what_it_chose(store):
    assert await store.chat(FAMILY) == ChatSettings()
    await store.choose(FAMILY, style="detailed")
    await store.choose(FAMILY, **asdict(CHOSEN))
    assert await store.chat(FAMILY) == CHOSEN
    assert await store.chat(FAMILY + 1) == ChatSettings()


async def test_settings_survive_a_restart(store, tmp_path):
    await store.choose(FAMILY, **asdict(CHOSEN))
    await store.close()
    again = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'forewarn.db'}")
    assert await again.chat(FAMILY) == CHOSEN
    await again.close()


async def test_a_verdict_is_kept_without_its_words(store, tmp_path):
    said = "unforgettable"
    words = (JudgedWord(said, 0, 1, 0.9),)
    verdict = type(ANGRY)(
        **{name: getattr(ANGRY, name) for name in ANGRY.__slots__} | {"transcript": said, "words": words}
    )
    await store.keep_verdict("file", "en", MODELS, FAMILY, verdict)
    kept = await store.verdict("file", "en", MODELS)
    assert (kept.tone, kept.scores, kept.timeline) == (ANGRY.tone, ANGRY.scores, ANGRY.timeline)
    assert (kept.transcript, kept.words) == ("", ())
    await store.close()
    for file in tmp_path.iterdir():
        assert said.encode() not in file.read_bytes()


async def test_a_verdict_of_other_models_or_another_language_is_no_answer(store):
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY)
    assert await store.verdict("file", "en", "whisper/newer") is None
    assert await store.verdict("file", "ru", MODELS) is None


async def test_forget_deletes_all_of_one_chat_and_nothing_of_another(store):
    for chat in (FAMILY, FAMILY + 1):
        await store.choose(chat, **asdict(CHOSEN))
        await store.keep_verdict(f"file{chat}", "en", MODELS, chat, ANGRY)
    await store.forget_chat(FAMILY)
    assert await store.chat(FAMILY) == ChatSettings()
    assert await store.verdict(f"file{FAMILY}", "en", MODELS) is None
    assert await store.chat(FAMILY + 1) == CHOSEN
    assert await store.verdict(f"file{FAMILY + 1}", "en", MODELS) is not None


async def test_what_one_chat_forgets_another_that_heard_it_too_still_knows(store):
    for chat in (FAMILY, FAMILY + 1):
        await store.keep_verdict("file", "en", MODELS, chat, ANGRY)
    await store.forget_chat(FAMILY)
    assert await store.verdict("file", "en", MODELS) is not None
    await store.forget_chat(FAMILY + 1)
    assert await store.verdict("file", "en", MODELS) is None


async def test_two_choices_at_once_are_both_kept(store):
    await asyncio.gather(store.choose(FAMILY, style="brief"), store.choose(FAMILY, when="negative"))
    chat = await store.chat(FAMILY)
    assert (chat.style, chat.when) == (Style.BRIEF, WarnWhen.NEGATIVE)


async def test_settings_move_with_a_group_that_becomes_a_supergroup(store):
    await store.choose(FAMILY, **asdict(CHOSEN))
    await store.move_chat(FAMILY, SUPERGROUP)
    assert await store.chat(SUPERGROUP) == CHOSEN
    assert await store.chat(FAMILY) == ChatSettings()
    await store.move_chat(FAMILY, SUPERGROUP)
    assert await store.chat(SUPERGROUP) == CHOSEN


async def test_old_verdicts_are_swept(store):
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY)
    await store.forget_verdicts(timedelta(days=1))
    assert await store.verdict("file", "en", MODELS) is not None
    await store.forget_verdicts(timedelta(seconds=-1))
    assert await store.verdict("file", "en", MODELS) is None


async def test_a_damaged_or_locked_or_missing_database_is_one_clear_line(tmp_path):
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database at all" * 100)
    locked = tmp_path / "locked.db"
    holder = sqlite3.connect(locked)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    for path in (damaged, locked, tmp_path / "no" / "such" / "folder.db"):
        with pytest.raises(StoreError, match=r"^the database cannot be used: [^\n]+$"):
            await Store.open(f"sqlite+aiosqlite:///{path}")
    holder.close()
