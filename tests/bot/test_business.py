"""Telegram Business: what the owner of a connected account is told, and that nobody else notices."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.bot.conversation import choose, press, sample, silence, words_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0
"""Seconds to wait for a warning: the first one may wait for the models."""


@pytest.fixture
def olga(tg, bot):
    """She connects the bot to her account; English, so that it is plain in whose language she is told."""
    return tg.user("Olga", language_code="en")


@pytest.fixture
def carl(tg):
    """A contact, who never talks to the bot."""
    return tg.user("Carl", language_code="ru")


@pytest.fixture
def chat(tg, olga):
    """Olga's private chat with the bot: the one place where it may speak."""
    return tg.private(olga)


@pytest_asyncio.fixture(loop_scope="module")
async def account(tg, olga, chat):
    connected = tg.business(olga)
    await chat.says("connected to your account")
    return connected


# --- a connection


async def test_whoever_connects_their_account_is_greeted_once(tg, olga, chat, account):
    [greeting] = chat.from_bot
    assert "nothing" in greeting.text
    assert "/settings" in greeting.text
    assert "Chatbots" in greeting.text
    account.announce()
    account.chat(tg.user("Dora"))
    await choose(chat, olga)
    assert len([said for said in chat.from_bot if "connected to your account" in said.text]) == 1


@pytest.mark.parametrize("end", ["disabled", "removed"])
async def test_when_the_connection_ends_all_is_deleted_and_the_owner_told(tg, olga, carl, chat, account, end):
    account.from_contact(carl, sample("negative"))
    warning = await chat.says("Carl", within=HEARD)
    await warning.press("Mute Carl", by=olga)
    account.switch(on=False) if end == "disabled" else account.remove()
    farewell = await chat.says("no longer connected")
    assert "Contacts' notes" not in str((await choose(chat, olga)).buttons)
    again = tg.business(olga)
    await chat.says("connected to your account", after=farewell)
    again.from_contact(carl, sample("negative"))
    await chat.says("🎙 Carl", after=farewell, within=HEARD)


async def test_a_connection_made_while_the_bot_was_off_is_looked_up(tg, olga, carl, chat):
    account = tg.business(olga, unnoticed=True)
    account.from_contact(carl, sample("negative"))
    await chat.says("negative", within=HEARD)
    assert "connected to your account" in chat.from_bot[0].text
    account.announce()
    account.from_contact(carl, sample("positive"))
    await chat.says("positive", within=HEARD)
    assert len([said for said in chat.from_bot if "connected to your account" in said.text]) == 1


async def test_an_unknown_connection_that_is_disabled_by_now_is_left_alone(tg, olga, carl, chat):
    account = tg.business(olga, unnoticed=True)
    account.from_contact(carl, sample("negative"))
    account.state.is_enabled = False
    await tg.called("getBusinessConnection")
    await chat.silence(2)


# --- a warning


async def test_the_owner_is_warned_privately(tg, carl, chat, account):
    account.from_contact(carl, sample("negative"))
    warning = await chat.says("negative", within=HEARD)
    assert warning.text.startswith("🎙 Carl\n")
    assert warning.marked("bold")[0] == "Carl"
    assert not any(word in warning.text.lower() for word in words_of("negative"))
    assert account.chat(carl).from_bot == []


async def test_a_name_is_no_markup(tg, chat, account):
    account.from_contact(tg.user("<b>&Eve</b>"), sample("negative"))
    warning = await chat.says("negative", within=HEARD)
    assert warning.text.startswith("🎙 <b>&Eve</b>\n")
    assert "🔕 Mute <b>&Eve</b>" in warning.buttons


async def test_the_owner_chooses_style_language_and_words(tg, olga, carl, chat, account):
    menu = await choose(chat, olga, "Style: reaction only", "Words: under a spoiler", "Language: Русский")
    await menu.edited(containing="Язык")
    account.from_contact(carl, sample("negative"))
    warning = await chat.says("негативный", after=menu, within=HEARD)
    assert "%" in warning.text
    [hidden] = warning.marked("spoiler")
    assert sum(word in hidden.lower() for word in words_of("negative")) >= 2


async def test_only_what_is_worth_a_warning_is_said(tg, olga, carl, chat, account, tmp_path):
    await choose(chat, olga, "Warn: negative only")
    account.from_contact(carl, sample("neutral"))
    account.from_contact(carl, silence(tmp_path))
    account.from_contact(carl, sample("negative"))
    await chat.says("🎙 Carl", within=HEARD)
    assert len([said for said in chat.from_bot if "Carl" in said.text]) == 1


async def test_an_excuse_to_copy(tg, olga, carl, chat, account):
    account.from_contact(carl, sample("negative"))
    warning = await chat.says("negative", within=HEARD)
    await warning.press("excuse", by=olga)
    assert len((await chat.says("Tap it to copy", after=warning)).marked("code")) == 1


