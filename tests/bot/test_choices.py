"""What a chat can choose, and what a warning offers: the menu, digests, quiet hours, words, excuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.bot.conversation import choose, press, sample, words_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0


def said_about(chat, note):
    return [said for said in chat.from_bot if said.reply_to and said.reply_to.id == note.id]


def is_about(call, message):
    return call.params["message_id"] == message.id


# --- the menu


@pytest.mark.parametrize(
    ("language", "greeting", "back", "topics"),
    [
        ("en", "Settings", "Back", ["Style: gentle", "Silent: never", "Delete warnings: never"]),
        ("ru", "Настройки", "Назад", ["Стиль: мягкий", "Без звука: никогда", "Удалять: никогда"]),
    ],
)
async def test_behind_each_topic_are_its_choices(tg, bot, anna, olga, language, greeting, back, topics):
    person = {"en": anna, "ru": olga}[language]
    chat = tg.private(person)
    menu = await chat.says(greeting, after=chat.text(person, "/settings"))
    first_level = menu.buttons
    assert all(any(topic in button for button in first_level) for topic in topics)
    for button in first_level[:-1]:
        chosen = button.partition(": ")[2]
        await press(menu, button, by=person)
        await tg.until(lambda: back in str(menu.buttons), 10, "the second level", chat.state)
        assert [choice for choice in menu.buttons if choice.startswith("✓")] == [f"✓ {chosen}"]
        assert len(menu.buttons) >= 4
        await press(menu, back, by=person)
        await menu.edited(containing=greeting)
    assert menu.buttons == first_level
    assert len(chat.from_bot) == 1


async def test_a_style_is_seen_before_it_is_used(tg, bot, anna):
    menu = await choose(tg.private(anna), anna, "Style: detailed")
    await menu.edited(containing="▓")
    await press(menu, "reaction only", by=anna)
    await menu.edited(containing="as a reaction")
    assert await press(menu, "digest", by=anna) == "Saved."
    await menu.edited(containing="🗂 3 voice notes")
    await press(menu, "Back", by=anna)
    await menu.edited(containing="Settings")
    assert "🎨 Style: digest, one message for several" in menu.buttons
    await press(menu, "Done", by=anna)
    await menu.edited(containing="Settings saved")
    assert menu.buttons == []


async def test_a_group_is_not_offered_what_only_private_chats_have(tg, family, anna):
    menu = await family.says("of this group", after=family.text(anna, "/settings"))
    assert not [button for button in menu.buttons if "Silent" in button or "Contacts" in button]


# --- when


async def test_only_on_tone_nothing_else_is_even_fetched(tg, bot, anna):
    chat = tg.private(anna)
    await choose(chat, anna, "Warn: only on /tone")
    before = len(tg.calls_of("getFile"))
    note = chat.voice(anna, sample("negative"))
    await chat.silence(2)
    assert note.bot_reaction is None
    assert len(tg.calls_of("getFile")) == before
    chat.text(anna, "/tone", reply_to=note)
    assert "negative" in (await note.reply(within=HEARD)).text


async def test_in_quiet_hours_a_warning_makes_no_sound(tg, bot, anna):
    chat = tg.private(anna)
    loud, quiet = [], []
    for sounds, choice in ((loud, "never"), (quiet, "always")):
        await choose(chat, anna, f"Silent: {choice}")
        await chat.voice(anna, sample("positive")).reply(within=HEARD)
        sounds += tg.calls_of("sendMessage", chat=chat)[-1:]
    assert [str(call.params["disable_notification"]).lower() for call in loud + quiet] == ["false", "true"]


async def test_the_clock_of_a_chat_can_be_set(tg, bot, anna, olga):
    menu = await choose(tg.private(anna), anna, "Silent: 22–8")
    await menu.edited(containing="(UTC+0)")
    for _ in range(2):
        before = menu.text
        await press(menu, "− 1 h", by=anna)
        await tg.until(lambda: menu.text != before, 10, "another hour")  # noqa: B023
    assert "(UTC-2)" in menu.text
    there = datetime.now(UTC) - timedelta(hours=2)
    assert any(f"{there - timedelta(minutes=late):%H:%M}" in menu.text for late in (0, 1))
    russian = tg.private(olga)
    menu = await russian.says("Настройки", after=russian.text(olga, "/settings"))
    await press(menu, "Без звука", by=olga)
    await menu.edited(containing="(UTC+3)")


# --- digests


async def test_notes_that_come_together_are_one_message(tg, bot, anna):
    chat = tg.private(anna)
    await choose(chat, anna, "Style: digest", "Words: shown")
    notes = [chat.voice(anna, sample(tone)) for tone in ("negative", "positive", "neutral")]
    digest = await notes[0].reply(within=HEARD)
    await digest.edited(containing="3 voice notes", within=HEARD)
    edits = [call.at for call in tg.calls_of("editMessageText", chat=chat) if is_about(call, digest)]
    assert [later - one > 1 for one, later in pairwise(edits)] == [True]
    lines = digest.text.splitlines()[1:]
    for line, tone in zip(lines, ("negative", "positive", "neutral"), strict=True):
        assert tone in line
        assert "🎙 0:0" in line
    assert [entity["unix_time"] for entity in digest.entities if entity["type"] == "date_time"] == [
        note.state.date for note in notes
    ]
    said = digest.text.lower()
    assert not [
        word for tone in ("negative", "positive", "neutral") for word in words_of(tone) if word in said
    ]
    # What was sent after the digest would be looked for below it.
    later = await chat.voice(anna, sample("positive")).reply(containing="1 voice note", within=HEARD)
    assert later.id != digest.id
    asked = chat.text(anna, "/tone", reply_to=notes[2])
    assert (await chat.says("neutral", after=asked, within=HEARD)).reply_to.id == notes[2].id


async def test_in_a_group_a_digest_leads_to_its_notes(tg, family, anna, max_):
    await choose(family, anna, "Style: digest")
    first = family.voice(max_, sample("negative"))
    digest = await first.reply(within=HEARD)
    family.text(anna, "oh dear")
    second = family.voice(max_, sample("positive"))
    await digest.edited(containing="2 voice notes", within=HEARD)
    links = [entity["url"] for entity in digest.entities if entity["type"] == "text_link"]
    number = str(family.id).removeprefix("-100")
    assert links == [f"https://t.me/c/{number}/{note.id}" for note in (first, second)]
    assert not said_about(family, second)


async def test_contacts_notes_are_in_no_digest_so_each_can_be_muted(tg, bot, anna, max_):
    chat, account = tg.private(anna), tg.business(anna)
    await chat.says("connected to your account")
    await choose(chat, anna, "Style: digest")
    own = chat.voice(anna, sample("positive"))
    digest = await own.reply(containing="1 voice note", within=HEARD)
    dora = tg.user("Dora & co")
    for contact in (max_, dora):
        account.from_contact(contact, sample("negative"))
        warning = await chat.says(contact.first_name, within=HEARD)
        assert len(warning.text.splitlines()) == 2
        await press(warning, f"Mute {contact.first_name}", by=anna)
    assert digest.text.startswith("🗂 1 voice note\n")


# --- the words, on a button


async def test_in_private_a_button_shows_the_words_as_long_as_the_settings_say_so(tg, bot, anna):
    chat = tg.private(anna)
    await choose(chat, anna, "Words: on a button")
    note = chat.voice(anna, sample("negative"))
    warning = await note.reply(within=HEARD)
    assert not any(word in warning.text.lower() for word in words_of("negative"))
    assert await press(warning, "Show the words", by=anna) == "Listening again…"
    shown = await warning.reply(within=HEARD)
    [words] = shown.marked("expandable_blockquote")
    assert sum(word in words.lower() for word in words_of("negative")) >= 2
    assert 1 <= len(shown.marked("bold")) < len(words.split())
    await choose(chat, anna, "Words: hidden")
    refused = await warning.press("Show the words", by=anna)
    assert refused.show_alert
    assert "hide the words" in refused.text
    await choose(chat, anna, "Words: on a button")
    chat.delete(note)
    assert "can't reach that note" in (await warning.press("Show the words", by=anna)).text
    assert len([said for said in chat.from_bot if said.marked("expandable_blockquote")]) == 1


async def test_in_a_group_only_the_one_who_presses_sees_the_words(tg, family, anna, max_):
    await choose(family, anna, "Words: on a button")
    warning = await family.voice(max_, sample("negative")).reply(within=HEARD)
    before = len(family.from_bot)
    tg.fail("getFile", delay=6)
    assert (await warning.press("Show the words", by=max_)).text.endswith("Press once more in a moment.")
    words = await warning.press("Show the words", by=max_)
    while words.text.endswith("Press once more in a moment."):
        words = await warning.press("Show the words", by=max_)
    assert words.show_alert
    assert "\n\n(What decided it: " in words.text
    assert any(word in words.text.lower() for word in words_of("negative"))
    assert len(family.from_bot) == before


async def test_an_owner_sees_the_words_of_a_contacts_note_until_its_job_is_forgotten(tg, bot, anna, max_):
    chat, account = tg.private(anna), tg.business(anna)
    await chat.says("connected to your account")
    await choose(chat, anna, "Words: on a button")
    account.from_contact(max_, sample("negative"))
    warning = await chat.says("🎙 Max", within=HEARD)
    await press(warning, "Show the words", by=anna)
    shown = await warning.reply(within=HEARD)
    assert any(word in shown.text.lower() for word in words_of("negative"))
    account.remove()
    await chat.says("no longer connected")
    assert "can't reach that note" in (await warning.press("Show the words", by=anna)).text
    assert account.chat(max_).from_bot == []


# --- excuses


async def test_an_excuse_is_one_tap_away_and_never_the_same_twice_running(tg, bot, anna):
    chat = tg.private(anna)
    warning = await chat.voice(anna, sample("negative")).reply(within=HEARD)
    copied, last = [], warning
    for _ in range(6):
        await warning.press("excuse", by=anna)
        last = await chat.says("Tap it to copy", after=last)
        assert last.marked("code") == [last.copied("Copy")]
        copied.append(last.copied("Copy"))
    assert all(one != following for one, following in pairwise(copied))
