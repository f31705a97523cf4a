"""The buttons by which a verdict is corrected.

A button carries the verdict itself, in at most 64 bytes, so a correction needs nothing that could have been
forgotten meanwhile: an old warning can be corrected after a restart, and after `/forget`.
"""

from __future__ import annotations

from telegram import InlineKeyboardButton

from bot.store import Consent, Correction, Judged
from bot.warnings.texts import Texts
from models.verdict import LANGUAGES, TONES

__all__ = [
    "AS_IT_WAS",
    "CORRECTED",
    "WRONG",
    "consent_buttons",
    "consent_text",
    "correction_in",
    "judged_in",
    "tone_buttons",
    "wrong_button",
]

_JUDGED = rf":-?\d{{1,19}}:[0-{len(TONES) - 1}](:\d{{1,4}}){{{len(TONES)}}}:({'|'.join(LANGUAGES)})$"
WRONG = rf"^wrong{_JUDGED}"
AS_IT_WAS = rf"^asitwas{_JUDGED}"
CORRECTED = rf"^meant[0-{len(TONES) - 1}]{_JUDGED}"
"""Patterns of what the buttons carry; what does not match them was not made here."""


def wrong_button(judged: Judged, texts: Texts) -> InlineKeyboardButton:
    return InlineKeyboardButton(texts("wrong-button"), callback_data="wrong" + _packed(judged))


def tone_buttons(judged: Judged, texts: Texts) -> list[list[InlineKeyboardButton]]:
    """Rows: what the tone was, and a way back."""
    packed = _packed(judged)
    tones = [
        InlineKeyboardButton(texts(f"tone-{tone}"), callback_data=f"meant{place}{packed}")
        for place, tone in enumerate(TONES)
    ]
    return [tones, [InlineKeyboardButton(texts("wrong-back"), callback_data="asitwas" + packed)]]


def judged_in(data: str) -> Judged:
    """What a button with one of the patterns is about."""
    _, note_id, said, *shares, language = data.split(":")
    parts = [int(share) for share in shares]
    whole = sum(parts) or 1
    return Judged(
        note_id=int(note_id),
        said=TONES[int(said)],
        scores={tone: part / whole for tone, part in zip(TONES, parts, strict=True)},
        language=next(known for known in LANGUAGES if known == language),
    )


def correction_in(data: str) -> Correction:
    """What the press of one of `tone_buttons` says."""
    return Correction(judged_in(data), meant=TONES[int(data.partition(":")[0][-1])])


def _packed(judged: Judged) -> str:
    """Scores in thousandths."""
    scores = ":".join(str(round(1000 * judged.scores[tone])) for tone in TONES)
    return f":{judged.note_id}:{TONES.index(judged.said)}:{scores}:{judged.language}"


def consent_text(answer: Consent, texts: Texts, *, words_welcome: bool) -> str:
    """What is said to an answer."""
    if not answer.corrections:
        return texts("consent-refused")
    if answer.words:
        return texts("consent-words-given")
    return texts("consent-given") + (" " + texts("consent-words-offer") if words_welcome else "")


def consent_buttons(
    answer: Consent | None, texts: Texts, *, words_welcome: bool
) -> list[list[InlineKeyboardButton]]:
    """Rows, with what was answered before marked. Words are asked for where they are welcome, of whoever gave
    the rest."""
    chosen = {"yes": False, "no": False}
    if answer is not None:
        chosen = {"yes": answer.corrections, "no": not answer.corrections}
    rows = [[_consent_button(choice, held, texts) for choice, held in chosen.items()]]
    if words_welcome and answer is not None and answer.corrections:
        rows.append([_consent_button("words", answer.words, texts)])
    return rows


def _consent_button(choice: str, held: bool, texts: Texts) -> InlineKeyboardButton:
    label = ("✓ " if held else "") + texts(f"consent-{choice}")
    return InlineKeyboardButton(label, callback_data=f"consent:{choice}")
