"""Who waits for a note: told where it stands, how far it is, and free to cancel."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.emulator import people
from bot.hearing import Progress
from bot.notes import BusinessNote, Contact, Note
from bot.waiting import CANCEL, EVERY, TOLD_FROM, Queued, Standing, standings
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import convert, sample
from tests.telegram import BotProcess

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0
LONG = 300
"""Seconds that a note is said to last, so that the others reckon with a long wait; it is soon heard."""


@pytest.fixture
def hold(tg):
    """Telegram does not hand out files until the test lets it."""
    holding = tg.fail("getFile", delay=60, times=None)
    yield holding
    holding.lift()


def download_of(tg, note, **fault):
    """Something goes wrong with the note's download."""
    return tg.fail("getFile", when=lambda call: call.params["file_id"] == note.media["file_id"], **fault)


def louder(tmp_path, percent):
    """A note that was never heard before."""
    return convert(sample("negative"), tmp_path, f"{percent}.ogg", "-af", f"volume={percent / 100}")


async def test_people_see_how_the_line_moves_and_then_get_their_warnings(tg, bot, anna, olga, tmp_path):
    chats, notes, holds = [tg.private(anna), tg.private(olga)], [], []
    for person, chat, loud in zip((anna, olga), chats, (60, 62), strict=True):
        notes.append(chat.voice(person, louder(tmp_path, loud), duration=LONG))
        holds.append(download_of(tg, notes[-1], status=502, times=None))
    first = await chats[0].says("You are next, about")
    second = await chats[1].says("вторая в очереди, ещё около")
    assert "to go" in first.text
    holds[0].lift()
    assert "negative" in (await notes[0].reply(within=HEARD)).text
    assert first.deleted
    await second.edited(containing="следующая", within=HEARD)
    holds[1].lift()
    assert "негативный" in (await notes[1].reply(within=HEARD)).text
    assert second.deleted
    for chat in chats:
        assert len(chat.from_bot) == 1
    shown = [call.at for call in tg.calls_of("sendMessage", "editMessageText", chat=chats[1])[:-1]]
    assert len(shown) > 1
    assert all(later - earlier >= EVERY for earlier, later in pairwise(shown))


async def test_a_short_wait_is_not_worth_a_word(tg, bot, anna, tmp_path):
    chat = tg.private(anna)
    note = chat.voice(anna, louder(tmp_path, 66))
    download_of(tg, note, delay=2)
    await note.reply(within=HEARD)
    told = [said for said in chat.state.messages if said.sent_by_bot and not said.reply_to]
    assert not [said for said in told if said.at - note.state.at < TOLD_FROM]


async def test_what_takes_longer_than_thought_is_said_too_and_in_one_message(tg, bot, anna, hold, tmp_path):
    chat = tg.private(anna)
    notes = [chat.voice(anna, louder(tmp_path, loud)) for loud in (68, 70)]
    told = await chat.says("You are next.", within=15)
    assert told.reply_to is None
    await told.press("Cancel", by=anna)
    assert "Cancelled" in (await told.edited(containing="Cancelled")).text
    assert not told.buttons
    hold.lift()
    assert "negative" in (await notes[1].reply(within=HEARD)).text
    assert len(chat.from_bot) == 2
    assert "outcome=cancelled" in bot.log()


async def test_a_second_tap_on_cancel_hears_the_same_and_leaves_the_answer_alone(
    tg, bot, anna, hold, tmp_path
):
    chat = tg.private(anna)
    chat.voice(anna, louder(tmp_path, 64), duration=LONG)
    told = await chat.says("You are next")
    slow = tg.fail("editMessageText", delay=3, when=lambda call: "Cancelled" in call.params["text"])
    await told.press("Cancel", by=anna)
    at_once = await told.press("Cancel", by=anna)
    await tg.until(lambda: slow.hits, 5, "the confirmation on its way")
    await chat.silence(1.5)  # until the job has ended and is forgotten
    later = await told.press("Cancel", by=anna)
    await told.edited(containing="Cancelled")
    stale = people.press(tg.world, told.state, CANCEL, anna)
    stale_answer = await tg.until(lambda: stale.answer, 5, "an answer to a tap on an old screen")
    assert [at_once.text, later.text, stale_answer["text"]] == [told.text] * 3
    assert not told.deleted


