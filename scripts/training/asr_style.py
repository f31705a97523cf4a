"""Text as a recogniser writes it: what the model will meet in production, made from what people write."""

from __future__ import annotations

import random
import re

import emoji

from models.verdict import Language

__all__ = ["asr_style", "mishear", "name_people"]

DIGITS: dict[Language, tuple[str, ...]] = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "ru": ("ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
}
NAMES: dict[Language, tuple[str, ...]] = {
    "en": (
        *("Anna", "Ben", "Chris", "Daniel", "Emma", "Frank", "Grace", "Henry", "Jack", "Kate"),
        *("Laura", "Mark", "Mike", "Nina", "Oliver", "Paul", "Rachel", "Sam", "Tom", "Will"),
    ),
    "ru": (
        *("Аня", "Боря", "Вика", "Дима", "Егор", "Женя", "Иван", "Катя", "Лена", "Маша"),
        *("Миша", "Настя", "Оля", "Павел", "Рома", "Саша", "Света", "Таня", "Юля", "Ярослав"),
    ),
}
SOUND_ALIKE: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        *(("ee", "ea"), ("ea", "ee"), ("ou", "ow"), ("c", "k"), ("ph", "f"), ("ll", "l"), ("tt", "t")),
        *(("ie", "ei"), ("s", "z"), ("er", "or"), ("ing", "in"), ("th", "t"), ("i", "e")),
    ),
    "ru": (
        *(("о", "а"), ("е", "и"), ("я", "е"), ("тся", "ца"), ("ться", "ца"), ("его", "ево"), ("сч", "щ")),
        *(("б", "п"), ("д", "т"), ("в", "ф"), ("г", "к"), ("з", "с"), ("ж", "ш"), ("нн", "н"), ("стн", "сн")),
    ),
}
_PLACEHOLDER = re.compile(r"\[NAME\]")
_DIGIT = re.compile(r"\d")
_SILENT = re.compile(r"[^\w\s'-]|_|(?<!\w)['-]+|['-]+(?!\w)")


def name_people(text: str, language: Language, chance: random.Random) -> str:
    """Some first name for each [NAME]: nobody says "name" aloud."""
    return _PLACEHOLDER.sub(lambda _: chance.choice(NAMES[language]), text)


def asr_style(text: str, language: Language) -> str:
    """Lower case, no punctuation, no emoji, digits as words (one by one: no tone depends on a number)."""
    text = emoji.replace_emoji(text, " ").replace("’", "'").lower().replace("ё", "е")
    text = _DIGIT.sub(lambda found: f" {DIGITS[language][int(found[0])]} ", text)
    return " ".join(_SILENT.sub(" ", text).split())


def mishear(text: str, language: Language, chance: random.Random, rate: float = 0.08) -> str:
    """Spelling by ear and lost word boundaries, at `rate` a word."""
    heard: list[str] = []
    for word in text.split():
        if chance.random() >= rate:
            heard.append(word)
            continue
        slip = chance.random()
        if slip < 0.25 and heard:
            heard[-1] += word
        elif slip < 0.4 and len(word) > 3:
            cut = chance.randrange(1, len(word))
            heard.append(word[:cut] + word[cut + 1 :])
        elif slip < 0.5 and len(word) > 5:
            cut = chance.randrange(2, len(word) - 2)
            heard += [word[:cut], word[cut:]]
        else:
            options = [pair for pair in SOUND_ALIKE[language] if pair[0] in word]
            heard.append(word.replace(*chance.choice(options), 1) if options else word)
    return " ".join(heard)