async def test_a_muted_contact_is_not_heard_until_unmuted(tg, olga, carl, chat, account):
    account.from_contact(carl, sample("negative"))
    warning = await chat.says("negative", within=HEARD)
    assert "nothing more" in (await warning.press("Mute Carl", by=olga)).text
    await tg.until(lambda: "🔔 Unmute Carl" in warning.buttons, 10, "the button to unmute", chat.state)
    account.from_contact(carl, sample("negative"))
    account.from_contact(tg.user("Dora"), sample("negative"))
    of_dora = await chat.says("Dora", after=warning, within=HEARD)
    assert [said.id for said in chat.from_bot if said.text.startswith("🎙 Carl")] == [warning.id]
    await warning.press("Unmute Carl", by=olga)
    account.from_contact(carl, sample("negative"))
    await chat.says("🎙 Carl", after=of_dora, within=HEARD)


async def test_what_owners_alone_find_in_their_settings(tg, olga, carl, chat, account, anna):
    assert "Contacts' notes" not in str((await choose(tg.private(anna), anna)).buttons)
    account.from_contact(carl, sample("negative"))
    await (await chat.says("Carl", within=HEARD)).press("Mute Carl", by=olga)
    menu = await choose(chat, olga)
    assert "💼 Contacts' notes: warn me" in menu.buttons
    await press(menu, "Contacts' notes", by=olga)
    await press(menu, "Unmute 1 contact", by=olga)
    await press(menu, "say nothing", by=olga)
    await tg.until(lambda: "✓ say nothing" in menu.buttons, 10, "the choice")
    assert "Unmute" not in str(menu.buttons)
    account.from_contact(carl, sample("negative"))
    own = chat.voice(olga, sample("positive"))
    await own.reply(within=HEARD)
    await chat.silence(2)
    await press(menu, "warn me", by=olga)
    account.from_contact(carl, sample("negative"))
    await chat.says("🎙 Carl", after=own, within=HEARD)


async def test_forget_deletes_the_account_too_and_says_who_else_knows_of_it(tg, olga, carl, chat, account):
    account.from_contact(carl, sample("negative"))
    await (await chat.says("Carl", within=HEARD)).press("Mute Carl", by=olga)
    assert "You connected me" in (await chat.says("Privacy", after=chat.text(olga, "/privacy"))).text
    forgotten = await chat.says("deleted", after=chat.text(olga, "/forget"))
    assert "still connects me" in forgotten.text
    account.from_contact(carl, sample("negative"))
    greeting = await chat.says("connected to your account", after=forgotten, within=HEARD)
    await chat.says("🎙 Carl", after=greeting, within=HEARD)


# --- what is no news, or cannot be judged


async def test_what_the_owner_sends_is_no_news(tg, olga, carl, chat, account):
    account.chat(carl).voice(olga, sample("negative"))
    account.chat(olga).voice(olga, sample("negative"))
    account.chat(carl).text(carl, "/tone hello")
    account.chat(carl).audio(carl, sample("negative"))
    await tg.confirmed()
    await chat.silence(3)


async def test_an_edited_note_is_not_heard_again(tg, carl, chat, account):
    note = account.from_contact(carl, sample("negative"), caption="first")
    await chat.says("negative", within=HEARD)
    account.chat(carl).edit(note, "second")
    await chat.silence(2)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"seconds": 2 * 3600}, "too long"),
        ({"size": 21 * 2**20}, "too big"),
        ({"silent": True}, "no words"),
    ],
    ids=str,
)
async def test_a_note_that_cannot_be_judged_is_one_quiet_line(tg, carl, chat, account, tmp_path, what, said):
    data = silence(tmp_path) if what.get("silent") else sample("negative")
    account.from_contact(carl, data, duration=what.get("seconds", 5), size=what.get("size"))
    line = await chat.says(said, within=HEARD)
    assert line.text.startswith("🎙 Carl\n")
    assert str(tg.calls_of("sendMessage", chat=chat)[-1].params["disable_notification"]).lower() == "true"


async def test_old_notes_get_one_line(tg, carl, chat, account):
    for _ in range(3):
        account.from_contact(carl, sample("negative"), ago=20 * 3600)
    account.from_contact(carl, sample("negative"))
    await chat.says("🎙 Carl", within=HEARD)
    assert len([said for said in chat.from_bot if "I was away" in said.text]) == 1


async def test_a_note_heard_before_is_not_fetched_again(tg, olga, carl, chat, account):
    note = account.from_contact(carl, sample("positive"))
    await chat.says("positive", within=HEARD)
    before = len(tg.calls_of("file"))
    dora = tg.user("Dora")
    account.chat(dora).forward(dora, note)
    await chat.says("🎙 Dora", within=HEARD)
    assert len(tg.calls_of("file")) == before


async def test_an_owner_who_blocked_the_bot_holds_up_nobody(tg, carl, chat, account):
    chat.block_bot()
    account.from_contact(carl, sample("negative"))
    other = tg.user("Max", language_code="en")
    tg.business(other).from_contact(carl, sample("negative"))
    await tg.private(other).says("🎙 Carl", within=HEARD)


# --- and all the while


async def test_no_contact_was_ever_written_to(tg, bot):
    assert tg.world.contacts
    assert not [call for call in tg.calls if call.chat_id in tg.world.contacts]
    in_an_account = [call.method for call in tg.calls if "business_connection_id" in call.params]
    assert set(in_an_account) == {"getBusinessConnection"}
    assert "Traceback" not in bot.log()
