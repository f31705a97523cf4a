"""Updates as no Telegram sends them: the bot stays up, loses none of the others, and repeats none of it."""

from __future__ import annotations

import asyncio
import copy
import os
import random
import re
from collections import Counter
from itertools import count

import pytest

from bot.updates import readable
from tests.bot.stub_models import STUBBED, note_of
from tests.telegram import BotProcess, TelegramEmulator

HOW_MANY = 1000 * int(os.environ.get("FUZZ", "2"))
"""`FUZZ=10 pytest tests/bot/test_strange_updates.py`: 10,000."""
WORD = "xyzzyplugh"
"""Stands in every text of the updates, and must stand in no line of the log."""
VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53,
    2**63,
    -(2**63) - 1,
    10**40,
    1.5,
    float("inf"),
    "",
    "0",
    "x" * 5000,
    "\u202e\u0000\ufeff",
    "👩‍👩‍👧‍👦" * 40,
    "\ud800",
    "ё" * 300,
    "<b>&amp",
    [],
    [[]],
    {},
    {"id": 1},
    [None],
    ["a", 1],
)
PRESSES = (
    "set:style:gentle",
    "set:style",
    "set:utc:99",
    "set:utc:x",
    "set:quiet:",
    "set:",
    "set:unmute",
    "wrong:",
    "w:1:2:3",
    "consent:yes",
    "consent:words",
    "mute:1",
    "mute:99999999999999999999",
    "unmute:x",
    "excuse",
    "excuse:zz",
    "cancel",
    "reveal:1:1",
    "reveal:9999999999999999999999:1",
    "",
    ":",
    "set:style:" + "x" * 54,
    "я" * 32,
    "\x00",
)


async def everyday(tg: TelegramEmulator) -> list[dict]:
    """One update of every kind that people cause, as the emulator puts it on the wire."""
    anna, max_ = tg.user("Anna", language_code="en"), tg.user("Max", language_code="ru", username="max")
    chat, sound = tg.private(anna), note_of(f"negative {WORD}")
    note = chat.voice(anna, sound)
    chat.forward(anna, note)
    for text in (
        "/start",
        "/help",
        "/settings",
        "/mydata",
        "/tone",
        "/stats",
        "/doctor",
        "/admin",
        "/check",
        WORD,
    ):
        chat.text(anna, text, reply_to=note if text == "/tone" else None)
    chat.video_note(anna, sound, caption=WORD)
    chat.document(anna, sound, file_name="../../etc/passwd\n;$(reboot).ogg", mime_type="x/y")
    chat.audio(anna, sound, file_name="-i http:/\\x.m3u8", media_group_id="1")
    chat.paid_media(anna)
    chat.edit(chat.text(anna, "a"), WORD)
    chat.other(
        anna,
        {
            "sticker": {
                "file_id": "a",
                "file_unique_id": "b",
                "type": "regular",
                "width": 1,
                "height": 1,
                "is_animated": False,
                "is_video": False,
            }
        },
    )
    group = tg.group("Family", members=[max_], admins=[anna], forum=True)
    group.add_bot(by=anna, admin=True)
    topic = group.topic("One")
    said = topic.voice(max_, sound)
    topic.text(anna, "/tone", reply_to=said)
    topic.text(max_, f"@{tg.bot.username} {WORD}", reply_to=said)
    group.join(tg.user("New"))
    group.mute_bot(by=anna)
    group.promote_bot(by=anna)
    old = tg.group("Old", admins=[anna], supergroup=False)
    old.add_bot(by=anna)
    old.migrate()
    account = tg.business(anna)
    account.from_contact(max_, sound)
    account.switch(on=True)
    elsewhere = tg.chat_with(max_)
    elsewhere.guest(anna, f"@{tg.bot.username}", reply_to=elsewhere.voice(max_, sound))
    tg.world.updates.push(
        "inline_query",
        {
            "id": "1",
            "from": {"id": anna.id, "is_bot": False, "first_name": WORD},
            "query": WORD,
            "offset": "",
            "chat_type": "sender",
        },
    )
    for data in PRESSES:
        press = {
            "id": str(tg.world.number()),
            "from": {"id": anna.id, "is_bot": False, "first_name": WORD},
            "chat_instance": "1",
            "data": data,
        }
        shown = next(one["message"] for one in tg.world.updates.pending if "message" in one)
        tg.world.updates.push("callback_query", press | {"message": shown})
        tg.world.updates.push("callback_query", press | {"inline_message_id": "9"})
    found, tg.world.updates.pending = tg.world.updates.pending, []
    return found


