"""Which updates are notes, and which only look like one."""

import json

import pytest
from telegram import Update

from bot.notes import BusinessNote, from_json, note_in

VOICE = {"file_id": "f", "file_unique_id": "u", "duration": 5, "file_size": 9000}
ANNA = {"id": 7, "is_bot": False, "first_name": "Anna", "language_code": "ru"}
MAX = {"id": 9, "is_bot": False, "first_name": "Max"}
OTHER_BOT = {"id": 8, "is_bot": True, "first_name": "Robot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Anna"}
GROUP = {"id": -100, "type": "supergroup", "title": "Family", "is_forum": True}


def message(**fields):
    return {"message_id": 5, "date": 1_700_000_000, "chat": PRIVATE, "from": ANNA} | fields


def update(kind="message", **fields):
    return Update.de_json({"update_id": 1, kind: message(**fields)}, None)


def command(text, **fields):
    entity = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    return update(text=text, entities=[entity], **fields)


@pytest.mark.parametrize(
    "sound",
    [
        {"voice": VOICE},
        {"audio": VOICE},
        {"video_note": VOICE | {"length": 240}},
        {"video": VOICE | {"width": 320, "height": 240}},
        {"document": VOICE | {"mime_type": "application/octet-stream"}},
    ],
)
def test_whatever_holds_a_voice_is_a_note(sound):
    note = note_in(update(**sound), "forewarn_bot")
    assert (note.chat_id, note.reply_to, note.file_unique_id, note.private, note.asked) == (
        7,
        5,
        "u",
        True,
        False,
    )
    assert note.language_code == "ru"


def test_a_note_asked_about_later_came_when_it_came():
    noted = message(chat=GROUP, voice=VOICE, message_id=4)
    note = note_in(command("/tone", chat=GROUP, date=1_700_009_000, reply_to_message=noted), "forewarn_bot")
    assert note.sent_at == 1_700_009_000
    assert note.came_at.timestamp() == 1_700_000_000
    of_an_older_version = {name: value for name, value in note.to_json().items() if name != "noted_at"}
    assert from_json(of_an_older_version).came_at.timestamp() == 1_700_009_000


def test_a_note_whose_group_became_a_supergroup_is_the_same_job():
    note = note_in(update(chat=GROUP, voice=VOICE), "forewarn_bot")
    moved = note.in_supergroup(-1001)
    assert (moved.chat_id, moved.reply_to) == (-1001, None)
    assert (moved.job_id, moved.lane) == (note.job_id, note.lane)


@pytest.mark.parametrize("odd", ["x", "", [], {"id": 1}, 1.5], ids=repr)
@pytest.mark.parametrize(
    "spoilt",
    [
        lambda odd: {"voice": VOICE | {"duration": odd}},
        lambda odd: {"voice": VOICE | {"file_size": odd}},
        lambda odd: {"voice": VOICE, "chat": PRIVATE | {"id": odd}},
        lambda odd: {"voice": VOICE, "message_thread_id": odd, "is_topic_message": True},
        lambda odd: {"voice": VOICE, "from": ANNA | {"language_code": odd}},
        lambda odd: {"voice": VOICE, "forward_origin": {"type": "user", "sender_user": MAX | {"id": odd}}},
    ],
    ids=["duration", "size", "chat", "topic", "language", "speaker"],
)
def test_what_is_of_another_kind_than_it_should_be_never_gets_into_the_queue(spoilt, odd):
    try:
        note = note_in(update(**spoilt(odd)), "forewarn_bot")
    except (TypeError, ValueError, KeyError, AttributeError):
        return
    kept = note.to_json()
    assert isinstance(kept["duration"], float)
    assert isinstance(kept["language_code"], str)
    for name in ("file_size", "chat_id", "thread_id", "speaker_id"):
        assert kept[name] is None or isinstance(kept[name], int), name


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({}, 7),
        ({"forward_origin": {"type": "user", "sender_user": MAX, "date": 1}}, 9),
        ({"forward_origin": {"type": "hidden_user", "sender_user_name": "Max", "date": 1}}, None),
        ({"forward_origin": {"type": "channel", "chat": GROUP, "message_id": 1, "date": 1}}, None),
        ({"chat": GROUP, "sender_chat": GROUP}, None),
    ],
)
def test_a_note_is_its_speakers_whoever_forwards_it(fields, speaker):
    note = note_in(update(voice=VOICE, **fields), "forewarn_bot")
    assert note.speaker_id == speaker
    assert note.own == (speaker == ANNA["id"])


def test_a_note_that_another_replies_to_is_not_the_askers_own():
    replied = message(message_id=4, voice=VOICE, chat=GROUP, **{"from": MAX})
    note = note_in(command("/tone", chat=GROUP, reply_to_message=replied), "forewarn_bot")
    assert (note.speaker_id, note.asker_id, note.own) == (9, 7, False)


