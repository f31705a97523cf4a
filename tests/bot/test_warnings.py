"""A verdict in words: every style, both languages."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from telegram.constants import ReactionEmoji

from bot.store import ChatSettings, ShowTranscript, Style, WarnWhen
from bot.store.chat import ChatLanguage, QuietHours
from bot.warnings import phrase, texts_for, worth_saying
from bot.warnings.phrase import TELEGRAM_LIMIT, reaction
from bot.warnings.quiet import is_quiet
from bot.warnings.words import marked, plain
from models.verdict import TONES, JudgedWord, Moment, Verdict

ANGRY = Verdict(
    tone="negative",
    confidence=0.91,
    unsure=False,
    scores={"negative": 0.91, "neutral": 0.07, "positive": 0.02},
    emotions={
        "anger": 0.7,
        "disgust": 0.1,
        "fear": 0.1,
        "joy": 0.0,
        "neutral": 0.1,
        "sadness": 0.4,
        "surprise": 0.1,
    },
    emotions_present=("anger", "sadness"),
    language="en",
    transcript="You <b>never</b> listen & I am tired of it",
    duration=48.0,
    engine="whisper",
    timeline=(
        Moment(0, 20, "neutral", 0.8),
        Moment(20, 42, "neutral", 0.7),
        Moment(42, 48, "negative", 0.95),
    ),
)
WORDS = {
    "en": {"negative": "negative", "neutral": "neutral", "positive": "positive"},
    "ru": {"negative": "негативный", "neutral": "нейтральный", "positive": "позитивный"},
}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("unsure", [False, True])
def test_every_style_names_the_tone(language, style, tone, unsure):
    verdict = replace(ANGRY, tone=tone, unsure=unsure)
    warning = phrase(verdict, ChatSettings(style=style), texts_for(ChatLanguage(language), None))
    assert WORDS[language][tone] in warning.html
    assert "listen" not in warning.html
    assert (warning.reaction is not None) == (style is Style.REACTION)


def test_a_detailed_warning_shows_bars_emotions_and_where_the_tone_turns():
    warning = phrase(ANGRY, ChatSettings(style=Style.DETAILED), texts_for(ChatLanguage.EN, None))
    assert "▓▓▓▓▓▓▓▓▓░  91%" in warning.html
    assert "anger 70%, sadness 40%" in warning.html
    assert "0:00 neutral → 0:42 negative" in warning.html


@pytest.mark.parametrize(
    ("show", "around"),
    [
        (ShowTranscript.SPOILER, "<tg-spoiler>{}</tg-spoiler>"),
        (ShowTranscript.SHOWN, "<blockquote expandable>{}</blockquote>"),
    ],
)
def test_words_are_shown_only_as_the_chat_chose_and_never_as_markup(show, around):
    warning = phrase(ANGRY, ChatSettings(transcript=show), texts_for(ChatLanguage.EN, None))
    assert around.format("You &lt;b&gt;never&lt;/b&gt; listen &amp; I am tired of it") in warning.html


@pytest.mark.parametrize("word", ["word ", "слово ", "😡 ", "<&> "])
def test_a_long_transcript_is_cut_to_what_telegram_takes(word):
    verdict = replace(ANGRY, transcript=(word * 4000).strip())
    chat = ChatSettings(style=Style.DETAILED, transcript=ShowTranscript.SHOWN)
    shown = phrase(verdict, chat, texts_for(ChatLanguage.RU, None)).html
    for markup, text in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(markup, text)
    assert len(shown.encode("utf-16-le")) // 2 <= TELEGRAM_LIMIT
    assert "…" in shown


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        (WarnWhen.ALWAYS, {"negative", "neutral", "positive"}),
        (WarnWhen.NOT_NEUTRAL, {"negative", "positive"}),
        (WarnWhen.NEGATIVE, {"negative"}),
    ],
)
def test_a_chat_hears_of_what_it_asked_for(when, heard):
    assert {tone for tone in TONES if worth_saying(replace(ANGRY, tone=tone), when)} == heard


@pytest.mark.parametrize(
    ("quiet", "offset", "utc", "holds"),
    [
        (QuietHours.OFF, 0, 3, False),
        (QuietHours.ALWAYS, 0, 12, True),
        (QuietHours.FROM_22, 0, 21, False),
        (QuietHours.FROM_22, 0, 22, True),
        (QuietHours.FROM_22, 0, 7, True),
        (QuietHours.FROM_22, 0, 8, False),
        (QuietHours.FROM_23, 0, 22, False),
        (QuietHours.FROM_23, -3, 3, True),
        (QuietHours.FROM_22, 5, 17, True),
        (QuietHours.FROM_22, None, 19, True),
    ],
)
def test_quiet_hours_go_by_the_chats_own_clock(quiet, offset, utc, holds):
    chat = ChatSettings(quiet=quiet, utc_offset=offset)
    assert is_quiet(chat, "ru", datetime(2026, 1, 1, utc, 59, tzinfo=UTC)) is holds


def test_the_words_that_decided_the_tone_stand_out():
    said = ["you", "never", "listen", "&", "I", "am", "so", "very", "tired", "of", "it", "all"]
    weights = {"never": 0.3, "tired": 0.2, "listen": 0.05, "all": -0.4}
    words = tuple(JudgedWord(word, 0, 1, weights.get(word, 0.0)) for word in said)
    verdict = replace(ANGRY, transcript=" ".join(said), words=words)
    assert marked(verdict, 4000) == "you <b>never</b> listen &amp; I am so very <b>tired</b> of it all"
    assert marked(verdict, 12) == "you <b>never</b> …"
    shown = plain(verdict, 60, texts_for(ChatLanguage.EN, None))
    assert shown == "you never listen & I am …\n\n(What decided it: never, tired)"
    assert len(shown) <= 60
    assert "<b>" not in marked(replace(verdict, tone="neutral"), 4000)


@pytest.mark.parametrize(
    ("tone", "seconds", "offered"),
    [("negative", 3, "negative"), ("neutral", 61, "long"), ("neutral", 59, None), ("positive", 600, None)],
)
def test_an_excuse_is_offered_where_one_may_be_wanted(tone, seconds, offered):
    verdict = replace(ANGRY, tone=tone, duration=seconds)
    assert phrase(verdict, ChatSettings(), texts_for(ChatLanguage.EN, None)).excuse == offered


def test_reactions_are_ones_that_telegram_takes():
    allowed = {emoji.value for emoji in ReactionEmoji}
    verdicts = [replace(ANGRY, tone=tone, unsure=unsure) for tone in TONES for unsure in (False, True)]
    verdicts.append(replace(ANGRY, emotions_present=()))
    assert {reaction(verdict) for verdict in verdicts} <= allowed


@pytest.mark.parametrize(
    ("chat", "user", "spoken"),
    [
        (ChatLanguage.AUTO, "ru", "ru"),
        (ChatLanguage.AUTO, "ru-RU", "ru"),
        (ChatLanguage.AUTO, "en-GB", "en"),
        (ChatLanguage.AUTO, "de", "en"),
        (ChatLanguage.AUTO, None, "en"),
        (ChatLanguage.RU, "en", "ru"),
        (ChatLanguage.EN, "ru", "en"),
    ],
)
def test_the_bot_speaks_the_chats_language_else_the_users(chat, user, spoken):
    assert texts_for(chat, user).language == spoken
