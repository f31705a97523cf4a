"""The one who runs the bot: whom it serves, how much, and how it is doing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from sqlalchemy.exc import OperationalError
from telegram import Bot, Chat, Message, Update, User
from telegram.error import ChatMigrated
from telegram.ext import ApplicationHandlerStop

from bot.handlers.operator import gate
from bot.limits import Door
from bot.settings import ConfigurationError, load_settings
from bot.store import ChatSettings
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, press, sample, words_of
from tests.telegram import BotProcess

HEARD = 30.0


def ids(*places):
    return ", ".join(str(place.id) for place in places)


@pytest.mark.slow
async def test_limits_allow_list_and_admin(telegram, tmp_path):
    """One process, for it takes seconds to start; each part of the story has people of its own."""
    owner, anna, olga, max_, spam = (
        telegram.user("Owner", language_code="en"),
        telegram.user("Anna", language_code="en"),
        telegram.user("Ольга", language_code="ru"),
        telegram.user("Max", language_code="en"),
        telegram.user("Spam", language_code="en"),
    )
    family = telegram.group("Family", members=[max_, spam], admins=[anna])
    strangers = telegram.group("Strangers", admins=[spam, olga])
    desk = telegram.private(owner)
    env = OFFLINE | {
        "FOREWARN_OWNERS": ids(owner),
        "FOREWARN_ALLOW": ids(anna, family, olga),
        "FOREWARN_BLOCK": ids(spam),
        "FOREWARN_LIMITS__NOTES_PER_USER_HOUR": "2",
        "FOREWARN_LIMITS__NOTES_PER_CHAT_HOUR": "4",
    }
    async with BotProcess(telegram, tmp_path / "data", env=env) as bot:
        await bot.wait_ready()

        # Whom it does not serve is told once, with the number that the operator needs.
        stranger = telegram.private(max_)
        refusal = await stranger.says("my owner has let in", after=stranger.voice(max_, sample("negative")))
        assert refusal.marked("code") == [str(max_.id)]
        stranger.text(max_, "/help")
        # The blocked hear nothing, wherever they are.
        telegram.private(spam).voice(spam, sample("negative"))
        strangers.add_bot(by=olga, admin=True)
        await strangers.says("Спасибо, что добавили")
        strangers.voice(spam, sample("negative"))
        business = telegram.business(max_)
        business.from_contact(anna, sample("negative"))

        # A group that may: the third note of a person and the fifth of all are over the limit; one line each.
        family.add_bot(by=anna, admin=True)
        await family.says("under each voice note")
        notes = [family.voice(max_, sample("negative")) for _ in range(4)]
        for note in notes[:2]:
            assert "negative" in (await note.reply(within=HEARD)).text
        assert "more than 2 notes from you" in (await notes[2].reply(within=HEARD)).text
        mine = [family.voice(anna, sample("negative")) for _ in range(2)]
        for note in mine:
            assert "negative" in (await note.reply(within=HEARD)).text
        for _ in range(2):
            family.voice(None, sample("negative"), as_chat=family)
        await family.says("more than 4 notes in this chat", within=HEARD)
        family.voice(spam, sample("negative"))
        await family.silence(3)
        assert len([said for said in family.from_bot if said.reply_to]) == 6

        # The owner has no limit, and /admin; for others there is no such command.
        for _ in range(3):
            assert "negative" in (await desk.voice(owner, sample("negative")).reply(within=HEARD)).text
        await desk.silence(1)  # until the last one's job has ended
        report = await desk.says("forewarn", after=desk.text(owner, "/admin"))
        assert "Queue: 0 notes" in report.text
        assert "warned 7" in report.text
        assert "limited 4" in report.text
        assert "1 private, 1 group" in report.text
        offered = await telegram.called("setMyCommands", times=8, within=HEARD)
        assert any(call.params["scope"].get("chat_id") == owner.id for call in offered)
        other = telegram.private(olga)
        assert "Пришлите" in (await other.says(after=other.text(olga, "/admin"))).text

        assert len(stranger.from_bot) == 1
        assert telegram.private(spam).from_bot == []
        assert len(strangers.from_bot) == 1
        assert "Traceback" not in bot.log()


@pytest.mark.slow
async def test_words_that_are_heard_again_count_against_the_limits(telegram, tmp_path):
    anna, max_ = (telegram.user(name, language_code="en") for name in ("Anna", "Max"))
    family = telegram.group("Family", members=[max_], admins=[anna])
    env = OFFLINE | {
        "FOREWARN_LIMITS__NOTES_PER_USER_HOUR": "2",
        "FOREWARN_GIVEN_KEY": Fernet.generate_key().decode(),
    }
    async with BotProcess(telegram, tmp_path / "data", env=env) as bot:
        await bot.wait_ready()

        # In private each listening costs, the first one included.
        mine = telegram.private(anna)
        await choose(mine, anna, "Words: on a button")
        warning = await mine.voice(anna, sample("negative")).reply(within=HEARD)
        await press(warning, "Show the words", by=anna)
        await warning.reply(within=HEARD)
        refused = await warning.press("Show the words", by=anna)
        assert refused.show_alert
        assert "more than 2 notes from you" in refused.text

        # Nor are words listened to that she gives away.
        for button in ("Wrong?", "neutral"):
            await press(warning, button, by=anna)
        question = await mine.says("corrections")
        for button in ("Yes, gladly", "The words of my own notes too"):
            await press(question, button, by=anna)
        for button in ("Wrong?", "positive"):
            await press(warning, button, by=anna)
        await mine.silence(1)
        assert "words not given" in bot.log()

        # In a group what was just heard is there for all, at the cost of whoever asked first.
        family.add_bot(by=anna, admin=True)
        await choose(family, anna, "Words: on a button")
        warning = await family.voice(max_, sample("positive")).reply(within=HEARD)
        first = await warning.press("Show the words", by=max_)
        while "Listening again" in first.text:
            first = await warning.press("Show the words", by=max_)
        fetched = len(telegram.calls_of("getFile"))
        assert (await warning.press("Show the words", by=anna)).text == first.text
        assert any(word in first.text.lower() for word in words_of("positive"))
        assert len(telegram.calls_of("getFile")) == fetched


class Locked:
    """A store that cannot be read."""

    async def chat(self, chat_id):
        raise OperationalError("SELECT", {}, Exception("database is locked"))


class Open:
    async def chat(self, chat_id):
        return ChatSettings()


@pytest.mark.parametrize("store", [Locked(), Open()], ids=["locked database", "group that moved"])
async def test_who_is_not_let_in_is_not_served_though_telling_them_fails(monkeypatch, store):
    async def send_message(*_):
        raise ChatMigrated(-100)

    monkeypatch.setattr(Bot, "send_message", send_message)
    monkeypatch.setenv("FOREWARN_ALLOW", "7")
    stranger = User(8, "Max", is_bot=False)
    message = Message(1, datetime.now(UTC), Chat(8, "private"), from_user=stranger, text="/help")
    turned_away = gate(Door(load_settings()), store)
    with pytest.raises(ApplicationHandlerStop):
        await turned_away.callback(Update(1, message), SimpleNamespace(bot=Bot("8:x")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", set()), ("7", {7}), ("7, -1001234567890", {7, -1001234567890}), (" 7  8,9 ", {7, 8, 9})],
)
def test_lists_of_numbers_are_written_as_people_write_them(monkeypatch, tmp_path, value, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWARN_ALLOW", value)
    assert load_settings().allow == expected


@pytest.mark.parametrize(
    ("name", "value"), [("FOREWARN_OWNERS", "@anna"), ("FOREWARN_LIMITS__NOTES_PER_USER_HOUR", "-1")]
)
def test_a_wrong_number_is_named(monkeypatch, tmp_path, name, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        load_settings()
