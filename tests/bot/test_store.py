"""What is remembered, and what is not."""

import asyncio
import json
import sqlite3
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.store import ChatSettings, Claim, Obstacle, Owner, ShowTranscript, Store, StoreError, Style, WarnWhen
from bot.store.chat import BusinessWarnings, ChatLanguage, DeleteAfter, Digest, QuietHours
from bot.store.store import MIGRATIONS
from bot.store.tables import metadata
from models.verdict import JudgedWord
from tests.bot.test_warnings import ANGRY

CHOSEN = ChatSettings(
    Style.BRIEF,
    WarnWhen.NEGATIVE,
    ShowTranscript.SPOILER,
    ChatLanguage.RU,
    BusinessWarnings.OFF,
    QuietHours.FROM_23,
    -5,
    DeleteAfter.HOUR,
)
OLGA = Owner(user_id=7, chat_id=7, language_code="ru")
MODELS = "whisper/1234"
NOW = datetime.now(UTC)
FAMILY, SUPERGROUP = -42, -1001234567890


async def test_a_chat_starts_with_the_defaults_and_keeps_what_it_chose(store):
    assert await store.chat(FAMILY) == ChatSettings()
    await store.choose(FAMILY, style="detailed")
    await store.choose(FAMILY, **asdict(CHOSEN))
    assert await store.chat(FAMILY) == CHOSEN
    assert await store.chat(FAMILY + 1) == ChatSettings()


async def test_settings_survive_a_restart(store, store_url):
    await store.choose(FAMILY, **asdict(CHOSEN))
    await store.close()
    again = await Store.open(store_url)
    assert await again.chat(FAMILY) == CHOSEN
    await again.close()


async def test_a_verdict_is_kept_without_its_words(store, tmp_path):
    said = "unforgettable"
    words = (JudgedWord(said, 0, 1, 0.9),)
    verdict = type(ANGRY)(
        **{name: getattr(ANGRY, name) for name in ANGRY.__slots__} | {"transcript": said, "words": words}
    )
    await store.keep_verdict("file", "en", MODELS, FAMILY, verdict, NOW)
    kept = await store.verdict("file", "en", MODELS)
    assert (kept.tone, kept.scores, kept.timeline) == (ANGRY.tone, ANGRY.scores, ANGRY.timeline)
    assert (kept.transcript, kept.words) == ("", ())
    await store.close()
    for file in tmp_path.iterdir():
        assert said.encode() not in file.read_bytes()


async def test_a_verdict_of_other_models_or_another_language_is_no_answer(store):
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY, NOW)
    assert await store.verdict("file", "en", "whisper/newer") is None
    assert await store.verdict("file", "ru", MODELS) is None


async def test_forget_deletes_all_of_one_chat_and_nothing_of_another(store):
    for chat in (FAMILY, FAMILY + 1):
        await store.choose(chat, **asdict(CHOSEN))
        await store.keep_verdict(f"file{chat}", "en", MODELS, chat, ANGRY, NOW)
    await store.forget_chat(FAMILY)
    assert await store.chat(FAMILY) == ChatSettings()
    assert await store.verdict(f"file{FAMILY}", "en", MODELS) is None
    assert await store.chat(FAMILY + 1) == CHOSEN
    assert await store.verdict(f"file{FAMILY + 1}", "en", MODELS) is not None


async def test_what_one_chat_forgets_another_that_heard_it_too_still_knows(store):
    for chat in (FAMILY, FAMILY + 1):
        await store.keep_verdict("file", "en", MODELS, chat, ANGRY, NOW)
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


async def test_where_a_group_moved_is_known_while_notes_of_it_may_wait(store, monkeypatch):
    assert await store.arrivals.home(FAMILY) == FAMILY
    for _ in range(2):
        await store.move_chat(FAMILY, SUPERGROUP)
    await store.arrivals.forget_old()
    assert await store.arrivals.home(FAMILY) == SUPERGROUP
    # A note that was in work when the group moved.
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY, NOW)
    await store.forget_chat(SUPERGROUP)
    assert await store.verdict("file", "en", MODELS) is None
    assert await store.arrivals.home(FAMILY) == FAMILY
    await store.move_chat(FAMILY, SUPERGROUP)
    monkeypatch.setattr("bot.store.arrivals.KEPT", timedelta(seconds=-1))
    await store.arrivals.forget_old()
    assert await store.arrivals.home(FAMILY) == FAMILY


async def test_old_verdicts_are_swept(store):
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY, NOW)
    await store.forget_verdicts(timedelta(days=1))
    assert await store.verdict("file", "en", MODELS) is not None
    await store.forget_verdicts(timedelta(seconds=-1))
    assert await store.verdict("file", "en", MODELS) is None


async def test_to_hear_a_note_again_does_not_keep_it_longer(store):
    await store.keep_verdict("file", "en", "whisper/older", FAMILY, ANGRY, NOW)
    await asyncio.sleep(0.5)
    await store.keep_verdict("file", "en", MODELS, FAMILY, ANGRY, NOW)
    assert await store.verdict("file", "en", MODELS) is not None
    await store.forget_verdicts(timedelta(seconds=0.4))
    assert await store.verdict("file", "en", MODELS) is None


