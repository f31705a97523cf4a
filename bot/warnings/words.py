"""The words of a note, with those that decided its tone made to stand out."""

from __future__ import annotations

from html import escape

from telegram import InlineKeyboardButton

from bot.notes import Contact
from bot.warnings.texts import Texts
from models.verdict import Verdict

__all__ = ["REVEAL", "marked", "plain", "reveal_button"]

REVEAL = "words"
"""Data of the button; for a contact's note also who sent which message, for it is in no chat of the bot's."""

MOST_MARKED = 3
WORDS_PER_MARK = 15
"""In a long note more words may stand out: one in so many."""
LIGHTEST = 0.02
"""Words that weigh less decided nothing."""
SHARE_OF_HEAVIEST = 1 / 3


def marked(verdict: Verdict, most: int) -> str:
    """The note's words as Telegram HTML, the deciding ones bold; at most `most` UTF-16 units of them."""
    heavy = _deciding(verdict, max(MOST_MARKED, len(verdict.words) // WORDS_PER_MARK))
    shown = [escape(word, quote=False) for word in _fitting(verdict.transcript, most)]
    return " ".join(f"<b>{word}</b>" if place in heavy else word for place, word in enumerate(shown))


def plain(verdict: Verdict, most: int, texts: Texts) -> str:
    """The note's words where nothing can be bold: the deciding ones are named after them. No markup."""
    heavy = [verdict.words[place].word.strip(",.!?…") for place in sorted(_deciding(verdict, MOST_MARKED))]
    decided = "\n\n" + texts("reveal-decided", words=", ".join(heavy)) if heavy else ""
    return " ".join(_fitting(verdict.transcript, most - _units(decided))) + decided


def reveal_button(texts: Texts, contact: Contact | None, message_id: int) -> InlineKeyboardButton:
    """`message_id`: the contact's message."""
    data = REVEAL if contact is None else f"{REVEAL}:{contact.id}:{message_id}"
    return InlineKeyboardButton(texts("reveal-button"), callback_data=data)


def _deciding(verdict: Verdict, most: int) -> frozenset[int]:
    """Places of up to `most` words that made the tone; none for neutral, which no word makes."""
    # A text judged as it stands never had its words weighed.
    if verdict.tone == "neutral" or len(verdict.words) != len(verdict.transcript.split()):
        return frozenset()
    by_weight = sorted(range(len(verdict.words)), key=lambda place: -verdict.words[place].weight)
    least = max(LIGHTEST, SHARE_OF_HEAVIEST * verdict.words[by_weight[0]].weight)
    return frozenset(place for place in by_weight[:most] if verdict.words[place].weight >= least)


def _fitting(text: str, most: int) -> list[str]:
    """The words of `text` that fit into `most` UTF-16 units, spaces included; an ellipsis for the others."""
    words = text.split()
    if _units(" ".join(words)) <= most:
        return words
    left, fitting = most - len("…"), []
    for word in words:
        left -= _units(word) + 1
        if left < 0:
            break
        fitting.append(word)
    return [*fitting, "…"]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
