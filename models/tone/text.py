"""One spelling for what people write and for what wav2vec2 writes.

The model learns from chats and hears from a recogniser that knows neither capitals nor punctuation and
spells some words by ear. The same rules run before training and before judging, so that both meet in
the middle; whatever says nothing about the tone (addresses, handles, spacing) goes.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

import emoji

from models.verdict import Language

__all__ = ["detect_language", "normalise", "recogniser_errors"]

CORRECTIONS = Path(__file__).parents[2] / "configs" / "asr_corrections"
"""Beside `models` both in a checkout and in an installed wheel."""

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\[\s*(name|religion)\s*\]", re.IGNORECASE)
_LONG_LETTER = re.compile(r"([^\W\d_])\1{2,}")
_LONG_MARK = re.compile(r"([!?()])\1{2,}")
_HASH = re.compile(r"#(?=\w)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_SPACE = re.compile(r"\s+")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)


@cache
def recogniser_errors(language: Language) -> dict[str, str]:
    """What a recogniser writes again and again → what was said; lower case."""
    with (CORRECTIONS / f"{language}.toml").open("rb") as file:
        words: dict[str, str] = tomllib.load(file)["words"]
    return words


def detect_language(text: str) -> Language | None:
    """The language that most letters of `text` belong to; None where it has letters of neither."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if not cyrillic and not latin:
        return None
    return "ru" if cyrillic >= latin else "en"


def normalise(text: str, language: Language | None = None) -> str:
    """`text` as the model expects it; empty where nothing to be judged is left.

    `language` picks the words for emoji and the table of recogniser errors; None: found by script.
    """
    language = language or detect_language(text) or "en"
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    text = _ADDRESS.sub(" ", text)
    text = _PLACEHOLDER.sub(lambda found: found[1].lower(), text)
    text = emoji.demojize(text, delimiters=(" :", ": "), language=language)
    text = re.sub(r"(?<= ):([^\s:]+):(?= )", lambda found: found[1].replace("_", " "), text)
    text = _HASH.sub("", text)
    text = _LONG_LETTER.sub(r"\1\1", text)
    text = _LONG_MARK.sub(r"\1\1", text)
    words = recogniser_errors(language)
    text = _WORD.sub(lambda found: words.get(found[0].lower(), found[0]), text)
    return _SPACE.sub(" ", text).strip() if _LETTER_OR_DIGIT.search(text) else ""