async def nobody_knows() -> None:
    """Whether others live cannot be judged."""


async def test_an_update_is_dealt_with_once_and_inherited_only_from_the_dead(store):
    async def alive() -> frozenset[str]:
        return frozenset({"me", "other"})

    async def alone() -> frozenset[str]:
        return frozenset({"me"})

    claim = store.arrivals.claim
    assert await claim(1, "other", alive) is Claim.OURS
    for living in (alive, nobody_knows):
        assert await claim(1, "me", living) is Claim.OTHERS
    assert await claim(1, "me", alone) is Claim.OURS
    assert await claim(1, "other", alive) is Claim.OTHERS
    assert await claim(1, "me", nobody_knows) is Claim.OURS  # its own, from before it was cut off
    await store.arrivals.done(1)
    assert await claim(1, "other", alone) is Claim.NOBODYS


async def test_what_came_is_forgotten_when_telegram_no_longer_sends_it_again(store, monkeypatch):
    async def comes() -> tuple[Claim, bool]:
        claim = await store.arrivals.claim(1, "me", nobody_knows)
        await store.arrivals.done(1)
        return claim, await store.arrivals.is_first(FAMILY, "album", "7")

    assert await comes() == (Claim.OURS, True)
    await store.arrivals.forget_old()
    assert await comes() == (Claim.NOBODYS, False)
    monkeypatch.setattr("bot.store.arrivals.KEPT", timedelta(seconds=-1))
    await store.arrivals.forget_old()
    assert await comes() == (Claim.OURS, True)


async def test_what_is_said_once_in_an_hour_is_not_said_again_when_the_clock_strikes(store):
    hour = timedelta(hours=1)
    assert await store.arrivals.is_time(FAMILY, "stale-notes", hour)
    assert not await store.arrivals.is_time(FAMILY, "stale-notes", hour)
    assert await store.arrivals.is_time(FAMILY, "business-stale", hour)
    assert await store.arrivals.is_time(FAMILY + 1, "stale-notes", hour)
    await asyncio.sleep(0.2)
    assert await store.arrivals.is_time(FAMILY, "stale-notes", timedelta(seconds=0.2))
    assert not await store.arrivals.is_time(FAMILY, "stale-notes", timedelta(seconds=30))


async def test_an_account_is_connected_once_however_often_telegram_says_so(store):
    assert await store.connect("c1", OLGA)
    assert not await store.connect("c1", OLGA)
    assert await store.owner("c1") == OLGA
    assert await store.connection(OLGA.chat_id) == "c1"
    assert await store.owner("c2") is None
    assert await store.connection(OLGA.chat_id + 1) is None


async def test_an_account_has_one_connection_at_a_time(store):
    await store.connect("c1", OLGA)
    renamed = Owner(OLGA.user_id, OLGA.chat_id, "en")
    assert not await store.connect("c2", renamed)
    assert await store.owner("c1") is None
    assert await store.owner("c2") == renamed


async def test_two_who_hear_of_a_connection_at_once_greet_its_owner_once(store):
    assert sorted(await asyncio.gather(*(store.connect("c1", OLGA) for _ in range(5)))) == [False] * 4 + [
        True
    ]


async def test_a_contact_is_muted_for_one_owner_only(store):
    for _ in range(2):
        await store.mute(OLGA.chat_id, 42)
    assert await store.is_muted(OLGA.chat_id, 42)
    assert not await store.is_muted(OLGA.chat_id, 43)
    assert not await store.is_muted(OLGA.chat_id + 1, 42)
    await store.mute(OLGA.chat_id, 43)
    assert await store.muted(OLGA.chat_id) == 2
    await store.unmute(OLGA.chat_id, 42)
    assert not await store.is_muted(OLGA.chat_id, 42)
    await store.unmute(OLGA.chat_id)
    assert await store.muted(OLGA.chat_id) == 0


@pytest.mark.parametrize("end", ["disconnect", "forget_chat"])
async def test_with_a_connection_goes_all_that_was_kept_because_of_it(store, end):
    other = Owner(8, 8, None)
    for number, owner in enumerate((OLGA, other)):
        await store.connect(f"c{number}", owner)
        await store.choose(owner.chat_id, style="brief", business="off")
        await store.mute(owner.chat_id, 42)
        await store.keep_verdict("file", "ru", MODELS, owner.chat_id, ANGRY, NOW)
    await (store.disconnect("c0") if end == "disconnect" else store.forget_chat(OLGA.chat_id))
    assert await store.owner("c0") is None
    assert not await store.is_muted(OLGA.chat_id, 42)
    assert (await store.chat(OLGA.chat_id)).business is BusinessWarnings.ON
    assert not await store.disconnect("c0")
    assert await store.owner("c1") == other
    assert await store.is_muted(other.chat_id, 42)
    assert (await store.chat(other.chat_id)).business is BusinessWarnings.OFF
    await store.forget_chat(other.chat_id)
    assert await store.verdict("file", "ru", MODELS) is None


