"""The emulator against the real python-telegram-bot: what the bot's tests will rely on."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryResultArticle
from telegram import InputTextMessageContent as Words
from telegram import Update as TelegramUpdate
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, ContextTypes, TypeHandler

from bot.emulator.entities import ParseError, cut, parse_html, units
from tests.telegram import BotProcess, Limit, TelegramEmulator

Context = ContextTypes.DEFAULT_TYPE
Handler = Callable[[TelegramUpdate, Context], Awaitable[None]]
NOTE = b"OggS" + bytes(range(256)) * 400
BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("Wrong?", callback_data="wrong:1")]])


@pytest.fixture
async def bot(telegram: TelegramEmulator) -> AsyncIterator[Bot]:
    async with Bot(
        telegram.token, base_url=f"{telegram.url}/bot", base_file_url=f"{telegram.url}/file/bot"
    ) as bot:
        yield bot


@asynccontextmanager
async def running(tg: TelegramEmulator, *handlers: Any) -> AsyncIterator[Application]:
    builder = (
        ApplicationBuilder().token(tg.token).base_url(f"{tg.url}/bot").base_file_url(f"{tg.url}/file/bot")
    )
    app = builder.build()
    app.add_handlers(list(handlers))
    async with app:
        await app.updater.start_polling(poll_interval=0, timeout=5, allowed_updates=TelegramUpdate.ALL_TYPES)
        await app.start()
        yield app
        await app.updater.stop()
        await app.stop()


def kinds(updates: list[dict[str, Any]]) -> list[str]:
    return [next(key for key in update if key != "update_id") for update in updates]


async def echo(update: TelegramUpdate, _: Context) -> None:
    message = update.effective_message
    if message and message.voice:
        data = await (await message.voice.get_file()).download_as_bytearray()
        await message.reply_text(
            f"<b>{len(data)}</b> bytes", parse_mode="HTML", do_quote=True, reply_markup=BUTTONS
        )


async def pressed(update: TelegramUpdate, _: Context) -> None:
    await update.callback_query.answer("Thanks")
    await update.callback_query.edit_message_text("noted")


async def test_a_note_is_answered_and_its_button_pressed(telegram: TelegramEmulator) -> None:
    anna = telegram.user("Anna", language_code="ru")
    chat = telegram.private(anna)
    async with running(telegram, CallbackQueryHandler(pressed), TypeHandler(TelegramUpdate, echo)):
        note = chat.voice(anna, NOTE, duration=5)
        reply = await chat.reply_to(note)
        assert reply.text == f"{len(NOTE)} bytes"
        assert reply.marked("bold") == [str(len(NOTE))]
        assert (await reply.press("Wrong", by=anna)).text == "Thanks"
        await reply.edited(containing="noted")
        assert reply.edits == [f"{len(NOTE)} bytes", "noted"]
        assert reply.buttons == []
        await telegram.confirmed()
    assert chat.transcript() == f"{note.id} Anna: [voice]\n{reply.id} bot: (to {note.id}) noted"


async def test_updates_stay_until_confirmed(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    for word in ("one", "two", "three"):
        chat.text(anna, word)
    first = await bot.get_updates(limit=2)
    assert [u.message.text for u in first] == ["one", "two"]
    assert [u.message.text for u in await bot.get_updates(limit=2)] == ["one", "two"]
    assert [u.message.text for u in await bot.get_updates(offset=first[0].update_id + 1)] == ["two", "three"]
    assert [u.message.text for u in await bot.get_updates(offset=-1)] == ["three"]
    assert [u.message.text for u in await bot.get_updates()] == ["three"]

    waiting = asyncio.create_task(bot.get_updates(offset=first[0].update_id + 3, timeout=5))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    chat.text(anna, "four")
    assert [u.message.text for u in await waiting] == ["four"]


async def test_allowed_updates_are_remembered_and_reactions_are_not_in_the_default(
    telegram: TelegramEmulator, bot: Bot
) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    note = chat.text(anna, "hello")
    chat.react(anna, note, "👍")
    assert kinds(telegram.world.updates.pending) == ["message"]
    await bot.get_updates(allowed_updates=["message_reaction"])
    await bot.get_updates()
    chat.text(anna, "not asked for")
    chat.react(anna, note, "👎")
    assert kinds(telegram.world.updates.pending) == ["message", "message_reaction"]


async def test_two_pollers_and_webhook_conflict(telegram: TelegramEmulator, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    async with httpx.AsyncClient(trust_env=False) as http:
        rival = await http.get(f"{telegram.url}/bot{telegram.token}/getUpdates")
        assert rival.json()["result"] == []
    with pytest.raises(Conflict, match=r"(?i)terminated by other getUpdates"):
        await first
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match=r"(?i)webhook is active"):
        await bot.get_updates()


@pytest.mark.parametrize(
    ("token", "status"), [("123:" + "B" * 35, 401), ("nonsense", 404)], ids=["wrong", "malformed"]
)
async def test_tokens(telegram: TelegramEmulator, token: str, status: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{telegram.url}/bot{token}/getMe")
        assert answer.status_code == status
        assert answer.json()["error_code"] == status


async def test_unknown_methods_are_not_found(telegram: TelegramEmulator, bot: Bot) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("flyToTheMoon")
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{telegram.url}/bot{telegram.token}/fly")
        assert answer.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        (
            "<p>no</p>",
            {"parse_mode": "HTML"},
            'can\'t parse entities: unsupported start tag "p" at byte offset 0',
        ),
        ("<b>no", {"parse_mode": "HTML"}, "can't parse entities: can't find end tag"),
        ("1 < 2", {"parse_mode": "HTML"}, "can't parse entities"),
        ("😀" * 2049, {}, "message is too long"),
        (" \n ", {}, "message text is empty"),
        ("x", {"reply_to_message_id": 999}, "message to be replied not found"),
        ("x", {"message_thread_id": 1}, "message thread not found"),
        (
            "x",
            {"reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="я" * 33)]])},
            "button_data_invalid",
        ),
        ("x", {"business_connection_id": "nope"}, "business connection not found"),
    ],
)
async def test_bad_messages_are_refused(
    telegram: TelegramEmulator, bot: Bot, text: str, options: dict[str, Any], complaint: str
) -> None:
    chat = telegram.private(telegram.user("Anna"))
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(chat.id, text, **options)
    assert complaint in str(refused.value).lower()
    assert chat.from_bot == []


async def test_the_longest_message_and_a_reply_to_nothing(telegram: TelegramEmulator, bot: Bot) -> None:
    chat = telegram.private(telegram.user("Anna"))
    sent = await bot.send_message(
        chat.id, "<b>" + "😀" * 2048 + "</b>", "HTML", reply_to_message_id=9, allow_sending_without_reply=True
    )
    assert sent.reply_to_message is None
    assert sent.entities[0].length == 4096


@pytest.mark.parametrize(
    ("html", "text", "marks"),
    [
        ("a<b>b</b>c", "abc", [("bold", "b")]),
        ("😀<i>я</i> &lt;&amp;&#33;&nbsp;", "😀я <&!&nbsp;", [("italic", "я")]),
        ("<tg-spoiler>x<b>y</b></tg-spoiler>", "xy", [("spoiler", "xy"), ("bold", "y")]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", "x")]),
        ("<blockquote expandable>long</blockquote>", "long", [("expandable_blockquote", "long")]),
        ('<a href="https://example.org/?a=1&amp;b=2">link</a>', "link", [("text_link", "link")]),
        ('<pre><code class="language-python">x = 1</code></pre>', "x = 1", [("pre", "x = 1")]),
        ("<b></b>empty", "empty", []),
    ],
)
def test_html_becomes_entities(html: str, text: str, marks: list[tuple[str, str]]) -> None:
    plain, entities = parse_html(html)
    assert plain == text
    assert [(entity["type"], cut(plain, entity)) for entity in entities] == marks


@pytest.mark.parametrize(
    "html", ["</b>", "<b><i>x</b></i>", "<b", "<span>x</span>", "<script>x</script>", "<>"]
)
def test_bad_html_is_refused(html: str) -> None:
    with pytest.raises(ParseError):
        parse_html(html)


def test_length_is_counted_in_utf16() -> None:
    assert units("я😀") == 3


async def test_edit_delete_and_not_modified(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    sent = await bot.send_message(chat.id, "<b>hi</b>", "HTML", reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await sent.edit_text("<b>hi</b>", "HTML", reply_markup=BUTTONS)
    await sent.edit_reply_markup(None)
    assert chat.from_bot[0].buttons == []
    hers = chat.text(anna, "mine")
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("yours", chat.id, hers.id)
    await sent.delete()
    assert chat.from_bot == []
    with pytest.raises(BadRequest, match="to delete not found"):
        await sent.delete()


async def test_reactions_within_what_the_chat_allows(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Family", admins=[anna], available_reactions=["👍", "😢"])
    group.add_bot(by=anna)
    note = group.voice(anna, NOTE)
    await bot.set_message_reaction(group.id, note.id, "😢")
    assert await note.reaction() == "😢"
    for emoji in ("😡", "✅"):
        with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
            await bot.set_message_reaction(group.id, note.id, emoji)
    full = await bot.get_chat(group.id)
    assert [reaction.emoji for reaction in full.available_reactions] == ["👍", "😢"]


async def test_privacy_mode_hides_ordinary_group_talk(telegram: TelegramEmulator, bot: Bot) -> None:
    anna, bob = telegram.user("Anna"), telegram.user("Bob")
    group = telegram.group("Family", admins=[anna], members=[bob])
    group.voice(bob, NOTE)  # before the bot came
    group.add_bot(by=anna)
    assert kinds(telegram.world.updates.pending) == ["my_chat_member", "message"]
    note = group.voice(bob, NOTE)
    group.text(bob, "/tone@other_bot", reply_to=note)
    answer = await bot.send_message(group.id, "hello")
    seen = [
        group.text(bob, "/tone", reply_to=note),
        group.text(bob, "what says @forewarn_bot?"),
        group.voice(bob, NOTE, reply_to=next(n for n in group.from_bot if n.id == answer.message_id)),
    ]
    updates = await bot.get_updates()
    assert [u.message.message_id for u in updates[2:]] == [one.id for one in seen]
    assert updates[2].message.reply_to_message.voice.file_unique_id == note.media["file_unique_id"]
    assert not (await bot.get_me()).can_read_all_group_messages

    group.promote_bot(by=anna)
    group.voice(bob, NOTE)
    assert kinds(telegram.world.updates.pending)[-2:] == ["my_chat_member", "message"]


async def test_turning_privacy_off_takes_effect_when_the_bot_is_added_again(
    telegram: TelegramEmulator,
) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Family", admins=[anna])
    group.add_bot(by=anna)
    telegram.set_privacy(on=False)
    group.voice(anna, NOTE)
    assert kinds(telegram.world.updates.pending)[-1] == "message"
    assert "voice" not in telegram.world.updates.pending[-1]["message"]
    group.kick_bot(by=anna)
    group.add_bot(by=anna)
    group.voice(anna, NOTE)
    assert "voice" in telegram.world.updates.pending[-1]["message"]


async def test_topics(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Club", admins=[anna], forum=True)
    group.add_bot(by=anna, admin=True)
    trips = group.topic("Trips")
    note = trips.voice(anna, NOTE)
    update = (await bot.get_updates())[-1].message
    assert update.is_topic_message
    assert update.message_thread_id == trips.thread
    assert update.reply_to_message.forum_topic_created.name == "Trips"
    await update.reply_text("heard", do_quote=True)
    assert (await note.reply()).thread_id == trips.thread
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=1)


async def test_forwards_share_the_unique_id_and_tell_the_origin(telegram: TelegramEmulator, bot: Bot) -> None:
    anna, shy = telegram.user("Anna"), telegram.user("Shy", hides_forwards=True)
    chat = telegram.private(anna)
    first, second = chat.voice(anna, NOTE), chat.voice(anna, NOTE)
    again = chat.forward(anna, first)
    assert again.media["file_unique_id"] == first.media["file_unique_id"] != second.media["file_unique_id"]
    assert again.media["file_id"] != first.media["file_id"]
    chat.forward(anna, telegram.private(shy).voice(shy, NOTE))
    updates = await bot.get_updates()
    assert updates[2].message.forward_origin.sender_user.id == anna.id
    assert updates[-1].message.forward_origin.sender_user_name == "Shy"


async def test_files_too_big_cut_slow_and_gone(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    big = chat.voice(anna, NOTE, size=30_000_000)
    with pytest.raises(BadRequest, match=r"(?i)file is too big"):
        await bot.get_file(big.media["file_id"])
    file = await bot.get_file(chat.voice(anna, NOTE).media["file_id"])
    telegram.fail("file", cut=0.5)
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    telegram.fail("file", status=404)
    with pytest.raises(InvalidToken):
        await file.download_as_bytearray()
    telegram.fail("file", bytes_per_second=1_000_000)
    assert bytes(await file.download_as_bytearray()) == NOTE


async def test_a_local_server_gives_paths_of_any_size(tmp_path: Path) -> None:
    async with TelegramEmulator(local_files=str(tmp_path)) as tg:
        anna = tg.user("Anna")
        note = tg.private(anna).voice(anna, NOTE, size=30_000_000)
        async with Bot(tg.token, f"{tg.url}/bot", f"{tg.url}/file/bot", local_mode=True) as bot:
            file = await bot.get_file(note.media["file_id"])
            given = Path(file.file_path)
    assert given.read_bytes() == NOTE  # noqa: ASYNC240 - a small file


async def test_uploads(telegram: TelegramEmulator, bot: Bot) -> None:
    chat = telegram.private(telegram.user("Anna"))
    sent = await bot.send_document(
        chat.id, b'{"a": 1}', filename="data.json", caption="<i>all</i>", parse_mode="HTML"
    )
    await bot.send_voice(chat.id, NOTE, duration=3)
    await bot.send_voice(chat.id, chat.from_bot[1].media["file_id"])
    await bot.send_photo(chat.id, b"\x89PNG...")
    assert sent.document.file_name == "data.json"
    assert chat.from_bot[0].data == b'{"a": 1}'
    assert chat.from_bot[0].marked("italic") == ["all"]
    assert chat.from_bot[2].data == NOTE


async def test_faults_strike_as_often_as_planned(telegram: TelegramEmulator, bot: Bot) -> None:
    chat = telegram.private(telegram.user("Anna"))
    fault = telegram.fail("sendMessage", status=429, retry_after=7, times=2)
    for _ in range(2):
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(chat.id, "x")
        assert int(refused.value._retry_after.total_seconds()) == 7
    telegram.fail("sendMessage", status=502)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(chat.id, "x")
    telegram.fail("sendMessage", reset=True)
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "x")
    assert chat.from_bot == []
    telegram.fail("sendMessage", lost=True)
    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "x")
    assert [note.text for note in chat.from_bot] == ["x"]
    await bot.send_message(chat.id, "y")
    assert fault.hits == 2
    assert [call.status for call in telegram.calls_of("sendMessage")] == [429, 429, 502, None, None, 200]


async def test_flood_limits_are_written_down_and_enforced(telegram: TelegramEmulator, bot: Bot) -> None:
    chat = telegram.private(telegram.user("Anna"))
    await bot.send_message(chat.id, "1")
    assert telegram.flood.violations == []
    await bot.send_message(chat.id, "2")
    assert len(telegram.flood.violations) == 1
    telegram.flood.enforce, telegram.flood.per_chat = True, Limit(2, 10.0)
    with pytest.raises(RetryAfter):
        await bot.send_message(chat.id, "3")


async def test_blocked_kicked_muted_and_never_met(telegram: TelegramEmulator, bot: Bot) -> None:
    anna, bob = telegram.user("Anna"), telegram.user("Bob")
    chat, group = telegram.private(anna), telegram.group("Family", admins=[anna])
    chat.block_bot()
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(chat.id, "x")
    chat.unblock_bot()
    await bot.send_message(chat.id, "x")
    with pytest.raises(Forbidden, match="can't initiate"):
        await bot.send_message(telegram.private(bob, started=False).id, "x")
    group.add_bot(by=anna)
    group.mute_bot(by=anna)
    with pytest.raises(BadRequest, match=r"(?i)not enough rights"):
        await bot.send_message(group.id, "x")
    group.kick_bot(by=anna)
    with pytest.raises(Forbidden, match="kicked from the supergroup"):
        await bot.send_message(group.id, "x")
    statuses = [u.my_chat_member.new_chat_member.status for u in await bot.get_updates() if u.my_chat_member]
    assert statuses == ["kicked", "member", "member", "restricted", "kicked"]


async def test_migration(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Family", admins=[anna], supergroup=False)
    group.add_bot(by=anna)
    new = group.migrate()
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    updates = await bot.get_updates()
    assert [u.message.migrate_to_chat_id for u in updates[-2:]] == [new.id, None]
    assert updates[-1].message.migrate_from_chat_id == group.id
    await bot.send_message(new.id, "x")


async def test_members_and_anonymous_administrators(telegram: TelegramEmulator, bot: Bot) -> None:
    anna, bob, eve = telegram.user("Anna"), telegram.user("Bob"), telegram.user("Eve")
    group = telegram.group("Family", admins=[anna], members=[bob], anonymous_admins=[eve])
    group.add_bot(by=anna, admin=True)
    assert {m.user.id for m in await bot.get_chat_administrators(group.id)} == {
        anna.id,
        eve.id,
        telegram.bot.id,
    }
    assert (await bot.get_chat_member(group.id, bob.id)).status == "member"
    assert await bot.get_chat_member_count(group.id) == 4
    group.text(eve, "/settings@forewarn_bot")
    message = (await bot.get_updates())[-1].message
    assert message.sender_chat.id == group.id
    assert message.from_user.username == "GroupAnonymousBot"
    assert message.parse_entities() != {}
    await bot.leave_chat(group.id)
    assert not group.state.has(telegram.bot)


async def test_business(telegram: TelegramEmulator, bot: Bot) -> None:
    owner, contact = telegram.user("Olga"), telegram.user("Carl")
    business = telegram.business(owner)
    chat = business.chat(contact)
    chat.voice(contact, NOTE)
    chat.voice(owner, NOTE)
    updates = await bot.get_updates()
    connection, incoming, outgoing = updates
    assert connection.business_connection.user_chat_id == owner.id
    assert incoming.business_message.business_connection_id == business.id
    assert incoming.business_message.chat.id == contact.id
    assert outgoing.business_message.from_user.id == owner.id
    await incoming.business_message.reply_text("as the owner!")
    assert chat.transcript().splitlines()[-1].endswith("bot: as the owner!")
    await bot.send_message(owner.id, "privately")
    assert telegram.private(owner).from_bot[0].text == "privately"
    business.switch(on=False)
    chat.voice(contact, NOTE)
    assert kinds(telegram.world.updates.pending)[-1] == "business_connection"
    assert not (await bot.get_business_connection(business.id)).is_enabled
    assert telegram.world.contacts == {contact.id}


async def test_an_account_connected_and_left_again(telegram: TelegramEmulator, bot: Bot) -> None:
    owner, contact = telegram.user("Olga"), telegram.user("Carl")
    business = telegram.business(owner, unnoticed=True)
    business.from_contact(contact, NOTE)
    assert kinds(telegram.world.updates.pending) == ["business_message"]
    assert (await bot.get_business_connection(business.id)).user.id == owner.id
    business.remove()
    assert not (await bot.get_updates())[-1].business_connection.is_enabled
    with pytest.raises(BadRequest, match="not found"):
        await bot.get_business_connection(business.id)


async def test_guest_mode_answers_once_and_edits_by_inline_id(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Strangers", admins=[anna])
    note = group.voice(anna, NOTE)
    asked = group.guest(anna, "@forewarn_bot tone?", reply_to=note)
    message = (await bot.get_updates())[0].guest_message
    assert message.reply_to_message.voice
    result = InlineQueryResultArticle("1", "tone", Words("listening"))
    sent = await bot.answer_guest_query(message.guest_query_id, result)
    await bot.edit_message_text("calm", inline_message_id=sent.inline_message_id)
    assert (await asked.reply()).edits == ["listening", "calm"]
    with pytest.raises(BadRequest, match=r"(?i)query id is invalid"):
        await bot.answer_guest_query(message.guest_query_id, result)


async def test_a_guest_hears_nothing_where_content_is_protected_and_may_do_nothing_but_answer(
    telegram: TelegramEmulator, bot: Bot
) -> None:
    anna, max_ = telegram.user("Anna"), telegram.user("Max")
    closed = telegram.group("Strangers", admins=[anna])
    closed.state.is_protected = True
    closed.guest(anna, "@forewarn_bot", reply_to=closed.voice(anna, NOTE))
    assert telegram.world.updates.pending == []
    own = telegram.chat_with(max_)
    own.guest(anna, "@forewarn_bot", reply_to=own.voice(max_, NOTE))
    message = (await bot.get_updates())[0].guest_message
    assert message.chat.id == max_.id
    with pytest.raises(BadRequest, match=r"(?i)title"):
        await bot.answer_guest_query(
            message.guest_query_id, InlineQueryResultArticle("1", "", Words("no title"))
        )
    group = telegram.group("Others", admins=[anna])
    with pytest.raises(Forbidden, match="not a member"):
        await bot.send_chat_action(group.id, "typing")


async def test_a_channels_posts_appear_in_its_discussion_group(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    group = telegram.group("Readers", admins=[anna])
    group.add_bot(by=anna, admin=True)
    channel = telegram.channel("News", admins=[anna], discussion=group)
    channel.voice(None, NOTE)
    message = (await bot.get_updates())[-1].message
    assert message.is_automatic_forward
    assert message.sender_chat.id == message.forward_origin.chat.id == channel.id
    assert message.from_user.id == 777000
    await message.reply_text("heard", do_quote=True)
    [comment] = group.from_bot
    assert comment.reply_to.id == message.message_id
    assert comment.thread_id is None


async def test_protected_paid_and_other_bots_messages(telegram: TelegramEmulator, bot: Bot) -> None:
    anna, robot = telegram.user("Anna"), telegram.user("Robot", is_bot=True)
    chat = telegram.private(anna)
    chat.state.is_protected = True
    chat.paid_media(anna)
    group = telegram.group("Family", admins=[anna])
    group.add_bot(by=anna, admin=True)
    group.text(robot, "unheard")
    telegram.set_bots_talk(True)
    group.text(robot, "heard")
    messages = [update.message for update in await bot.get_updates() if update.message]
    assert messages[0].has_protected_content
    assert messages[0].paid_media.paid_media[0].type == "preview"
    assert [message.text for message in messages if message.from_user.is_bot] == ["heard"]


async def test_a_press_under_a_message_too_old_to_be_shown(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    sent = await bot.send_message(chat.id, "Well?", reply_markup=BUTTONS)
    chat.from_bot[0].tap("Wrong", by=anna, inaccessible=True)
    query = (await bot.get_updates())[-1].callback_query
    assert not query.message.is_accessible
    assert query.message.message_id == sent.message_id


async def test_inline_channel_and_edited_messages(telegram: TelegramEmulator, bot: Bot) -> None:
    anna = telegram.user("Anna")
    channel = telegram.channel("News", admins=[anna])
    channel.add_bot(by=anna, admin=True)
    channel.voice(None, NOTE, caption="today")
    chat = telegram.private(anna)
    chat.edit(chat.text(anna, "hello"), "hello!")
    asking = asyncio.create_task(telegram.inline(anna, "tone"))
    await asyncio.sleep(0)
    updates = await bot.get_updates()
    assert updates[1].channel_post.sender_chat.id == channel.id
    assert updates[1].channel_post.from_user is None
    assert updates[3].edited_message.text == "hello!"
    await bot.answer_inline_query(
        updates[4].inline_query.id, [InlineQueryResultArticle("1", "t", Words("w"))]
    )
    assert [one["title"] for one in (await asking)["results"]] == ["t"]


async def test_commands_and_names_by_scope_and_language(telegram: TelegramEmulator, bot: Bot) -> None:
    await bot.set_my_commands([("start", "begin")])
    await bot.set_my_commands([("start", "начать")], language_code="ru", scope={"type": "all_private_chats"})
    assert (await bot.get_my_commands())[0].description == "begin"
    russian = await bot.get_my_commands(scope={"type": "all_private_chats"}, language_code="ru")
    assert russian[0].description == "начать"
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([("Старт", "x")])
    await bot.set_my_short_description("знает тон", language_code="ru")
    assert (await bot.get_my_short_description("ru")).short_description == "знает тон"
    assert (await bot.get_my_short_description("en")).short_description == ""


async def test_webhook_carries_the_secret_and_delivers_again(telegram: TelegramEmulator) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    heard: list[str] = []
    arrived = asyncio.Event()

    async def listen(update: TelegramUpdate, _: Context) -> None:
        heard.append(update.message.text)
        arrived.set()

    anna = telegram.user("Anna")
    base, files = f"{telegram.url}/bot", f"{telegram.url}/file/bot"
    app = ApplicationBuilder().token(telegram.token).base_url(base).base_file_url(files).build()
    app.add_handler(TypeHandler(TelegramUpdate, listen))
    hook = f"http://127.0.0.1:{port}/hook"
    async with app:
        await app.bot.set_webhook(hook, secret_token="s3cret")
        telegram.private(anna).text(anna, "while nobody listens")
        await telegram.until(lambda: telegram.world.updates.webhook.last_error, 5, "a failed delivery")
        assert (await app.bot.get_webhook_info()).pending_update_count == 1
        await app.updater.start_webhook("127.0.0.1", port, "hook", webhook_url=hook, secret_token="s3cret")
        await app.start()
        await asyncio.wait_for(arrived.wait(), 5)
        await telegram.confirmed()
        await app.updater.stop()
        await app.stop()
    assert heard == ["while nobody listens"]


async def test_silence_is_reported_with_the_transcript(telegram: TelegramEmulator) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    note = chat.voice(anna, NOTE)
    with pytest.raises(AssertionError, match=r"Anna: \[voice\]"):
        await note.reply(within=0.05)


ECHO = """
import os
from telegram.ext import ApplicationBuilder, MessageHandler, filters
url = os.environ["FOREWARN_API_URL"]
async def echo(update, context):
    print("heard", flush=True)
    await update.message.reply_text("echo " + update.message.text, do_quote=True)
