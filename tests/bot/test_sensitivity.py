"""What a chat's choice and its corrections make of a verdict."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sensitivity import MOST_TAUGHT, lean, leaning, taught
from bot.store import Correction, Judged, Sensitivity
from models.verdict import EMOTIONS, TONES, JudgedWord, Verdict

ANGRY = Verdict(
    tone="negative",
    confidence=0.9,
    unsure=False,
    scores={"negative": 0.9, "neutral": 0.07, "positive": 0.03},
    emotions=dict.fromkeys(EMOTIONS, 0.1),
    emotions_present=("anger",),
    language="en",
    transcript="late again",
    duration=3.0,
    engine="text",
)

tones = st.sampled_from(TONES)
some = st.lists(st.tuples(st.integers(1, 5), tones, tones).map(lambda given: correction(*given)), max_size=30)


def correction(note, said, meant):
    return Correction(Judged(note, said, dict.fromkeys(TONES, 1 / 3), "en"), meant)


def false_alarms(count):
    return [correction(note, "negative", "neutral") for note in range(count)]


def verdict(negative, neutral):
    scores = {"negative": negative, "neutral": neutral, "positive": 1 - negative - neutral}
    tone = max(scores, key=scores.get)
    return replace(ANGRY, tone=tone, confidence=scores[tone], unsure=False, scores=scores)


@given(some)
def test_what_corrections_teach_is_bounded_and_the_mirror_image_of_the_opposite(corrections):
    swap = {"negative": "neutral", "neutral": "negative", "positive": "negative"}
    alarms = [one for one in corrections if "negative" in (one.judged.said, one.meant)]
    mirrored = [correction(one.judged.note_id, swap[one.judged.said], swap[one.meant]) for one in alarms]
    assert abs(taught(alarms)) < MOST_TAUGHT
    assert taught(mirrored) == pytest.approx(-taught(alarms))


@given(some, st.integers(1, 6), st.sampled_from(["neutral", "positive"]))
def test_one_more_false_alarm_never_raises_the_alarm_and_one_more_miss_never_lowers_it(
    corrections, note, other
):
    before = taught(corrections)
    assert taught([*corrections, correction(note, "negative", other)]) <= before + 1e-9
    assert taught([*corrections, correction(note, other, "negative")]) >= before - 1e-9


def test_several_people_on_one_note_teach_no_more_than_one_of_them():
    crowd = [correction(1, "negative", "neutral")] * 20
    assert taught(crowd) == pytest.approx(taught(crowd[:1]))
    assert abs(taught(crowd)) < abs(taught(false_alarms(2)))


def test_without_corrections_and_a_choice_nothing_changes():
    assert leaning(Sensitivity.NORMAL, []) == 0
    assert lean(ANGRY, leaning(Sensitivity.NORMAL, [correction(1, "neutral", "positive")])) is ANGRY


scores = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
    lambda pair: verdict(pair[0], (1 - pair[0]) * pair[1])
)


@given(scores, st.floats(-3, 3), st.floats(0, 2))
def test_the_more_it_leans_the_likelier_negative_is_and_it_stays_a_distribution(heard, by, more):
    less, leaned = lean(heard, by), lean(heard, by + more)
    assert leaned.scores["negative"] >= less.scores["negative"] - 1e-12
    assert sum(leaned.scores.values()) == pytest.approx(1)
    assert all(0 <= score <= 1 for score in leaned.scores.values())
    assert leaned.confidence == leaned.scores[leaned.tone] == max(leaned.scores.values())
    cross = heard.scores["neutral"] * leaned.scores["positive"]
    assert cross == pytest.approx(heard.scores["positive"] * leaned.scores["neutral"], abs=1e-9)


@pytest.mark.parametrize(
    ("negative", "sensitivity", "alarms", "tone"),
    [
        (0.65, Sensitivity.NORMAL, 0, "negative"),
        (0.65, Sensitivity.LOWER, 0, "neutral"),
        (0.65, Sensitivity.NORMAL, 1, "negative"),
        (0.65, Sensitivity.NORMAL, 3, "neutral"),
        (0.65, Sensitivity.HIGHER, 3, "negative"),
        (0.35, Sensitivity.NORMAL, 0, "neutral"),
        (0.35, Sensitivity.HIGHER, 0, "negative"),
        (0.97, Sensitivity.LOWER, 30, "negative"),
    ],
)
def test_a_few_false_alarms_ask_for_a_surer_negative(negative, sensitivity, alarms, tone):
    heard = verdict(negative, (1 - negative) * 0.9)
    assert lean(heard, leaning(sensitivity, false_alarms(alarms))).tone == tone


def test_doubt_stays_and_words_that_spoke_for_another_tone_go():
    heard = replace(verdict(0.55, 0.42), words=(JudgedWord("late", 0, 1, 0.3),))
    assert lean(heard, 0.5).words
    assert not lean(heard, -1.0).words
    assert not lean(heard, -1.0).unsure
    assert lean(replace(heard, unsure=True), 1.0).unsure
    assert lean(verdict(0.52, 0.3), -0.2).unsure
    assert lean(verdict(0.45, 0.4), -0.2).unsure


@pytest.mark.parametrize("by", [0.05, -0.02])
def test_a_long_note_that_is_sure_by_its_windows_stays_sure(by):
    leaned = lean(verdict(0.47, 0.45), by)
    assert leaned.tone == "negative"
    assert not leaned.unsure