async def test_what_keeps_the_bot_from_writing_is_known_until_it_is_gone(store):
    assert await store.hinder(FAMILY, Obstacle.CLOSED)
    assert not await store.hinder(FAMILY, Obstacle.CLOSED)
    assert not await store.is_hindered(FAMILY, Obstacle.NO_RIGHTS)
    assert not await store.is_hindered(FAMILY + 1, Obstacle.CLOSED)
    for end in (store.clear(FAMILY, Obstacle.CLOSED), store.forget_chat(FAMILY)):
        await store.hinder(FAMILY, Obstacle.CLOSED)
        assert await store.is_hindered(FAMILY, Obstacle.CLOSED)
        await end
        assert not await store.is_hindered(FAMILY, Obstacle.CLOSED)


@pytest.mark.parametrize("in_mind", [False, True])
async def test_obstacles_and_expected_checks_survive_a_restart(store, store_url, in_mind):
    await store.hinder(FAMILY, Obstacle.CLOSED)
    await store.arrivals.expect_check(OLGA.chat_id, timedelta(minutes=10))
    await store.close()
    again = await Store.open(store_url)
    if in_mind:
        await again.keep_in_mind()
    assert not await again.is_hindered(OLGA.chat_id, Obstacle.CLOSED)
    await again.hinder(SUPERGROUP, Obstacle.CLOSED)
    assert await again.is_hindered(SUPERGROUP, Obstacle.CLOSED)
    assert await again.is_hindered(FAMILY, Obstacle.CLOSED)
    assert not await again.arrivals.take_check(FAMILY)
    assert await again.arrivals.take_check(OLGA.chat_id)
    assert not await again.arrivals.take_check(OLGA.chat_id)
    await again.arrivals.expect_check(SUPERGROUP, timedelta(minutes=10))
    assert await again.arrivals.take_check(SUPERGROUP)
    await again.close()


async def test_a_digest_is_known_as_long_as_it_grows_and_only_in_its_topic(store):
    digest = Digest(7, {"-42:1": "negative", "-42:2": "positive"})
    hour = timedelta(hours=1)
    await store.keep_digest(FAMILY, None, Digest(5, {"-42:1": "negative"}))
    await store.keep_digest(FAMILY, None, digest)
    assert await store.digest(FAMILY, None, hour) == digest
    assert await store.digest(FAMILY, 3, hour) is None
    assert await store.digest(FAMILY, None, timedelta(seconds=-1)) is None
    await store.forget_digests(hour)
    assert await store.digest(FAMILY, None, hour) == digest
    await store.forget_chat(FAMILY)
    assert await store.digest(FAMILY, None, hour) is None


async def test_messages_to_delete_are_due_in_their_time_and_at_once_when_a_chat_is_forgotten(store):
    await store.delete_later(FAMILY, 1, timedelta(minutes=10))
    await store.delete_later(FAMILY, 2, timedelta(seconds=-2))
    await store.delete_later(FAMILY + 1, 3, timedelta(seconds=-1))
    assert await store.due(10) == [(FAMILY, 2), (FAMILY + 1, 3)]
    assert await store.due(1) == [(FAMILY, 2)]
    await store.delete_later(FAMILY, 2, timedelta(minutes=10))
    await store.deleted(FAMILY + 1, 3)
    assert await store.due(10) == []
    await store.forget_chat(FAMILY)
    assert {number for _, number in await store.due(10)} == {1, 2}


async def test_a_database_of_the_first_version_is_upgraded_with_its_rows(tmp_path):
    path = tmp_path / "forewarn.db"
    _make_by_version("0001", path)
    with sqlite3.connect(path) as old:
        old.execute("INSERT INTO chats VALUES (-42, 'brief', 'negative', 'spoiler', 'ru')")
        kept = json.dumps(asdict(replace(ANGRY, transcript="")))
        row = ("file", "en", FAMILY, MODELS, kept, "2026-01-01 00:00:00")
        old.execute("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", row)
    upgraded = await Store.open(f"sqlite+aiosqlite:///{path}")
    assert await upgraded.chat(FAMILY) == ChatSettings(
        Style.BRIEF, WarnWhen.NEGATIVE, ShowTranscript.SPOILER, ChatLanguage.RU
    )
    assert (await upgraded.verdict("file", "en", MODELS)).scores == ANGRY.scores
    # When it was sent is not known; it was heard soon after.
    made = datetime(2026, 1, 1, tzinfo=UTC)
    assert [at for at, _ in await upgraded.heard(FAMILY, made - timedelta(days=1))] == [made]
    assert await upgraded.connect("c1", OLGA)
    await upgraded.close()


def _make_by_version(revision, path):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


async def test_the_tables_are_what_the_migrations_make(store, store_url):
    with create_engine(store_url.replace("+aiosqlite", "")).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


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