app = ApplicationBuilder().token(os.environ["FOREWARN_TOKEN"]).base_url(url + "/bot").build()
app.add_handler(MessageHandler(filters.TEXT, echo))
app.run_polling(timeout=5)
"""


async def test_a_process_is_killed_and_goes_on(telegram: TelegramEmulator, tmp_path: Path) -> None:
    anna = telegram.user("Anna")
    chat = telegram.private(anna)
    async with BotProcess(telegram, tmp_path, command=[sys.executable, "-c", ECHO]) as bot:
        await bot.wait_ready()
        assert (await chat.text(anna, "one").reply()).text == "echo one"
        assert 5_000_000 < bot.memory < 1_000_000_000
        await telegram.confirmed()
        await bot.kill9()
        assert bot.returncode == -9
        note = chat.text(anna, "two")
        await bot.start()
        await bot.wait_ready()
        assert (await note.reply()).text == "echo two"
        assert await bot.terminate() == 0
    assert bot.output.count("heard") == 2


async def test_a_process_that_dies_says_why(telegram: TelegramEmulator, tmp_path: Path) -> None:
    async with BotProcess(
        telegram, tmp_path, command=[sys.executable, "-c", "raise SystemExit('no model')"]
    ) as bot:
        with pytest.raises(AssertionError, match="no model"):
            await bot.wait_ready()
