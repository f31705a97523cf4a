"""From a verdict to a warning, in the style that the chat chose.

The tone's own word stands in every text style, so that a warning is understood at a glance and never
only hinted at. Words of the note appear only where the chat asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.chat import ChatSettings, ShowTranscript, Style, WarnWhen
from bot.warnings.excuses import Occasion, occasion
from bot.warnings.texts import Texts
from bot.warnings.words import marked
from models.verdict import TONES, Emotion, Moment, Verdict

__all__ = ["TELEGRAM_LIMIT", "Forewarning", "clock", "phrase", "reaction", "worth_saying"]

TELEGRAM_LIMIT = 4096
"""Longest message, in UTF-16 units, counted after the entities are parsed."""
BAR_CELLS = 10
MOST_EMOTIONS = 2
MOST_MOMENTS = 8

# Telegram takes only a fixed set of reactions (telegram.constants.ReactionEmoji); these are in it.
REACTIONS: dict[str, str] = {"negative": "😢", "neutral": "👌", "positive": "❤"}
ANGRY_REACTION = "😡"
UNSURE_REACTION = "🤔"
ALL_REACTIONS = (*REACTIONS.values(), ANGRY_REACTION, UNSURE_REACTION)


@dataclass(frozen=True, slots=True)
class Forewarning:
    """What a chat gets for one note: a text, or a reaction with the text to fall back to."""

    html: str
    reaction: str | None
    """Try this reaction first; send `html` only if it is refused."""
    excuse: Occasion | None
    """What an excuse is offered for, if anything."""
    reveals: bool
    """Whether a button under it is the way to the words."""


def worth_saying(verdict: Verdict, when: WarnWhen) -> bool:
    """Whether a chat that chose `when` wants to hear of this verdict."""
    match when:
        case WarnWhen.ALWAYS:
            return True
        case WarnWhen.NOT_NEUTRAL:
            return verdict.tone != "neutral"
        case WarnWhen.NEGATIVE:
            return verdict.tone == "negative"
        case WarnWhen.ON_TONE:
            return False


def phrase(verdict: Verdict, chat: ChatSettings, texts: Texts) -> Forewarning:
    """Put `verdict` into words, in the chat's style."""
    match chat.style:
        case Style.GENTLE:
            text = _gentle(verdict, texts)
        case Style.BRIEF | Style.REACTION | Style.DIGEST:
            text = _brief(verdict, texts)
        case Style.DETAILED:
            text = _detailed(verdict, texts)
    return Forewarning(
        html=text + _transcript(verdict, chat.transcript, used=len(text)),
        reaction=reaction(verdict) if chat.style is Style.REACTION else None,
        excuse=occasion(verdict),
        reveals=chat.transcript is ShowTranscript.BUTTON,
    )


def reaction(verdict: Verdict) -> str:
    if verdict.unsure:
        return UNSURE_REACTION
    if verdict.tone == "negative" and "anger" in verdict.emotions_present:
        return ANGRY_REACTION
    return REACTIONS[verdict.tone]


def _gentle(verdict: Verdict, texts: Texts) -> str:
    key = "unsure" if verdict.unsure else verdict.tone
    return texts(f"gentle-{key}", tone=texts(f"tone-{verdict.tone}"), feeling=_feeling(verdict, texts))


def _brief(verdict: Verdict, texts: Texts) -> str:
    key = "unsure" if verdict.unsure else verdict.tone
    return texts(f"brief-{key}", tone=texts(f"tone-{verdict.tone}"), percent=_percent(verdict.confidence))


def _detailed(verdict: Verdict, texts: Texts) -> str:
    width = max(len(texts(f"tone-{tone}")) for tone in TONES)
    bars = "\n".join(
        f"{texts(f'tone-{tone}'):<{width}} {_bar(verdict.scores[tone])} {_percent(verdict.scores[tone]):>3}%"
        for tone in TONES
    )
    lines = [_brief(verdict, texts), f"<pre>{bars}</pre>"]
    emotions = _strongest(verdict)
    if emotions:
        named = ", ".join(
            f"{texts(f'emotion-{emotion}')} {_percent(verdict.emotions[emotion])}%" for emotion in emotions
        )
        lines.append(texts("detailed-emotions", emotions=named))
    if len(verdict.timeline) > 1:
        lines.append(texts("detailed-timeline", timeline=_timeline(verdict.timeline, texts)))
    return "\n".join(lines)


def _timeline(moments: tuple[Moment, ...], texts: Texts) -> str:
    """Where the tone turns: one entry for each change, not for each moment."""
    turns = [moments[0]]
    for moment in moments[1:]:
        if moment.tone != turns[-1].tone:
            turns.append(moment)
    shown = [f"{clock(turn.start)} {texts(f'tone-{turn.tone}')}" for turn in turns[:MOST_MOMENTS]]
    return " → ".join(shown) + (" → …" if len(turns) > MOST_MOMENTS else "")


def _feeling(verdict: Verdict, texts: Texts) -> str:
    emotions = _strongest(verdict)[:MOST_EMOTIONS]
    # "Neutral (joy)" or "not sure (anger)" would say two things at once.
    if not emotions or verdict.unsure or verdict.tone == "neutral":
        return ""
    return texts("feeling", emotions=", ".join(texts(f"emotion-{emotion}") for emotion in emotions))


def _strongest(verdict: Verdict) -> tuple[Emotion, ...]:
    """The emotions worth naming: neutral is the absence of one."""
    return tuple(emotion for emotion in verdict.emotions_present if emotion != "neutral")


def _transcript(verdict: Verdict, show: ShowTranscript, used: int) -> str:
    if not verdict.transcript:
        return ""
    # `used` counts HTML tags too, so the cut comes a little early, never late.
    most = TELEGRAM_LIMIT - used - 200
    match show:
        case ShowTranscript.OFF | ShowTranscript.BUTTON:
            return ""
        case ShowTranscript.SPOILER:
            return f"\n\n<tg-spoiler>{marked(verdict, most)}</tg-spoiler>"
        case ShowTranscript.SHOWN:
            return f"\n\n<blockquote expandable>{marked(verdict, most)}</blockquote>"


def _bar(share: float) -> str:
    full = round(share * BAR_CELLS)
    return "▓" * full + "░" * (BAR_CELLS - full)


def _percent(share: float) -> int:
    return round(100 * share)


def clock(seconds: float) -> str:
    """Minutes and seconds, as players show them."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
