"""Long notes: cut where people pause, judged as a whole without losing the loud part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.speech.transcript import Word
from models.tone.model import ToneModel
from models.tone.windows import LEAST, MOST, PAUSE, WHOLE, read, windows

CALM = [
    "so on monday i went to the office and we had the usual meeting at ten",
    "after that i took the bus to the library and returned the two books",
    "on tuesday the man came to read the meter and he was here for ten minutes",
    "the flat below is being painted so they put a ladder in the hallway",
    "then i went to the market and bought some potatoes and a bag of apples",
    "the train on thursday leaves at eight and it takes about forty minutes",
    "i put the documents in the blue folder and left it on the second shelf",
    "the new timetable says that the class starts at six in room twelve",
    "we need a table and four chairs for the room on the second floor",
    "on friday i will be at home in the morning and at work in the afternoon",
]
ANGRY = [
    "and then he shouted at me in front of everybody and i am so angry i could scream",
    "it is disgusting how they treat people there and i hate every minute of it",
    "he lied to me again and i am furious i never want to see him again",
]
GLAD = ["oh and i got the job i am so happy i could dance all night it is the best news ever"]


def spoken(sentences: list[str], pause: float = 0.8, word: float = 0.3) -> list[Word]:
    """Words one after another, a pause after each sentence."""
    words, now = [], 0.0
    for sentence in sentences:
        for text in sentence.split():
            words.append(Word(text, now, now + word))
            now += word
        now += pause
    return words


@given(
    st.lists(
        st.tuples(st.sampled_from(["so", "well.", "right?"]), st.sampled_from([0.0, PAUSE, 2.0])),
        max_size=200,
    )
)
def test_windows_lose_nothing_and_keep_their_bounds(pairs: list[tuple[str, float]]) -> None:
    now, words = 0.0, []
    for text, pause in pairs:
        words.append(Word(text, now, now + 0.2))
        now += 0.2 + pause
    cut = windows(words)
    assert [word for window in cut for word in window] == words
    if len(words) <= WHOLE:
        assert len(cut) == 1
    else:
        assert all(LEAST <= len(window) < MOST + LEAST for window in cut)


def test_windows_end_at_pauses_and_sentences() -> None:
    by_pause = windows(spoken(CALM[:5]))
    by_mark = windows(spoken([f"{sentence}." for sentence in CALM[:5]], pause=0))
    for cut in (by_pause, by_mark):
        assert [" ".join(word.text for word in window).rstrip(".") for window in cut] == CALM[:5]


def test_a_short_note_is_judged_like_its_text(model: ToneModel) -> None:
    reading = read(model, spoken(GLAD), "en")
    assert reading.whole == model.judge(GLAD, ["en"])[0]
    (moment,) = reading.timeline
    assert (moment.tone, moment.start) == ("positive", 0.0)
    assert moment.end == pytest.approx(0.3 * len(GLAD[0].split()))


@pytest.mark.parametrize(
    ("sentences", "tone", "heard"),
    [
        (CALM, "neutral", {"neutral"}),
        (CALM[:6] + ANGRY + CALM[6:], "negative", {"neutral", "negative"}),
        (CALM[:4] + GLAD, "positive", {"neutral", "positive"}),
        (ANGRY * 3 + GLAD, "negative", {"negative", "positive"}),
    ],
    ids=["calm", "one angry minute in five", "good news at the end", "mostly angry"],
)
def test_the_whole_and_the_timeline(
    model: ToneModel, sentences: list[str], tone: str, heard: set[str]
) -> None:
    reading = read(model, spoken(sentences), "en")
    assert reading.whole.tone == tone
    assert {moment.tone for moment in reading.timeline} == heard
    assert sum(reading.whole.scores.values()) == pytest.approx(1, abs=1e-5)
    starts = [moment.start for moment in reading.timeline]
    assert starts == sorted(starts)
    assert all(moment.start < moment.end for moment in reading.timeline)


def test_no_words_no_reading(model: ToneModel) -> None:
    with pytest.raises(ValueError, match="without words"):
        read(model, [Word("https://example.org", 0, 1)], "en")
    with pytest.raises(ValueError, match="without words"):
        read(model, [], "en")
