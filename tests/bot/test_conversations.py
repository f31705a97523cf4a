"""What the bot says, to whom and when. The real process, real models, real notes."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.bot.conversation import choose, convert, press, sample, silence, words_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0
"""Seconds to wait for a warning: the first one may wait for the models."""


# --- in private


async def test_a_forwarded_note_gets_a_warning_that_hides_its_words(tg, bot, anna, max_):
    chat = tg.private(anna)
    elsewhere = tg.group("Elsewhere", members=[anna], admins=[max_])
    note = chat.forward(anna, elsewhere.voice(max_, sample("negative")))
    warning = await note.reply(within=HEARD)
    assert "negative" in warning.text
    assert not any(word in warning.text.lower() for word in words_of("negative"))


@pytest.mark.parametrize(
    ("tone", "language", "word"),
    [
        ("positive", "en", "positive"),
        ("neutral", "en", "neutral"),
        ("negative", "ru", "негативный"),
        ("positive", "ru", "позитивный"),
    ],
)
async def test_a_note_is_judged_and_answered_in_its_listeners_language(
    tg, bot, anna, olga, tone, language, word
):
    person = {"en": anna, "ru": olga}[language]
    note = tg.private(person).voice(person, sample(tone, language))
    assert word in (await note.reply(within=HEARD)).text


async def test_the_bot_shows_at_once_that_it_works(tg, bot, anna):
    chat = tg.private(anna)
    before = len(tg.calls_of("sendChatAction", chat=chat))
    note = chat.voice(anna, sample("negative"))
    await tg.called("sendChatAction", times=before + 1, chat=chat, within=5)
    await note.reply(within=HEARD)


async def test_video_notes_and_audio_files_are_heard_too(tg, bot, anna, tmp_path):
    chat = tg.private(anna)
    video = ("-f", "lavfi", "-i", "color=c=blue:s=240x240", "-shortest", "-c:v", "mpeg4", "-c:a", "aac")
    sound = sample("negative")
    # ffmpeg writes the index of an MP4 at its end, as phones do.
    notes = [
        chat.video_note(anna, convert(sound, tmp_path, "note.mp4", *video)),
        chat.audio(anna, convert(sound, tmp_path, "note.mp3")),
        chat.audio(anna, convert(sound, tmp_path, "note.m4a"), file_name="note.m4a", mime_type="audio/mp4"),
        chat.document(anna, sound, file_name="note.ogg", mime_type="audio/ogg"),
    ]
    for note in notes:
        assert "negative" in (await note.reply(within=HEARD)).text


async def test_a_note_that_telegram_says_is_hours_long_is_not_even_fetched(tg, bot, anna):
    chat = tg.private(anna)
    before = len(tg.calls_of("getFile"))
    note = chat.voice(anna, sample("negative"), duration=2 * 3600)
    assert "up to 60 minutes" in (await note.reply(within=HEARD)).text
    assert len(tg.calls_of("getFile")) == before


async def test_tone_of_a_text(tg, bot, anna, olga):
    chat = tg.private(anna)
    said = chat.text(anna, "I hate this, it is the worst day of my life and I am furious")
    assert "negative" in (await chat.says("negative", after=chat.text(anna, "/tone", reply_to=said))).text
    russian = tg.private(olga)
    assert (
        "позитивный"
        in (await russian.says(after=russian.text(olga, "/tone Спасибо огромное, я так рада!"))).text
    )
    assert "Reply with /tone" in (await chat.says(after=chat.text(anna, "/tone"))).text


@pytest.mark.parametrize(
    ("command", "english", "russian"),
    [
        ("/start", "before you press play", "до того, как вы его включите"),
        ("/help", "What I do", "Что я делаю"),
        ("/privacy", "up to 30 days", "До 30 дней"),
        ("/forget", "are deleted", "удалены"),
    ],
)
async def test_commands_are_answered_in_the_users_language(tg, bot, anna, olga, command, english, russian):
    for person, expected in ((anna, english), (olga, russian)):
        chat = tg.private(person)
        assert expected in (await chat.says(after=chat.text(person, command))).text


async def test_in_private_nothing_is_met_with_silence(tg, bot, anna):
    chat = tg.private(anna)
    assert "Send or forward me" in (await chat.says(after=chat.text(anna, "hello?"))).text
    letter = chat.document(anna, b"%PDF-1.7 a letter", file_name="letter.pdf", mime_type="application/pdf")
    assert "can't read this as audio" in (await letter.reply(within=HEARD)).text


async def test_an_excuse_to_copy(tg, bot, anna):
    chat = tg.private(anna)
    warning = await chat.voice(anna, sample("negative")).reply(within=HEARD)
    await warning.press("excuse", by=anna)
    offered = await chat.says("Tap it to copy", after=warning)
    assert len(offered.marked("code")) == 1


async def test_in_a_group_the_excuse_goes_to_the_sender_of_the_note(tg, family, anna, max_):
    note = family.voice(max_, sample("negative"))
    warning = await note.reply(within=HEARD)
    await warning.press("excuse", by=anna)
    excuse = await note.reply(containing="Anna: ")
    assert excuse.id != warning.id
    assert "excuse" not in str(warning.buttons)


# --- what cannot be judged


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("renamed text", "can't read this as audio"),
        ("empty", "empty"),
        ("damaged", "damaged"),
        ("no sound track", "no sound"),
        ("silence", "no words"),
        ("noise", "no words"),
        ("too big", "over 20 MB"),
        ("too long", "up to 60 minutes"),
    ],
)
async def test_bad_input_gets_a_kind_word_and_the_bot_goes_on(tg, bot, anna, tmp_path, what, answer):
    chat = tg.private(anna)
    size = 21 * 2**20 if what == "too big" else None
    note = chat.voice(anna, _bad(what, tmp_path), size=size)
    assert answer in (await note.reply(within=HEARD)).text
    assert "What I do" in (await chat.says(after=chat.text(anna, "/help"))).text


def _bad(what, folder):
    match what:
        case "renamed text":
            return b"Dear all, this is a letter and not a voice note.\n" * 50
        case "empty":
            return b""
        case "damaged":
            return sample("negative")[:200] + bytes(3000)
        case "no sound track":
            return convert(
                sample("negative"),
                folder,
                "mute.mp4",
                "-f",
                "lavfi",
                "-i",
                "color=s=64x64",
                "-map",
                "1",
                "-t",
                "1",
            )
        case "silence":
            return silence(folder)
        case "noise":
            noise = ("-f", "lavfi", "-i", "anoisesrc=d=4:c=pink:a=0.5", "-map", "1", "-t", "4")
            return convert(sample("negative"), folder, "noise.ogg", *noise)
        case "too long":
            return silence(folder, seconds=61 * 60)
        case _:
            return sample("negative")


# --- in groups


async def test_a_note_in_a_group_is_answered_under_it_without_a_sound(tg, family, max_):
    note = family.voice(max_, sample("negative"))
    assert "negative" in (await note.reply(within=HEARD)).text
    sent = tg.calls_of("sendMessage", chat=family)[-1].params
    assert str(sent["disable_notification"]).lower() == "true"


async def test_a_note_in_a_topic_is_answered_in_the_topic(tg, bot, anna):
    forum = tg.group("Forum", admins=[anna], forum=True)
    forum.add_bot(by=anna, admin=True)
    trips = forum.topic("Trips")
    in_topic, in_general = trips.voice(anna, sample("positive")), forum.voice(anna, sample("positive"))
    assert (await in_topic.reply(within=HEARD)).thread_id == trips.thread
    assert (await in_general.reply(within=HEARD)).thread_id is None


async def test_on_joining_the_bot_says_whether_it_sees_the_notes(tg, bot, anna, olga):
    blind = tg.group("Blind", admins=[olga])
    blind.add_bot(by=olga)
    assert "/setprivacy" in (await blind.says("Режим приватности")).text
    seeing = tg.group("Seeing", admins=[anna])
    seeing.add_bot(by=anna, admin=True)
    assert "under each voice note" in (await seeing.says()).text


async def test_in_a_group_that_hides_its_notes_tone_as_a_reply_works(tg, bot, anna, max_):
    group = tg.group("Private", members=[max_], admins=[anna])
    group.add_bot(by=anna)
    await group.says("privacy mode")
    note = group.voice(max_, sample("negative"))
    await group.silence(2)
    group.text(anna, f"/tone@{tg.bot.username}", reply_to=note)
    assert "negative" in (await note.reply(within=HEARD)).text


async def test_music_in_a_group_is_judged_only_if_someone_asks(tg, family, anna, max_):
    await family.says("under each voice note")
    song = family.audio(max_, sample("positive"), file_name="song.ogg", mime_type="audio/ogg")
    await family.silence(2)
    family.text(anna, "/tone", reply_to=song)
    assert "positive" in (await song.reply(within=HEARD)).text


async def test_the_same_note_in_two_chats_is_fetched_once_and_answered_in_both(
    tg, family, anna, max_, tmp_path
):
    fresh = convert(sample("negative"), tmp_path, "twice.ogg", "-af", "volume=0.9")
    note = family.voice(max_, fresh)
    private = tg.private(anna)
    forwarded = private.forward(anna, note)
    before = len(tg.calls_of("file"))
    for heard in (note, forwarded):
        assert "negative" in (await heard.reply(within=HEARD)).text
    assert len(tg.calls_of("file")) == before + 1


# --- settings


async def test_only_admins_change_a_groups_settings(tg, family, anna, max_):
    refused = await family.says("Only this group's admins", after=family.text(max_, "/settings"))
    assert not refused.buttons
    menu = await family.says("of this group", after=family.text(anna, "/settings"))
    assert (await menu.press("Style", by=max_)).show_alert
    await press(menu, "Style", by=anna)
    await tg.until(lambda: "✓ gentle" in menu.buttons, 10, "the styles")
    assert (await menu.press("brief", by=max_)).show_alert
    assert "✓ gentle" in menu.buttons
    await press(menu, "brief", by=anna)
    await tg.until(lambda: "✓ brief" in menu.buttons, 10, "the choice")
    await press(menu, "Done", by=anna)
    await menu.edited(containing="Settings saved")
    assert "%" in (await family.voice(max_, sample("negative")).reply(within=HEARD)).text


async def test_an_anonymous_admin_is_an_admin(tg, family, anna):
    said = family.text(None, "/settings", as_chat=family)
    assert (await family.says("of this group", after=said)).buttons


async def test_only_negative_notes_if_the_group_says_so(tg, family, anna, max_, tmp_path):
    await choose(family, anna, "Warn: negative only")
    unsaid = [family.voice(max_, sample("neutral")), family.voice(max_, silence(tmp_path))]
    negative = family.voice(max_, sample("negative"))
    assert "negative" in (await negative.reply(within=HEARD)).text
    answered = [note.reply_to.id for note in family.from_bot if note.reply_to]
    assert not {note.id for note in unsaid} & set(answered)


async def test_a_reaction_instead_of_words(tg, family, anna, max_):
    await choose(family, anna, "Style: reaction only")
    note = family.voice(max_, sample("negative"))
    assert await note.reaction(within=HEARD) in "😢😡🤔"
    assert not [reply for reply in family.from_bot if reply.reply_to and reply.reply_to.id == note.id]


async def test_a_refused_reaction_becomes_words(tg, bot, anna, max_):
    strict = tg.group("Strict", members=[max_], admins=[anna], available_reactions=["👍"])
    strict.add_bot(by=anna, admin=True)
    await choose(strict, anna, "Style: reaction only")
    assert "negative" in (await strict.voice(max_, sample("negative")).reply(within=HEARD)).text


async def test_words_under_a_spoiler(tg, bot, anna):
    chat = tg.private(anna)
    await choose(chat, anna, "Words: under a spoiler")
    warning = await chat.voice(anna, sample("negative")).reply(within=HEARD)
    [hidden] = warning.marked("spoiler")
    assert sum(word in hidden.lower() for word in words_of("negative")) >= 2


async def test_a_language_of_the_chats_own(tg, bot, anna):
    chat = tg.private(anna)
    menu = await choose(chat, anna, "Language: Русский")
    await menu.edited(containing="Язык")
    assert "негативный" in (await chat.voice(anna, sample("negative")).reply(within=HEARD)).text


async def test_in_private_a_note_left_unsaid_gets_a_small_sign(tg, bot, anna):
    chat = tg.private(anna)
    await choose(chat, anna, "Warn: negative only")
    assert await chat.voice(anna, sample("neutral")).reaction(within=HEARD) in "👌🤔"


async def test_forget_makes_a_chat_new(tg, family, anna):
    await choose(family, anna, "Style: brief")
    await family.says("deleted", after=family.text(anna, "/forget"))
    assert "🎨 Style: gentle" in (await family.says(after=family.text(anna, "/settings"))).buttons


async def test_settings_move_with_a_supergroup(tg, bot, anna, max_):
    group = tg.group("Small", members=[max_], admins=[anna], supergroup=False)
    group.add_bot(by=anna, admin=True)
    await choose(group, anna, "Style: brief")
    grown = group.migrate()
    await tg.confirmed()
    await asyncio.sleep(0.5)
    assert "🎨 Style: brief" in (await grown.says(after=grown.text(anna, "/settings"))).buttons


# --- a bad line


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "sendMessage", "status": 429, "retry_after": 2},
        {"method": "sendMessage", "status": 502, "times": 2},
        {"method": "sendMessage", "reset": True},
        {"method": "getFile", "status": 500},
        {"method": "file", "cut": 0.5, "times": 2},
        {"method": "file", "status": 502},
    ],
    ids=str,
)
async def test_a_warning_gets_through(tg, bot, anna, tmp_path, fault):
    chat = tg.private(anna)
    louder = convert(
        sample("negative"), tmp_path, "n.ogg", "-af", f"volume={1 + hash(str(fault)) % 90 / 1000}"
    )
    planned = tg.fail(**fault)
    note = chat.voice(anna, louder)
    assert "negative" in (await note.reply(within=HEARD)).text
    assert planned.hits
    assert len([reply for reply in chat.from_bot if reply.reply_to and reply.reply_to.id == note.id]) == 1


async def test_twenty_notes_at_once_are_all_answered_and_commands_meanwhile(tg, bot, anna, max_, tmp_path):
    people = [tg.user(f"Friend {i}", language_code="en") for i in range(20)]
    fresh = [
        convert(sample("negative"), tmp_path, f"{i}.ogg", "-af", f"volume={0.7 + i / 100}") for i in range(20)
    ]
    notes = [tg.private(person).voice(person, data) for person, data in zip(people, fresh, strict=True)]
    chat = tg.private(anna)
    for _ in range(5):
        await chat.says(after=chat.text(anna, "/help"), within=6)
        await asyncio.sleep(0.5)
    for note in notes:
        assert "negative" in (await note.reply(within=120)).text


async def test_a_groups_notes_are_answered_in_order_and_no_faster_than_telegram_allows(tg, bot, anna, max_):
    group = tg.group("Busy", members=[max_], admins=[anna])
    group.add_bot(by=anna, admin=True)
    await group.says("under each voice note")
    await asyncio.sleep(1)
    notes = [group.voice(max_, sample(tone)) for tone in ("negative", "neutral", "positive") * 4]
    await notes[-1].reply(within=60)
    assert [reply.reply_to.id for reply in group.from_bot if reply.reply_to] == [note.id for note in notes]
    assert not [violation for violation in tg.flood.violations if str(group.id) in violation]


async def test_no_word_of_all_this_was_logged(tg, bot):
    log = bot.log().lower()
    assert "note done" in log
    assert tg.token.split(":")[1].lower() not in log
    said = [word for tone in ("negative", "positive", "neutral") for word in words_of(tone)]
    assert [word for word in [*said, *words_of("negative", "ru")] if re.search(rf"\b{word}\b", log)] == []
