"""What is counted, for whom, and when it is forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.store import Allowance, ProgressMessage, Use
from tests.bot.test_warnings import ANGRY

FAMILY, ANNA = -42, 7
HOUR = timedelta(hours=1)


def allowance(use=Use.CHAT_NOTES, chat_id=FAMILY, user_id=0, most=3, takes=1, ends_in=HOUR):
    hour = datetime(2126, 1, 1, tzinfo=UTC) if ends_in > timedelta() else datetime(2020, 1, 1, tzinfo=UTC)
    return Allowance(use, chat_id, user_id, hour, most, takes)


async def test_a_limit_is_reached_by_its_chat_alone_and_told_of_once(store):
    for _ in range(3):
        assert await store.counts.take([allowance()]) is None
    assert await store.counts.take([allowance()]) == allowance()
    assert await store.counts.take([allowance(chat_id=FAMILY - 1)]) is None
    assert await store.counts.tell_once(allowance())
    assert not await store.counts.tell_once(allowance())


async def test_what_is_refused_is_not_counted(store):
    minutes = allowance(Use.CHAT_MINUTES, most=10, takes=9.5)
    for _ in range(3):
        await store.counts.take([allowance(), minutes])
    # Two were let in: the second took more minutes than were left.
    assert await store.counts.take([allowance(most=3)]) is None
    assert await store.counts.take([allowance(most=3)]) is not None


async def test_notes_that_come_at_once_are_all_counted(store):
    await asyncio.gather(*(store.counts.take([allowance(most=100)]) for _ in range(20)))
    assert await store.counts.take([allowance(most=20)]) is not None
    assert await store.counts.take([allowance(most=21)]) is None


async def test_counts_end_with_their_period(store):
    past = allowance(ends_in=-HOUR, most=1)
    await store.counts.take([past])
    assert await store.counts.take([past]) is not None
    await store.counts.forget(heat_older_than=HOUR)
    assert await store.counts.take([past]) is None


async def test_a_note_heard_twice_is_one_of_when_it_was_sent_in_each_chat(store):
    now = datetime.now(UTC)
    first, second = now - 2 * HOUR, now - HOUR
    for language in ("en", "ru"):
        await store.keep_verdict("file", language, "models", FAMILY, ANGRY, first)
    for _ in range(2):
        await store.keep_verdict("file", "en", "models", FAMILY - 1, ANGRY, second)
    await store.keep_verdict("other", "en", "models", FAMILY, replace(ANGRY, tone="positive"), second)
    # Sent again, or its words asked for.
    await store.keep_verdict("file", "en", "models", FAMILY, ANGRY, now)

    async def heard(chat_id, since):
        return [(at, verdict.tone) for at, verdict in await store.heard(chat_id, since)]

    assert await heard(FAMILY, first) == [(first, "negative"), (second, "positive")]
    assert await heard(FAMILY, second) == [(second, "positive")]
    assert await heard(FAMILY - 1, first) == [(second, "negative")]
    assert await store.counts.chats_heard() == (0, 2)


@pytest.mark.parametrize("ahead", [-11, 0, 11])
async def test_when_a_note_was_sent_does_not_depend_on_whose_clock_asks(store, ahead):
    clock = timezone(timedelta(hours=ahead))
    sent = datetime.now(clock).replace(microsecond=0)
    await store.keep_verdict("file", "en", "models", FAMILY, ANGRY, sent)
    assert [at for at, _ in await store.heard(FAMILY, sent)] == [sent]
    assert await store.heard(FAMILY, sent + timedelta(seconds=1)) == []
    assert await store.counts.notice_heat(FAMILY, HOUR)
    assert await store.counts.heats(FAMILY, sent) == 1
    assert await store.counts.heats(FAMILY, sent + HOUR) == 0


async def test_heat_is_noticed_once_an_hour_and_forgotten_with_its_chat(store):
    assert await store.counts.notice_heat(FAMILY, HOUR)
    assert not await store.counts.notice_heat(FAMILY, HOUR)
    assert await store.counts.notice_heat(FAMILY, timedelta())
    assert await store.counts.heats(FAMILY, datetime.now(UTC) - HOUR) == 2
    await store.forget_chat(FAMILY)
    assert await store.counts.heats(FAMILY, datetime.now(UTC) - HOUR) == 0


async def test_a_cancelled_note_stays_cancelled_until_its_job_ends(store):
    message = ProgressMessage("7:1", ANNA, 5, ANNA)
    await store.progress.keep(message)
    assert await store.progress.at(ANNA, 5) == await store.progress.of("7:1") == message
    assert await store.progress.cancel("7:1")
    assert (await store.progress.of("7:1")).cancelled
    assert await store.progress.drop("7:1")
    assert not await store.progress.drop("7:1")
    assert not await store.progress.cancel("7:1")
    assert await store.progress.all() == []
