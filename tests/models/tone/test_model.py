"""The judge on clear sentences, and what it promises whatever it says."""

from __future__ import annotations

import time

import pytest

from models.tone.model import ToneModel
from models.verdict import EMOTIONS, TONES, Language, Tone

CLEAR: list[tuple[str, Tone]] = [
    ("Hi, I just heard that you passed your driving test, well done, I'm so happy for you!", "positive"),
    ("Thanks for looking after the cat, you are the kindest neighbour anyone could wish for.", "positive"),
    ("we had such a wonderful evening the music was beautiful and the kids loved it", "positive"),
    ("I'm really upset, you promised to be there and you just didn't show up.", "negative"),
    ("this is the worst customer service i have ever had and i am absolutely furious", "negative"),
    ("I cried all night, I miss her terribly and nothing makes it better.", "negative"),
    ("The library is on Green Street, next to the post office.", "neutral"),
    ("i will take the bus at seven and meet you at the station", "neutral"),
    ("Спасибо тебе огромное, ты так меня выручила, я очень рада!", "positive"),
    ("какой чудесный подарок мне очень нравится", "positive"),
    ("Как же меня всё это бесит, вы опять ничего не сделали!", "negative"),
    ("мне так грустно я весь вечер плакала", "negative"),
    ("Совещание начнётся в десять часов в третьем кабинете.", "neutral"),
    ("автобус отправляется в семь с центральной площади", "neutral"),
]


def test_clear_sentences(model: ToneModel) -> None:
    judged = model.judge([text for text, _ in CLEAR], [None] * len(CLEAR))
    wrong = [(text, one.tone) for (text, tone), one in zip(CLEAR, judged, strict=True) if one.tone != tone]
    assert not wrong


def test_a_judgement_is_whole(model: ToneModel) -> None:
    judged = model.judge(["I love it", "Ненавижу это", "hmm"], [None, None, "ru"])
    for one in judged:
        assert sum(one.scores.values()) == pytest.approx(1, abs=1e-5)
        assert set(one.scores) == set(TONES)
        assert one.confidence == max(one.scores.values()) == one.scores[one.tone]
        assert set(one.emotions) == set(EMOTIONS)
        assert all(0 <= p <= 1 for p in one.emotions.values())
        strengths = [one.emotions[emotion] for emotion in one.emotions_present]
        assert strengths
        assert strengths == sorted(strengths, reverse=True)
    assert [one.language for one in judged] == ["en", "ru", "ru"]


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("I'm so angry, I could scream!", "anger"),
        ("I'm scared, there is somebody outside", "fear"),
        ("I'm so happy and excited, this is wonderful", "joy"),
        ("I feel so sad and lonely", "sadness"),
        ("Wow, I did not expect that at all, what a surprise!", "surprise"),
        ("Мне очень страшно", "fear"),
        ("Я так счастлива", "joy"),
        ("Мне очень грустно", "sadness"),
    ],
)
def test_emotions(model: ToneModel, text: str, emotion: str) -> None:
    assert emotion in model.judge([text], [None])[0].emotions_present


def test_neighbours_in_a_batch_change_nothing(model: ToneModel) -> None:
    texts = [text for text, _ in CLEAR] + ["ok", "word " * 100]
    together = model.judge(texts, [None] * len(texts))
    for text, one in zip(texts, together, strict=True):
        alone = model.judge([text], [None])[0]
        assert alone.scores == pytest.approx(one.scores, abs=1e-3)


@pytest.mark.parametrize("empty", ["", "  \n", "https://example.org", "@someone"])
def test_no_words_no_judgement(model: ToneModel, empty: str) -> None:
    with pytest.raises(ValueError, match="without words"):
        model.judge(["fine", empty], ["en", "en"])


DOUBTFUL = [
    "well, it was good, but it was bad",
    "hm, right",
    "so so",
    "it is what it is",
    "ну такое",
    "не очень хорошо, но и не плохо",
]


def test_doubt_is_said(model: ToneModel) -> None:
    clear = model.judge([text for text, _ in CLEAR], [None] * len(CLEAR))
    assert any(one.unsure for one in model.judge(DOUBTFUL, [None] * len(DOUBTFUL)))
    assert sum(one.unsure for one in clear) <= 1


@pytest.mark.parametrize(
    ("text", "language", "tone", "telling"),
    [
        ("the train was late and i am absolutely furious about it", "en", "negative", "furious"),
        ("we took the bus home and it was a wonderful evening", "en", "positive", "wonderful"),
        ("мы приехали домой и мне было очень грустно вчера", "ru", "negative", "грустно"),
    ],
)
def test_the_telling_word_weighs_most(
    model: ToneModel, text: str, language: Language, tone: Tone, telling: str
) -> None:
    words = text.split()
    weights = model.attribute(words, language, tone)
    assert len(weights) == len(words)
    assert all(-1 <= weight <= 1 for weight in weights)
    top = max(range(len(words)), key=weights.__getitem__)
    assert words[top] == telling
    least = min(range(len(words)), key=lambda i: abs(weights[i]))

    def score(left_out: int) -> float:
        rest = words[:left_out] + words[left_out + 1 :]
        return model.judge([" ".join(rest)], [language])[0].scores[tone]

    assert score(top) < score(least)


def test_explaining_a_speech_costs_no_more_than_a_paragraph(model: ToneModel) -> None:
    words = ("so then we went on and talked about the garden for a while " * 80).split()
    before = time.perf_counter()
    weights = model.attribute(words, "en", "neutral")
    assert len(weights) == len(words)
    assert time.perf_counter() - before < 20


def test_a_single_word_is_explained(model: ToneModel) -> None:
    assert model.attribute(["wonderful"], "en", "positive")[0] > 0.3
    assert model.attribute(["terrible"], "en", "positive")[0] < 0
    assert model.attribute([], "en", "positive") == []