@pytest.mark.parametrize(
    "what",
    [
        update(text="hello"),
        update(document=VOICE | {"mime_type": "audio/ogg"}, chat=GROUP),
        update(audio=VOICE, chat=GROUP),
        update("edited_message", voice=VOICE),
        update("channel_post", voice=VOICE),
        update("edited_channel_post", voice=VOICE),
        update("edited_business_message", voice=VOICE, business_connection_id="c1"),
        update(voice=VOICE, chat=GROUP, **{"from": OTHER_BOT}),
        command("/tone"),
        command("/tone", reply_to_message=message(text="hello")),
        command("/tone@another_bot", reply_to_message=message(voice=VOICE)),
        command("/stone", reply_to_message=message(voice=VOICE)),
    ],
    ids=lambda update: str(update.to_dict())[:60],
)
def test_what_is_no_note(what):
    assert note_in(what, "forewarn_bot") is None


def test_an_anonymous_admin_looks_like_a_bot_but_is_not():
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    note = note_in(update(voice=VOICE, chat=GROUP, sender_chat=GROUP, **{"from": anonymous}), "forewarn_bot")
    assert note is not None
    assert not note.private


@pytest.mark.parametrize("text", ["/tone", "/tone@Forewarn_Bot", "/TONE please"])
def test_tone_as_a_reply_to_a_note_asks_for_that_note(text):
    asked = command(text, message_id=9, chat=GROUP, reply_to_message=message(chat=GROUP, voice=VOICE))
    note = note_in(asked, "forewarn_bot")
    assert (note.message_id, note.reply_to, note.asked, note.job_id) == (9, 5, True, "-100:0000000009")


@pytest.mark.parametrize(("in_topic", "thread"), [(True, 33), (None, None)])
def test_the_topic_counts_only_in_a_topic(in_topic, thread):
    # In a group without topics Telegram also sends a thread id, of the reply chain.
    note = note_in(update(voice=VOICE, chat=GROUP, message_thread_id=33, is_topic_message=in_topic), "b")
    assert note.thread_id == thread


def to_account(**fields):
    """A message in someone's own account; Anna is the contact."""
    return update("business_message", **{"business_connection_id": "c1"} | fields)


@pytest.mark.parametrize("sound", [{"voice": VOICE}, {"video_note": VOICE | {"length": 240}}])
def test_what_a_contact_sends_to_a_connected_account_is_a_note_for_its_owner(sound):
    note = note_in(to_account(**sound), "forewarn_bot")
    assert isinstance(note, BusinessNote)
    assert (note.contact.id, note.contact.name, note.file_unique_id) == (7, "Anna", "u")
    told = note.for_owner(chat_id=9, language_code="en")
    assert (told.chat_id, told.reply_to, told.private, told.asked) == (9, None, True, False)
    assert (told.job_id, told.sent_at) == (note.job_id, note.sent_at)


@pytest.mark.parametrize(
    "what",
    [
        {"text": "hello"},
        {"audio": VOICE},
        {"document": VOICE | {"mime_type": "audio/ogg"}},
        {"voice": VOICE, "from": ANNA | {"id": 9}},
        {"voice": VOICE, "from": ANNA | {"id": 9}, "sender_business_bot": OTHER_BOT},
        {"voice": VOICE, "sender_business_bot": OTHER_BOT},
        {"voice": VOICE, "from": OTHER_BOT, "chat": PRIVATE | {"id": 8}},
        {"text": "/tone", "reply_to_message": message(voice=VOICE)},
    ],
    ids=str,
)
def test_what_else_happens_in_a_connected_account_is_not(what):
    assert note_in(to_account(**what), "forewarn_bot") is None


def test_the_same_numbers_in_private_in_an_account_and_in_another_one_are_three_jobs():
    updates = [
        update(voice=VOICE),
        to_account(voice=VOICE),
        to_account(voice=VOICE, business_connection_id="c2"),
    ]
    notes = [note_in(one, "forewarn_bot") for one in updates]
    assert len({note.job_id for note in notes}) == 3
    assert [note.lane for note in notes] == ["7", "business:c1", "business:c2"]


@pytest.mark.parametrize("made", [update, to_account])
def test_a_note_survives_the_queue(made):
    note = note_in(made(voice=VOICE), "forewarn_bot")
    assert from_json(json.loads(json.dumps(note.to_json()))) == note


def test_a_note_that_was_queued_before_there_were_contacts_is_still_read():
    note = note_in(update(voice=VOICE), "forewarn_bot")
    older = {name: value for name, value in note.to_json().items() if name != "contact"}
    assert from_json(older) == note
