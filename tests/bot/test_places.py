"""Every place where Telegram lets a bot be: what is said there, and what is not."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, press, sample, words_of
from tests.telegram import BotProcess, Note, TelegramEmulator

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0
"""Seconds to wait for a warning: the first one may wait for the models."""


def is_silent(call):
    return str(call.params.get("disable_notification")).lower() == "true"


def answers_to(note):
    said = [Note(message, note.tg) for message in note.state.chat.messages if message.sent_by_bot]
    return [reply for reply in said if reply.reply_to and reply.reply_to.id == note.id]


def found_in(room):
    """The last message of a chat, whoever wrote it."""
    return Note(room.state.messages[-1], room.tg)


# --- a chat that the bot is not in


async def test_called_by_its_name_a_guest_says_how_the_note_sounds(tg, bot, anna, max_):
    strangers = tg.group("Strangers", members=[max_], admins=[anna])
    note = strangers.voice(max_, sample("negative"))
    asked = strangers.guest(anna, "@forewarn_bot how bad is it?", reply_to=note)
    answer = await (await asked.reply()).edited(containing="negative", within=HEARD)
    assert "Listening" in answer.edits[0]
    assert not any(word in answer.text.lower() for word in words_of("negative"))
    assert answer.buttons == []
    assert [call for call in tg.calls if call.chat_id == strangers.id] == []


async def test_a_guest_speaks_as_its_asker_chose_and_leaves_the_chat_with_that_number_alone(
    tg, bot, anna, olga, max_
):
    elsewhere = tg.private(max_)
    await choose(elsewhere, max_, "Language: Русский")
    await choose(tg.private(anna), anna, "Style: reaction only", "Words: shown")
    before = len(elsewhere.from_bot)
    theirs = tg.chat_with(max_)
    note = theirs.voice(max_, sample("positive"))
    answer = await theirs.guest(anna, "@forewarn_bot?", reply_to=note).reply()
    await answer.edited(containing="positive", within=HEARD)
    assert "%" in answer.text
    assert answer.marked("expandable_blockquote") == []
    russian = await theirs.guest(olga, "@forewarn_bot?", reply_to=note).reply()
    await russian.edited(containing="позитивный", within=HEARD)
    assert len(elsewhere.from_bot) == before


@pytest.mark.parametrize(
    ("replied", "said"),
    [
        ("I hate this, it is the worst day of my life and I am furious", "negative"),
        (None, "with my name"),
    ],
)
async def test_a_guest_judges_texts_and_says_how_to_ask(tg, bot, anna, replied, said):
    strangers = tg.group("Strangers", admins=[anna])
    to = strangers.text(anna, replied) if replied else None
    assert said in (await strangers.guest(anna, "hey @forewarn_bot", reply_to=to).reply()).text


async def test_a_guest_learns_nothing_from_the_chat_with_that_number(tg, bot, anna, max_):
    await choose(tg.private(anna), anna, "Style: detailed")
    theirs = tg.chat_with(max_)
    text = theirs.text(max_, "You are late again, and the food is cold")

    async def judged():
        return (await theirs.guest(anna, "@forewarn_bot", reply_to=text).reply()).text

    before = await judged()
    elsewhere = tg.private(max_)
    for _ in range(3):
        warning = await elsewhere.voice(max_, sample("negative")).reply(within=HEARD)
        await press(warning, "Wrong?", by=max_)
        await press(warning, "neutral", by=max_)
    assert await judged() == before


async def test_a_guest_says_why_there_is_no_verdict(tg, bot, anna, max_):
    strangers = tg.group("Strangers", members=[max_], admins=[anna])
    note = strangers.voice(max_, b"no sound at all\n" * 100)
    answer = await strangers.guest(anna, "@forewarn_bot", reply_to=note).reply()
    await answer.edited(containing="can't read this as audio", within=HEARD)
    tg.private(max_).text(max_, "/optout")
    await tg.private(max_).says("any chat")
    declined = strangers.voice(max_, sample("negative"))
    answer = await strangers.guest(anna, "@forewarn_bot", reply_to=declined).reply()
    await answer.edited(containing="not to judge", within=HEARD)


async def test_a_call_that_telegram_gave_up_costs_nothing(tg, bot, anna):
    strangers = tg.group("Strangers", admins=[anna])
    late = tg.fail("answerGuestQuery", status=400, description="Bad Request: query is too old")
    fetched = len(tg.calls_of("getFile"))
    strangers.guest(anna, "@forewarn_bot", reply_to=strangers.voice(anna, sample("negative")))
    await tg.until(lambda: late.hits, 10, "the call to be answered")
    await strangers.silence(2)
    assert len(tg.calls_of("getFile")) == fetched
    assert "Traceback" not in bot.log()


async def test_typed_inline_the_bot_shows_the_way_to_where_it_can_listen(tg, bot, anna, olga):
    offered = await tg.inline(anna, "how does this sound")
    [article] = offered["results"]
    assert article["title"] == "Check a note…"
    assert "no voice notes here" in article["description"]
    [[way]] = article["reply_markup"]["inline_keyboard"]
    assert way["url"].endswith("forewarn_bot?start=check")
    assert offered["button"]["start_parameter"] == "check"
    assert (await tg.inline(olga, ""))["results"][0]["title"] == "Проверить запись…"
    chat = tg.private(anna)
    await chat.says("Record a voice note", after=chat.text(anna, "/start check"))


async def test_help_tells_of_guest_mode(tg, bot, anna):
    chat = tg.private(anna)
    assert "with @forewarn_bot" in (await chat.says("What I do", after=chat.text(anna, "/help"))).text


# --- in groups, by name


async def test_the_bots_name_in_reply_works_as_tone_does(tg, bot, anna, max_):
    group = tg.group("Private", members=[max_], admins=[anna])
    group.add_bot(by=anna)
    await group.says("privacy mode")
    note = group.voice(max_, sample("negative"))
    group.text(anna, "what about this one, @Forewarn_Bot?", reply_to=note)
    warning = await note.reply(within=HEARD)
    assert "negative" in warning.text
    text = group.text(max_, "Thank you so much, I am so happy!")
    asked = group.text(anna, "@forewarn_bot", reply_to=text)
    assert "positive" in (await asked.reply(within=HEARD)).text
    group.text(anna, "I like @forewarn_bot")
    group.text(anna, "thank you, @forewarn_bot", reply_to=warning)
    await group.silence(2)


async def test_what_is_asked_in_a_topic_is_answered_in_the_topic(tg, bot, anna, max_):
    forum = tg.group("Forum", members=[max_], admins=[anna], forum=True)
    forum.add_bot(by=anna, admin=True)
    await forum.says("under each voice note")
    trips = forum.topic("Trips")
    for room, thread in ((trips, trips.thread), (forum, None)):
        note = room.voice(max_, sample("negative"))
        warning = await note.reply(within=HEARD)
        await warning.press("excuse", by=anna)
        heard = [
            warning,
            await note.reply(containing="Anna: "),
            await room.text(anna, "/settings").reply(),
            await room.text(anna, "/tone I am so happy!").reply(),
            await room.text(anna, "/tone").reply(),
        ]
        assert [answer.thread_id for answer in heard] == [thread] * len(heard)
    named = {call.params.get("message_thread_id") for call in tg.calls if call.chat_id == forum.id}
    assert named <= {None, trips.thread}


# --- channels


async def test_in_a_channel_the_bot_is_silent_and_tells_the_one_who_added_it(tg, bot, anna):
    mine = tg.private(anna)
    channel = tg.channel("News", admins=[anna])
    channel.add_bot(by=anna, admin=True)
    await mine.says("never post there")
    channel.edit(channel.voice(None, sample("negative"), caption="today"), "today!")
    await tg.confirmed()
    await channel.silence(2)
    assert [call for call in tg.calls if call.chat_id == channel.id] == []


async def test_a_channels_notes_and_comments_are_answered_in_its_discussion_group(tg, bot, anna, max_):
    readers = tg.group("Readers", members=[max_], admins=[anna])
    readers.add_bot(by=anna, admin=True)
    await readers.says("under each voice note")
    channel = tg.channel("News", admins=[anna], discussion=readers)
    channel.voice(None, sample("positive"))
    post = found_in(readers)
    assert post.state.content["is_automatic_forward"]
    assert "positive" in (await post.reply(within=HEARD)).text
    comment = readers.voice(max_, sample("negative"), reply_to=post)
    assert "negative" in (await comment.reply(within=HEARD)).text
    assert channel.from_bot == []


# --- who speaks


async def test_other_bots_are_not_heard_wherever_they_speak(tg, family, anna, max_):
    robot = tg.user("Robot", is_bot=True)
    family.join(robot)
    note = family.voice(max_, sample("negative"))
    await note.reply(within=HEARD)
    private = tg.private(robot)
    tg.set_bots_talk(True)
    try:
        family.voice(robot, sample("negative"))
        family.text(robot, "/tone@forewarn_bot", reply_to=note)
        family.text(robot, "@forewarn_bot", reply_to=note)
        private.voice(robot, sample("negative"))
        private.text(robot, "hello, fellow bot")
        await tg.confirmed()
        await asyncio.gather(family.silence(3), private.silence(3))
    finally:
        tg.set_bots_talk(False)


async def test_who_writes_as_the_group_is_an_admin_and_who_writes_as_a_channel_is_not(tg, family, anna, max_):
    assert (
        "negative" in (await family.voice(None, sample("negative"), as_chat=family).reply(within=HEARD)).text
    )
    blog = tg.channel("Max's blog", admins=[max_])
    refused = await family.text(None, "/settings", as_chat=blog).reply()
    assert "Only this group's admins" in refused.text
    menu = await family.text(None, "/settings", as_chat=family).reply()
    assert (await menu.press("Style", by=max_)).show_alert
    family.join(anna)  # an admin no more
    assert (await menu.press("Style", by=anna)).show_alert


async def test_an_edited_message_is_not_a_new_one(tg, bot, anna):
    chat = tg.private(anna)
    said = chat.text(anna, "helo")
    await chat.says("Send or forward me")
    chat.edit(said, "/help")
    chat.edit(chat.voice(anna, sample("neutral"), caption="one"), "two")
    await chat.says("neutral", within=HEARD)
    await chat.silence(2)


# --- what is sent


async def test_files_sent_together_are_each_answered_and_ring_once(tg, bot, anna):
    chat = tg.private(anna)
    tones = ("negative", "positive", "neutral")
    together = {"file_name": "n.ogg", "mime_type": "audio/ogg", "media_group_id": "7"}
    for note, tone in [(chat.audio(anna, sample(tone), **together), tone) for tone in tones]:
        assert tone in (await note.reply(within=HEARD)).text
    answers = [call for call in tg.calls_of("sendMessage", chat=chat) if "reply_parameters" in call.params]
    assert [is_silent(call) for call in answers] == [False, True, True]
    picture = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]}
    for _ in range(3):
        chat.other(anna, picture, media_group_id="8")
    await chat.says("Send or forward me")
    await chat.silence(2)


@pytest.mark.parametrize(
    "content",
    [
        {"location": {"latitude": 1.0, "longitude": 2.0}},
        {"contact": {"phone_number": "1", "first_name": "Max"}},
        {"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 9, "height": 9,
                     "is_animated": False, "is_video": False}},
    ],
    ids=lambda content: next(iter(content)),
)  # fmt: skip
async def test_in_private_whatever_else_is_sent_gets_a_hint(tg, bot, anna, content):
    chat = tg.private(anna)
    await chat.says("Send or forward me", after=chat.other(anna, content))


async def test_paid_media_is_declined_and_protected_notes_are_answered(tg, bot, family, anna, max_):
    chat = tg.private(anna)
    await chat.says("paid media", after=chat.paid_media(anna))
    paid = family.paid_media(max_)
    assert "paid media" in (await family.text(anna, "/tone", reply_to=paid).reply()).text
    chat.state.is_protected = family.state.is_protected = True
    for note in (chat.voice(anna, sample("negative")), family.voice(max_, sample("negative"))):
        assert "negative" in (await note.reply(within=HEARD)).text
    assert not tg.calls_of("forwardMessage", "copyMessage")


async def test_a_file_whose_size_telegram_does_not_say_may_still_be_too_big(tg, bot, anna):
    chat = tg.private(anna)
    file = tg.world.store(b"OggS", "voice", ".oga", size=30 * 2**20)
    about = {"file_id": tg.world.file_id(file), "file_unique_id": file.unique_id, "duration": 5}
    assert "over 20 MB" in (await chat.other(anna, {"voice": about}).reply(within=HEARD)).text


# --- buttons


OLD_BUTTONS = [
    "gone:1",
    "set:nothing:here",
    "set:style:gone",
    "set:style",
    "set:utc:99",
    "set:back",
    "set:unmute",
    "set:done",
    "excuse",
    "excuse:gone",
    "mute:7",
    "unmute:7",
    "mute:nobody",
    "words",
    "words:7:7",
    "cancel",
    "wrong:5:0:900:50:50:en",
    "asitwas:5:0:900:50:50:en",
    "meant1:5:0:900:50:50:en",
    "wrong:5:9:900:50:50:de",
    "consent:yes",
    "consent:perhaps",
]


@pytest.mark.parametrize("inaccessible", [False, True], ids=["", "message out of reach"])
async def test_every_press_is_answered_however_old_the_button(tg, bot, anna, inaccessible):
    chat = tg.private(anna)
    pressed = {}
    for data in OLD_BUTTONS:
        markup = {"inline_keyboard": [[{"text": "Old", "callback_data": data}]]}
        old = tg.world.post(chat.state, tg.bot, {"text": "An old one"}, markup=markup, sent_by_bot=True)
        pressed[data] = Note(old, tg).tap("Old", by=anna, inaccessible=inaccessible)

    def unanswered():
        return [data for data, query in pressed.items() if query.answer is None]

    await tg.world.changed.until(lambda: not unanswered(), 10)
    assert unanswered() == []
    assert "Traceback" not in bot.log()


# --- the bot's own papers


async def test_what_telegram_is_asked_to_send_is_always_named(tg, bot):
    asked = {tuple(call.params["allowed_updates"]) for call in tg.calls_of("getUpdates")}
    assert asked == {
        (
            "message",
            "callback_query",
            "my_chat_member",
            "business_connection",
            "business_message",
            "guest_message",
            "inline_query",
        )
    }


async def test_commands_and_descriptions_stand_in_every_language(tg, bot):
    await tg.called("setMyShortDescription", times=2, within=HEARD)
    profile = tg.world.profile
    assert profile["description", ""].startswith("Know the tone")
    assert profile["description", "ru"].startswith("Узнайте тон")
    assert "Nothing that is said is kept" in profile["short_description", ""]
    for code, about in (("", "the tone of"), ("ru", "тон записи")):
        private = {c["command"]: c["description"] for c in profile["commands", "all_private_chats", code]}
        groups = {c["command"]: c["description"] for c in profile["commands", "all_group_chats", code]}
        assert about in private["tone"]
        assert groups.items() <= private.items()
        assert "start" in private.keys() - groups.keys()


# --- other machines, other moments


async def test_a_guests_call_survives_a_kill_and_descriptions_are_not_set_again(tmp_path):
    async with TelegramEmulator() as tg, BotProcess(tg, tmp_path, env=OFFLINE) as bot:
        await bot.wait_ready()
        await tg.called("setMyShortDescription", times=2, within=HEARD)
        anna = tg.user("Anna", language_code="en")
        strangers = tg.group("Strangers", admins=[anna])
        hold = tg.fail("getFile", delay=30, times=None)
        note = strangers.voice(anna, sample("negative"))
        answer = await strangers.guest(anna, "@forewarn_bot", reply_to=note).reply()
        await tg.until(lambda: hold.hits, 10, "the note to be fetched")
        await tg.confirmed()
        await bot.kill9()
        hold.lift()
        await bot.start()
        await answer.edited(containing="negative", within=60)
        await tg.called("getMyShortDescription", times=4, within=HEARD)
        assert len(tg.calls_of("setMyDescription", "setMyShortDescription")) == 4


async def test_a_local_server_hands_out_files_of_any_size(tmp_path):
    env = {**OFFLINE, "FOREWARN_MAX_FILE_MB": "50"}
    async with (
        TelegramEmulator(local_files=str(tmp_path / "files")) as tg,
        BotProcess(tg, tmp_path / "data", env=env) as bot,
    ):
        await bot.wait_ready()
        anna = tg.user("Anna", language_code="en")
        note = tg.private(anna).voice(anna, sample("negative"), size=30 * 2**20)
        assert "negative" in (await note.reply(within=60)).text
