"""A verdict as HTML, in the visitor's language. The warnings in it are the bot's own (`bot.warnings`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import shorten
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.chat.samples import samples
from bot.languages import SPOKEN
from bot.settings import Settings
from bot.store import ChatSettings
from bot.store.chat import ChatLanguage, Style
from bot.warnings import phrase, texts_for
from bot.warnings.phrase import clock
from bot.warnings.texts import Texts
from bot.web.listening import STAGES, Stage
from bot.web.looking import look
from models.analyzer import LONGEST_NOTE, Insight
from models.verdict import Moment, Tone, Verdict

__all__ = ["Drawing"]

SAID: tuple[Style, ...] = (Style.GENTLE, Style.BRIEF, Style.DETAILED, Style.REACTION)
SKIES: dict[Tone, str] = {"negative": "🌧", "neutral": "🌤", "positive": "☀️"}
UNSURE_SKY = "🌫"
TITLE = 26
"""Letters of a sample's words that stand on its button."""
FAINTEST = 0.15
"""Words that weigh less, beside the heaviest, are not shaded."""
LIGHTEST = 0.02
"""Where no word weighs more, none decided anything."""
SHARES = {"decode": (0.0, 0.1), "transcribe": (0.1, 0.9), "judge": (0.9, 1.0)}
"""What each stage is of the whole work, on the bar."""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: float
    side: Literal["for", "against", ""]
    strength: float
    """Beside the heaviest word, 0..1."""


class Drawing:
    """Draws for one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.texts = texts_for(ChatLanguage(language), None)
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )

    def say(self, key: str, **values: str | int | float) -> Markup:
        """The sentence `key` as HTML; its values may be anything."""
        safe = {name: escape(value) if isinstance(value, str) else value for name, value in values.items()}
        return Markup(self.texts(key, **safe))  # noqa: S704 - sentences are ours, values are escaped

    def note(self, settings: Settings) -> str:
        """Where a note is recorded, dropped or chosen."""
        # Those in the visitor's language first.
        notes = sorted(samples(), key=lambda note: note.language != self.language)
        titled = [(note, _title(note.transcript)) for note in notes]
        return self._draw("note", samples=titled, megabytes=settings.max_file_mb, minutes=LONGEST_NOTE // 60)

    def stage(self, stage: Stage) -> str:
        begin, end = SHARES[stage.name]
        share = begin + stage.share * (end - begin)
        return self._draw("stages", stage=stage, stages=STAGES, at=STAGES.index(stage.name), share=share)

    def sorry(self, key: str, **values: str | int) -> str:
        """What went wrong, in a sentence for people."""
        return self._draw("sorry", sign="🤷", message=self.say(key, **values))

    def stopped(self) -> str:
        return self._draw("sorry", sign="✋", message=self.say("web-stopped"))

    def verdict(self, verdict: Verdict) -> str:
        words = list(_words(verdict))
        heaviest = sorted((word for word in words if word.side == "for"), key=lambda word: -word.strength)
        tone = self.texts(f"tone-{verdict.tone}")
        headline = (
            self.say("web-sounds-unsure", tone=tone)
            if verdict.unsure
            else self.say(f"web-sounds-{verdict.tone}")
        )
        return self._draw(
            "verdict",
            v=verdict,
            headline=headline,
            sky=UNSURE_SKY if verdict.unsure else SKIES[verdict.tone],
            skies=SKIES,
            words=words,
            decided=", ".join(word.text.strip(",.!?…") for word in heaviest[:3]),
            emotions=sorted(verdict.emotions.items(), key=lambda one: -one[1]),
            says=[(language, list(_said(verdict, language, self.texts))) for language in self._languages()],
            percent=_percent,
            clock=clock,
            moment_text=self._moment,
        )

    def insight(self, insight: Insight, layer: int, head: int) -> str:
        """What the model looked at, beside what each word does; and the map of one head."""
        shown = look(insight, layer, head)
        return self._draw(
            "why",
            look=shown,
            tone=insight.tone,
            tone_name=self.texts(f"tone-{insight.tone}"),
            percent=_percent(insight.confidence),
            most_looked=max(one.attention for one in shown.words) or 1.0,
            most_effect=max(*(abs(one.effect) for one in shown.words), LIGHTEST),
            language=insight.language,
        )

    def draw(self, template: str, **values: object) -> str:
        """Any other template of this folder."""
        return self._draw(template, **values)

    def _draw(self, template: str, **values: object) -> str:
        return self._templates.get_template(f"{template}.html").render(t=self.say, **values)

    def _moment(self, moment: Moment) -> Markup:
        return self.say(
            "web-moment",
            start=clock(moment.start),
            end=clock(moment.end),
            tone=self.texts(f"tone-{moment.tone}"),
            percent=_percent(moment.confidence),
        )

    def _languages(self) -> list[str]:
        return sorted(SPOKEN, key=lambda language: language != self.language)


def _words(verdict: Verdict) -> Iterator[_Word]:
    """The words with what they did. In a neutral note none stands out: no word makes a note neutral."""
    heaviest = max((abs(word.weight) for word in verdict.words), default=0.0)
    silent = verdict.tone == "neutral" or heaviest < LIGHTEST
    for word in verdict.words:
        strength = 0.0 if silent else abs(word.weight) / heaviest
        side: Literal["for", "against", ""] = "for" if word.weight > 0 else "against"
        yield _Word(word.word, word.start, side if strength >= FAINTEST else "", strength)


def _said(verdict: Verdict, language: str, here: Texts) -> Iterator[tuple[str, Markup]]:
    """Each style's name, in the page's language, and what the bot would say in `language`."""
    texts = texts_for(ChatLanguage(language), None)
    for style in SAID:
        warning = phrase(verdict, ChatSettings(style=style), texts)
        said = (
            warning.html
            if warning.reaction is None
            else f'<span class="fw-reaction">{warning.reaction}</span>'
        )
        yield here(f"settings-style-{style}"), Markup(said)  # noqa: S704 - as Telegram gets it


def _title(transcript: str) -> str:
    return re.sub(r"\W*…$", "…", shorten(transcript, TITLE, placeholder="…"))


def _percent(share: float) -> int:
    return round(100 * share)
