"""What people decide: whose notes are judged, what is kept, what was wrong, how their own note sounds."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from bot.given import Safe
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, press, sample, words_of
from tests.telegram import BotProcess

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0
"""Seconds to wait for a warning: the first one may wait for the models."""
KEY = Fernet.generate_key().decode()
YES, NO, WORDS = "Yes, gladly", "No", "The words of my own notes too"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tg, tmp_path_factory):
    """A bot whose operator set a key for words that people give."""
    env = OFFLINE | {"FOREWARN_GIVEN_KEY": KEY}
    async with BotProcess(tg, tmp_path_factory.mktemp("data"), env=env) as process:
        await process.wait_ready()
        yield process


async def said(room, person, text, answer, **fields):
    return await room.says(answer, after=room.text(person, text, **fields))


async def mydata(tg, person):
    sent = await tg.private(person).says("what I keep", after=tg.private(person).text(person, "/mydata"))
    assert sent.media["file_name"] == "mydata.json"
    # What counts against the operator's limits ends by itself, and /forget does not reset it.
    return {table: rows for table, rows in json.loads(sent.data).items() if rows and table != "usage"}


def answers_to(room, note):
    return [reply for reply in room.from_bot if reply.reply_to and reply.reply_to.id == note.id]


# --- an opt-out


async def test_whoever_opts_out_is_judged_for_nobody_and_can_come_back(tg, bot, family, anna, max_):
    await said(tg.private(max_), max_, "/optout", "any chat")
    mine = tg.private(anna)
    account = tg.business(anna)
    await mine.says("connected to your account")

    in_group = family.voice(max_, sample("negative"))
    account.from_contact(max_, sample("negative"))
    forwarded = mine.forward(anna, in_group)
    assert "not to judge" in (await forwarded.reply(within=HEARD)).text
    family.text(anna, "/tone", reply_to=in_group)
    assert "not to judge" in (await in_group.reply(within=HEARD)).text
    text = family.text(max_, "I am so furious with all of you")
    await said(family, anna, "/tone", "not to judge", reply_to=text)

    # Others are still judged, after his notes in line; about his own note he may ask himself.
    assert "positive" in (await family.voice(anna, sample("positive")).reply(within=HEARD)).text
    own = tg.private(max_).voice(max_, sample("negative"))
    assert "negative" in (await own.reply(within=HEARD)).text
    assert len(answers_to(family, in_group)) == 1
    assert not [note for note in mine.from_bot if "Max" in note.text]

    await said(family, max_, "/optin", "Welcome back")
    again = family.voice(max_, sample("negative"))
    assert "negative" in (await again.reply(within=HEARD)).text


async def test_who_hides_behind_the_group_or_another_cannot_opt_out(tg, family, anna, max_):
    anonymous = family.text(None, "/optout", as_chat=family)
    await family.says("can't see who you are", after=anonymous)
    # A forwarded command is the wish of the one who forwards it, not of its author.
    private, elsewhere = tg.private(anna), tg.group("Elsewhere", members=[anna, max_])
    await private.says("any chat", after=private.forward(anna, elsewhere.text(max_, "/optout")))
    assert "optouts" in await mydata(tg, anna)
    assert "optouts" not in await mydata(tg, max_)


# --- all that is kept


async def test_a_person_sees_all_that_is_kept_of_them_and_forget_leaves_the_opt_out_alone(
    tg, bot, family, max_
):
    anna = tg.user("Anna", language_code="en")
    family.join(anna)
    mine = tg.private(anna)
    assert await mydata(tg, anna) == {}
    note = mine.voice(anna, sample("negative"))
    warning = await note.reply(within=HEARD)
    await correct(warning, anna, "neutral")
    group_warning = await family.voice(max_, sample("negative")).reply(within=HEARD)
    await correct(group_warning, anna, "positive")
    await said(mine, anna, "/optout", "any chat")
    await choose(mine, anna, "Style: brief")

    kept = await mydata(tg, anna)
    assert {*kept} == {"chats", "verdicts", "corrections", "consents", "optouts", "jobs"}
    assert kept["chats"][0]["style"] == "brief"
    assert sorted((row["said"], row["meant"]) for row in kept["corrections"]) == [
        ("negative", "neutral"),
        ("negative", "positive"),
    ]
    [job] = kept["jobs"]
    assert job["outcome"] == "warned"
    assert job["note"]["file_id"] == note.media["file_id"]
    assert (job["note"]["asker_id"], job["note"]["speaker_id"]) == (anna.id, anna.id)
    assert job["note"]["language_code"] == "en"
    assert not any(word in json.dumps(kept).lower() for word in words_of("negative"))
    await said(family, anna, "/mydata", "between the two of us")

    forgotten = await said(mine, anna, "/forget", "deleted")
    assert "corrections" in forgotten.text
    assert "/optin" in forgotten.text
    assert await mydata(tg, anna) == {"optouts": [{"user_id": anna.id}]}


# --- corrections


async def shows(note, button):
    await note.tg.until(lambda: button in note.buttons, 10, f"the button {button!r}", note.state.chat)


async def correct(warning, person, tone):
    await warning.press("Wrong?", by=person)
    await shows(warning, tone)
    thanks = await warning.press(tone, by=person)
    assert "Thank you" in thanks.text
    await shows(warning, "🤔 Wrong?")


async def test_the_buttons_of_a_correction_come_and_go_and_leave_the_others(tg, family, anna, max_):
    warning = await family.voice(max_, sample("negative")).reply(within=HEARD)
    before = warning.buttons
    assert before[-1] == "🤔 Wrong?"
    await warning.press("Wrong?", by=anna)
    await shows(warning, "‹ Back")
    assert warning.buttons == [*before[:-1], "negative", "neutral", "positive", "‹ Back"]
    await warning.press("Back", by=max_)
    await shows(warning, "🤔 Wrong?")
    assert warning.buttons == before
    await warning.press("excuse", by=anna)
    await tg.until(lambda: warning.buttons == ["🤔 Wrong?"], 10, "the other button gone", family.state)
    await correct(warning, anna, "neutral")
    await correct(warning, anna, "positive")
    [kept] = (await mydata(tg, anna))["corrections"]
    assert (kept["said"], kept["meant"]) == ("negative", "positive")
    assert "May the one who runs" not in family.transcript()


async def test_a_contacts_note_is_corrected_apart_from_the_owners_own(tg, bot):
    anna = tg.user("Anna", language_code="en")
    mine, account = tg.private(anna), tg.business(anna)
    await mine.says("connected to your account")
    contact = tg.user("Carl")
    account.from_contact(contact, sample("negative"))
    warning = await mine.says("🎙 Carl", within=HEARD)
    await correct(warning, anna, "neutral")
    assert {"🔕 Mute Carl", "🤔 Wrong?"} <= {*warning.buttons}
    assert account.chat(contact).from_bot == []
    about = await mydata(tg, anna)
    [kept] = about["corrections"]
    assert kept["note_id"] < 0
    [job] = about["jobs"]
    assert job["note"]["contact"]["name"] == "Carl"
    account.remove()
    await mine.says("no longer connected")
    assert "corrections" not in await mydata(tg, anna)


async def test_false_alarms_teach_this_chat_to_be_slower_and_no_other(tg, bot):
    """A note that is negative for everybody is less so where many were wrong."""
    anna = tg.user("Anna", language_code="en")
    mine, other = tg.private(anna), tg.private(tg.user("Max", language_code="en"))
    await choose(mine, anna, "Style: detailed")
    first = await mine.voice(anna, sample("negative")).reply(within=HEARD)
    before = negative_share(first)
    for _ in range(4):
        warning = await mine.voice(anna, sample("negative")).reply(within=HEARD)
        await correct(warning, anna, "neutral")
    after = negative_share(await mine.voice(anna, sample("negative")).reply(within=HEARD))
    assert after < before
    menu = await choose(mine, anna, "Sensitivity: fewer negatives")
    await menu.edited(containing="fewer notes negative here (4 corrections)")
    assert negative_share(await mine.voice(anna, sample("negative")).reply(within=HEARD)) < after
    await press(menu, "usual", by=anna)
    await press(menu, "Forget what", by=anna)
    await menu.edited(containing="nothing here yet")
    assert "Forget what" not in str(menu.buttons)
    assert negative_share(await mine.voice(anna, sample("negative")).reply(within=HEARD)) == before
    assert "negative" in (await other.voice(other.state.person, sample("negative")).reply(within=HEARD)).text


def negative_share(warning):
    """Percent in the bar of a detailed warning."""
    line = next(line for line in warning.text.splitlines() if line.startswith("negative "))
    return int(line.rpartition(" ")[2].rstrip("%"))


async def test_consent_is_asked_once_in_private_and_can_be_taken_back(tg, bot):
    anna = tg.user("Anna", language_code="en")
    mine = tg.private(anna)
    first, second, third = [await mine.voice(anna, sample("negative")).reply(within=HEARD) for _ in range(3)]
    await correct(first, anna, "neutral")
    question = await mine.says("May the one who runs this bot")
    assert question.buttons == ["Yes, gladly", "No"]
    for answer, agreed, words in (
        (YES, True, False),
        (NO, False, False),
        (YES, True, False),
        (WORDS, True, True),
    ):
        await question.press(answer, by=anna)
        await shows(question, f"✓ {answer}")
        [kept] = (await mydata(tg, anna))["consents"]
        assert (kept["agreed"], kept["words"]) == (agreed, words)

    # Words are given by their speaker, from here on, and lie there encrypted.
    forwarded = tg.group("Elsewhere", members=[anna]).voice(tg.user("Max"), sample("negative"))
    others = await mine.forward(anna, forwarded).reply(within=HEARD)
    await correct(others, anna, "neutral")
    await correct(second, anna, "neutral")
    kept = await given(tg, anna, within=HEARD)
    assert sum(word in kept.lower() for word in words_of("negative")) >= 2
    await said(mine, anna, "/privacy", "You gave me the words")
    await question.press(WORDS, by=anna)
    await shows(question, WORDS)
    assert [row["words"] for row in (await mydata(tg, anna))["corrections"]] == [None] * 3
    await correct(third, anna, "neutral")
    await question.press(NO, by=anna)
    await shows(question, f"✓ {NO}")
    assert WORDS not in question.buttons
    assert len([note for note in mine.from_bot if "May the one" in str(note.edits)]) == 1


async def given(tg, person, within):
    """The only words that are kept of a person, decrypted."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        locked = [row["words"] for row in (await mydata(tg, person))["corrections"] if row["words"]]
        if locked:
            [only] = locked
            return Safe(KEY).unlock(only)
        await asyncio.sleep(0.5)
    raise AssertionError("no words were kept")


