"""The bot's sentences: they fit where Telegram shows them, and a file more is a language more."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent
from fluent.syntax.visitor import Visitor
from telegram.constants import CallbackQueryLimit, InlineKeyboardButtonLimit, MessageLimit

from bot.emulator.entities import parse_html, units
from bot.languages import LOCALES, SPOKEN
from bot.notes import Contact
from bot.store import Judged, Use
from bot.store.chat import ChatLanguage
from bot.warnings import texts_for
from bot.warnings.contacts import mute_button, unmute_button
from bot.warnings.excuses import EACH, OCCASIONS
from bot.warnings.feedback import tone_buttons, wrong_button
from bot.warnings.words import reveal_button
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import choose, sample
from tests.telegram import BotProcess
from tests.telegram.process import ROOT

HEARD = 60.0
LONGEST = {
    "help-command-": 256,
    "bot-description": 512,
    "bot-short-description": 120,
    "check-placeholder": 64,
    "excuse-negative-": 256,
    "excuse-long-": 256,
}
"""What the Bot API takes, by the beginning of the sentence's name; an excuse goes on a button to copy."""
BIGGEST = 2**52
"""Telegram's numbers have at most 52 bits."""


def sentences(language):
    """Names of all sentences, each with the variables in it."""
    resource = FluentParser().parse((LOCALES / f"{language}.ftl").read_text(encoding="utf-8"))
    assert not [entry for entry in resource.body if isinstance(entry, fluent.Junk)]
    return {entry.id.name: variables(entry) for entry in resource.body if isinstance(entry, fluent.Message)}


def variables(entry):
    found = set()

    class Names(Visitor):
        def visit_VariableReference(self, node):  # noqa: N802
            found.add(node.id.name)

    Names().visit(entry)
    return found


def spoken(language, key, names):
    """The sentence, with a long name or a number wherever there is one in it."""
    return texts_for(ChatLanguage(language), None)(key, **dict.fromkeys(names, "Wolfeschlegelsteinhausen"))


def alerts():
    """Sentences that answer a press, as the handlers name them."""
    for file in (ROOT / "bot" / "handlers").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "answer_press":
                for said in (inner for argument in node.args[1:] for inner in ast.walk(argument)):
                    if isinstance(said, ast.Call) and getattr(said.func, "id", "") == "texts":
                        yield from (arg.value for arg in said.args if isinstance(arg, ast.Constant))


@pytest.mark.parametrize("language", SPOKEN)
def test_every_sentence_fits_where_it_is_shown(language):
    shown_as_alerts = {*alerts(), *(f"limit-{use}" for use in Use)}
    assert {"settings-admins-only", "excuse-gone", "reveal-gone"} <= shown_as_alerts
    for key, names in sentences(language).items():
        text, _ = parse_html(spoken(language, key, names))
        longest = next((most for start, most in LONGEST.items() if key.startswith(start)), None)
        if key in shown_as_alerts:
            longest = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)
            assert text == spoken(language, key, names), f"{key}: an alert has no markup"
        assert 0 < units(text) <= (longest or int(MessageLimit.MAX_TEXT_LENGTH)), key


def test_english_and_russian_say_the_same_with_the_same_variables():
    english = sentences("en")
    assert english == sentences("ru")
    assert {f"excuse-{why}-{number}" for why in OCCASIONS for number in range(1, EACH + 1)} <= english.keys()


@pytest.mark.parametrize("language", SPOKEN)
def test_buttons_carry_no_more_than_telegram_takes(language):
    texts = texts_for(ChatLanguage(language), None)
    scores = dict.fromkeys(("negative", "neutral", "positive"), 1.0)
    judged = Judged(-BIGGEST, "positive", scores, "en")
    buttons = [
        mute_button(BIGGEST, "Anna", texts),
        unmute_button(BIGGEST, "Anna", texts),
        reveal_button(texts, Contact("c", BIGGEST, "Anna"), BIGGEST),
        wrong_button(judged, texts),
        *(button for row in tone_buttons(judged, texts) for button in row),
    ]
    for button in buttons:
        assert len(button.callback_data.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA, button


@pytest.mark.parametrize(
    ("language", "key", "most", "said"),
    [
        ("en", "limit-user_notes", 1, "more than 1 note from you"),
        ("en", "limit-user_notes", 2, "more than 2 notes from you"),
        ("en", "limit-chat_notes", 1, "more than 1 note in this chat"),
        ("en", "limit-chat_minutes", 1, "listened to 1 minute of audio"),
        ("en", "limit-chat_minutes", 60, "listened to 60 minutes of audio"),
        ("ru", "limit-user_notes", 1, "пришло больше 1 записи"),
        ("ru", "limit-user_notes", 2, "пришло больше 2 записей"),
        ("ru", "limit-chat_notes", 120, "пришло больше 120 записей"),
        ("ru", "limit-chat_minutes", 1, "прослушана уже 1 минута"),
        ("ru", "limit-chat_minutes", 2, "прослушано уже 2 минуты"),
        ("ru", "limit-chat_minutes", 60, "прослушано уже 60 минут"),
    ],
)
def test_limits_are_named_in_good_grammar(language, key, most, said):
    assert said in texts_for(ChatLanguage(language), None)(key, most=most, minutes=1)


GERMAN = """\
language-name = Deutsch
gentle-negative = 🌧 Das klingt <b>negativ</b>{ $feeling }. Erst mal durchatmen.
settings-done = Fertig
private-hint = Schick mir eine Sprachnachricht, und ich sage dir, wie sie klingt.
help-command-tone = wie die Nachricht klingt, auf die du antwortest
bot-short-description = Sagt dir, wie eine Sprachnachricht klingt.
"""


def a_copy_that_speaks_german(folder: Path) -> tuple[str, ...]:
    """The command that runs it."""
    shutil.copytree(ROOT / "bot", folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    for rest in ("models", "configs"):
        (folder / rest).symlink_to(ROOT / rest)
    (folder / "bot" / "warnings" / "locales" / "de.ftl").write_text(GERMAN, encoding="utf-8")
    return ("/bin/sh", "-c", 'cd "$0" && exec "$@"', str(folder), sys.executable, "-m", "bot", "run")


@pytest.mark.slow
async def test_a_file_of_sentences_is_all_that_a_new_language_needs(telegram, tmp_path):
    greta, anna = telegram.user("Greta", language_code="de"), telegram.user("Anna", language_code="en")
    command = a_copy_that_speaks_german(tmp_path / "copy")
    async with BotProcess(telegram, tmp_path / "data", env=OFFLINE, command=command) as bot:
        await bot.wait_ready()
        hers, mine = telegram.private(greta), telegram.private(anna)
        assert "negativ" in (await hers.voice(greta, sample("negative")).reply(within=HEARD)).text
        await hers.says("Sprachnachricht", after=hers.text(greta, "hallo?"))
        await hers.says("Privacy", after=hers.text(greta, "/privacy"))  # in English until it is translated
        menu = await choose(mine, anna, "Language: Deutsch")
        await telegram.until(lambda: "Fertig" in menu.buttons, 10, "German buttons")
        assert "klingt negativ" in (await mine.voice(anna, sample("negative")).reply(within=HEARD)).text
        profile = telegram.world.profile
        await telegram.until(lambda: ("short_description", "de") in profile, HEARD, "German on its card")
        commands = {
            one["command"]: one["description"] for one in profile["commands", "all_group_chats", "de"]
        }
        assert commands["tone"].startswith("wie die Nachricht klingt")