async def test_in_a_group_only_who_asked_sees_and_may_cancel(tg, family, anna, max_, tmp_path):
    await family.says("under each voice note")
    unasked = family.voice(max_, louder(tmp_path, 72), duration=LONG)
    download_of(tg, unasked, delay=4)
    await family.silence(3)
    await unasked.reply(within=HEARD)
    hold = tg.fail("getFile", delay=60, times=None)
    song = family.audio(max_, louder(tmp_path, 74), duration=LONG)
    asked = family.text(max_, "/tone", reply_to=song)
    told = await asked.reply(containing="You are next")
    pressed = await told.press("Cancel", by=anna)
    assert pressed.show_alert
    assert "Only the one who asked" in pressed.text
    await told.press("Cancel", by=max_)
    await told.edited(containing="Cancelled")
    hold.lift()
    await family.silence(3)


async def test_a_long_note_shows_how_far_it_is_and_stops_when_it_is_cancelled(tg, bot, anna, tmp_path):
    chat = tg.private(anna)
    five_minutes = ("-af", "aloop=loop=-1:size=480000", "-t", "299", "-compression_level", "0")
    long = convert(sample("negative"), tmp_path, "long.ogg", *five_minutes)
    note = chat.voice(anna, long, duration=299)
    told = await chat.says("Listening: ", within=HEARD)
    await told.edited(containing="1 of 5 minutes, about", within=120)
    await told.press("Cancel", by=anna)
    await told.edited(containing="Cancelled")
    assert "negative" in (await chat.voice(anna, louder(tmp_path, 76)).reply(within=HEARD)).text
    assert [said.reply_to.id for said in chat.from_bot if said.reply_to] != [note.id]


@pytest.mark.asyncio(loop_scope="function")
async def test_a_message_from_before_a_crash_goes_too(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    hold = telegram.fail("getFile", delay=60, times=None)
    async with BotProcess(telegram, tmp_path / "data", env=OFFLINE) as process:
        await process.wait_ready()
        note = chat.voice(anna, sample("negative"), duration=LONG)
        told = await chat.says("You are next")
        await chat.silence(1)  # until its number is kept
        await process.kill9()
        hold.lift()
        await process.start()
        assert "negative" in (await note.reply(within=HEARD)).text
        await told.gone()
        assert len(chat.from_bot) == 1


# --- the estimate


def queued(number, at, duration, chat_id=1, contact=None):
    about = {
        "message_id": number,
        "sent_at": 0,
        "file_id": "f",
        "file_unique_id": "u",
        "file_size": None,
        "duration": duration,
    }
    if contact:
        return Queued(str(number), BusinessNote(contact=contact, **about), at)
    about |= {"chat_id": chat_id, "reply_to": 1, "thread_id": None, "language_code": None}
    return Queued(str(number), Note(private=True, asked=False, **about), at)


CARL = Contact("biz", 7, "Carl")


@pytest.mark.parametrize(
    ("line", "heard", "expected"),
    [
        pytest.param([queued(1, 0, 50)], {}, {"1": (1, 5)}, id="alone"),
        pytest.param(
            [queued(1, 0, 50), queued(2, 1, 10, chat_id=2)],
            {},
            {"2": (1, 1), "1": (2, 6)},
            id="short ones first",
        ),
        pytest.param(
            [queued(1, 0, 50), queued(2, 1, 10)], {}, {"1": (1, 5), "2": (2, 6)}, id="but not within a chat"
        ),
        pytest.param(
            [queued(1, 0, 50), queued(2, 60, 10, chat_id=2)],
            {"1": Progress(40, 50)},
            {"1": (1, 1), "2": (2, 2)},
            id="what is heard already",
        ),
        pytest.param(
            [queued(1, 0, None, contact=CARL), queued(2, 1, 60)],
            {},
            {"1": (1, 3), "2": (2, 9)},
            id="a contact's note of unknown length",
        ),
    ],
)
async def test_standings(line, heard, expected):
    found = standings(line, cost=lambda duration: duration / 10, progress=heard.get)
    assert found == {job: Standing(place, pytest.approx(left)) for job, (place, left) in expected.items()}