# --- one's own note


@pytest.mark.parametrize("how", ["as a reply", "as the next note"])
async def test_a_note_is_checked_before_it_is_sent_to_anybody(tg, bot, how):
    anna = tg.user("Anna", language_code="en")
    mine = tg.private(anna)
    question = await said(mine, anna, "/check", "Record a voice note")
    assert question.state.markup["force_reply"]
    fields = {"reply_to": question} if how == "as a reply" else {}
    answer = await mine.voice(anna, sample("negative"), **fields).reply(within=HEARD)
    assert answer.text.startswith("This is how your note will sound")
    assert "%" in answer.text
    words = words_of("negative")
    [quoted] = answer.marked("expandable_blockquote") or answer.marked("blockquote")
    assert sum(word in quoted.lower() for word in words) >= 2
    assert [bold for bold in answer.marked("bold")[1:] if bold.lower().strip(".,!?") in quoted.lower()]
    assert answer.buttons == ["🤔 Wrong?"]
    ordinary = await mine.voice(anna, sample("negative")).reply(within=HEARD)
    assert not any(word in ordinary.text.lower() for word in words)


async def test_in_a_group_a_draft_is_better_not_heard(tg, family, anna):
    await said(family, anna, "/check", "Better in private")


# --- what a client lists


async def test_each_command_is_listed_where_it_works(tg, bot):
    lists = {
        key: {one["command"] for one in listed}
        for key, listed in tg.world.profile.items()
        if key[0] == "commands"
    }
    for language in ("", "ru"):
        private = lists["commands", "all_private_chats", language]
        groups = lists["commands", "all_group_chats", language]
        assert {"start", "check", "mydata"} <= private - groups
        assert {"optout", "optin", "forget", "privacy"} <= groups < private