def spoil(update: dict, chance: random.Random) -> None:
    """Change one place of it: another value, nothing, or its kind."""
    place, key = chance.choice([at for at in _places(update) if at[1] != "update_id"])
    match chance.randrange(8):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[f"{key}_of_tomorrow"] = place.pop(key)
        case 2 if isinstance(place[key], int):
            place[key] += chance.choice((-1, 1, 10**6, 10**12))
        case _:
            place[key] = copy.deepcopy(chance.choice(VALUES))


def _places(value: object) -> list[tuple]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [at for key in keys for at in [(value, key), *_places(value[key])]]


@pytest.mark.slow
async def test_strange_updates_end_nothing(telegram, tmp_path):
    chance = random.Random(20 if HOW_MANY == 2000 else None)
    usual = await everyday(telegram)
    ids, queue = count(600_000_000), telegram.world.updates
    env = {
        "FOREWARN_LOG_LEVEL": "DEBUG",
        "FOREWARN_LIMITS__NOTES_PER_USER_HOUR": "0",
        "FOREWARN_LIMITS__NOTES_PER_CHAT_HOUR": "0",
    }
    async with BotProcess(telegram, tmp_path, command=STUBBED, env=env) as bot:
        await bot.wait_ready()
        for _ in range(HOW_MANY):
            update = copy.deepcopy(chance.choice(usual)) | {"update_id": next(ids)}
            for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
                if len(update) > 1:
                    spoil(update, chance)
            queue.pending.append(update)
        queue.changed.notify()
        taken = asyncio.create_task(telegram.confirmed(within=HOW_MANY / 10))
        while not (await asyncio.wait([taken], timeout=1))[0]:
            assert bot.returncode is None, bot.log()[-5000:]
        await taken
        olga = telegram.user("Olga", language_code="en")
        note = telegram.private(olga).voice(olga, note_of("positive all is well"))
        assert "positive" in (await note.reply(within=60)).text
        assert bot.returncode is None
        told = Counter(re.findall(r"\[error .* update_id=(\d+)", bot.log()))
        assert await bot.terminate() == 0
    assert told
    assert set(told.values()) == {1}
    assert "Traceback" not in bot.log()
    assert WORD not in bot.log()
    found = [path for path in tmp_path.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]
    assert found == []


@pytest.mark.parametrize(
    ("update", "left"),
    [
        ({"update_id": 1, "poll_of_tomorrow": {"question": ["?"]}}, None),
        ({"update_id": 1, "message": {"text": "no chat, no date"}}, [{"update_id": 1}]),
        ({"update_id": 1, "message": "text"}, [{"update_id": 1}]),
        ({"update_id": 1, "inline_query": {"id": "1", "query": "\ud800"}}, [{"update_id": 1}]),
        ({"update_id": 1, "x": 2**63}, [{"update_id": 1}]),
        ({"update_id": 1, "x": float("nan")}, [{"update_id": 1}]),
        ({"update_id": "1"}, []),
        ({"update_id": True}, []),
        ({"update_id": 2**70}, []),
        ({"message": {}}, []),
        ("update", []),
        (None, []),
    ],
)
def test_what_cannot_be_read_is_left_as_its_number(update, left):
    assert readable([update, {"update_id": 5}]) == [*([update] if left is None else left), {"update_id": 5}]
