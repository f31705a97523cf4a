"""One spelling for what people write and what recognisers write."""

from __future__ import annotations

import pytest

from models.tone.text import detect_language, normalise
from models.verdict import Language


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  two\n\twords ", "two words"),
        ("I’m fine", "I'm fine"),
        ("cafe\u0301", "café"),
        ("look https://example.org/a?b=1 here", "look here"),
        ("look www.example.org", "look"),
        ("@bob are you in?", "are you in?"),
        ("mail me at bob@example.org", "mail me at bob@example.org"),
        ("#happy", "happy"),
        ("thanks [NAME], may [RELIGION] help", "thanks name, may religion help"),
        ("sooooo goooood", "soo good"),
        ("call 8000 000", "call 8000 000"),
        ("what???? no!!!!", "what?? no!!"),
        ("спасибо))))))", "спасибо))"),
        ("nice 😍", "nice smiling face with heart-eyes"),
        ("класс 👍", "класс большой палец вверх"),
        ("at 12:30 : ok", "at 12:30 : ok"),
        ("I'm GONNA go", "I'm going to go"),
        ("gonnabe", "gonnabe"),
        ("ыетс ужеж было", "это уже было"),
        ("Ыетс, да", "это, да"),
        ("вобщем-то щас", "вобщем-то сейчас"),
        ("https://example.org", ""),
        ("?! ...", ""),
        ("", ""),
    ],
)
def test_normalise(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize(
    "text", ["I’m gonna goooo 😍 @you https://a.b [NAME]!!!!", "Круто))))) щас ыетс 👍👍"]
)
def test_normal_text_stays_as_it_is(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_the_language_picks_the_words_for_emoji() -> None:
    assert normalise("👍", "en") == "thumbs up"
    assert normalise("👍", "ru") == "большой палец вверх"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello there", "en"),
        ("привет", "ru"),
        ("Ёлка", "ru"),
        ("смотрю YouTube весь день", "ru"),
        ("the word спасибо means thanks", "en"),
        ("12:30 👍 ...", None),
        ("", None),
    ],
)
def test_detect_language(text: str, language: Language | None) -> None:
    assert detect_language(text) == language
