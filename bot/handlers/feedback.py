""" "Wrong?" under a warning: what the tone was, and, once, whether the operator may learn from it too.

In a group anyone may press; each person has one voice for each note, the last one. Nobody is asked for a
consent there: a group is no place for a personal question.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import structlog
from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ParseMode
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.given import Safe
from bot.handlers.replies import answer_press, change, is_group, reply, texts_in
from bot.hearing import Ear, NotHeard
from bot.limits import Meter
from bot.notes import note_answered
from bot.store import Consent, Correction, ShowTranscript, Store, Style
from bot.warnings.feedback import (
    AS_IT_WAS,
    CORRECTED,
    WRONG,
    consent_buttons,
    consent_text,
    correction_in,
    judged_in,
    tone_buttons,
    wrong_button,
)

__all__ = ["handlers"]

log = structlog.get_logger(__name__)

OURS = re.compile("|".join((WRONG, AS_IT_WAS, CORRECTED)))


def handlers(store: Store, ear: Ear, meter: Meter, safe: Safe | None) -> list[BaseHandler[Update, Any, Any]]:
    """`safe`: where words go that people give; None: they are not asked for any."""

    async def ask(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        await answer_press(query)
        await _replace_rows(query, tone_buttons(judged_in(query.data), await texts_in(update, store)))

    async def leave(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        await answer_press(query)
        await _replace_rows(query, [[wrong_button(judged_in(query.data), await texts_in(update, store))]])

    async def correct(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None or query.message is None:
            return
        texts = await texts_in(update, store)
        correction = correction_in(query.data)
        person = query.from_user.id
        await store.people.correct(query.message.chat.id, person, correction)
        await answer_press(query, texts("wrong-thanks"))
        await _replace_rows(query, [[wrong_button(correction.judged, texts)]])
        if not isinstance(query.message, Message):
            return
        await keep_words(query.message, query.from_user, correction)
        if not is_group(query.message.chat) and await store.people.ask_once(person):
            buttons = consent_buttons(None, texts, words_welcome=safe is not None)
            await reply(query.message, texts("consent-question"), InlineKeyboardMarkup(buttons))

    async def keep_words(warning: Message, person: User, correction: Correction) -> None:
        """The words of a note of their own, if they give them. None are kept, so it is listened to again."""
        note = note_answered(warning, person)
        if safe is None or note is None or not note.own:
            return
        if not (await store.people.consent(person.id)).words:
            return
        refusal = await meter.refusal(note)
        if refusal is not None:
            # Nobody waits for these words.
            log.info("words not given", job=note.job_id, reason=refusal.use.value)
            return
        chat = await store.chat(warning.chat_id)
        with_words = replace(chat, style=Style.GENTLE, transcript=ShowTranscript.SHOWN)
        try:
            heard = await ear.hear(note, with_words)
        except NotHeard as failure:
            log.info("words not given", job=note.job_id, reason=failure.reason.value)
            return
        await meter.heard(note, heard.duration)
        note_id = correction.judged.note_id
        await store.people.give_words(warning.chat_id, person.id, note_id, safe.lock(heard.transcript))

    async def consent(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        question = query.message
        texts = await texts_in(update, store)
        before = await store.people.consent(query.from_user.id)
        match query.data.partition(":")[2]:
            case "words":
                answer = Consent(corrections=True, words=safe is not None and not before.words)
            case "yes":
                answer = Consent(corrections=True, words=before.words)
            case _:
                answer = Consent()
        await store.people.agree(query.from_user.id, answer)
        await answer_press(query)
        if not isinstance(question, Message):
            return
        html = consent_text(answer, texts, words_welcome=safe is not None)
        buttons = InlineKeyboardMarkup(consent_buttons(answer, texts, words_welcome=safe is not None))
        await change(lambda: question.edit_text(html, parse_mode=ParseMode.HTML, reply_markup=buttons))

    return [
        CallbackQueryHandler(ask, pattern=WRONG),
        CallbackQueryHandler(leave, pattern=AS_IT_WAS),
        CallbackQueryHandler(correct, pattern=CORRECTED),
        CallbackQueryHandler(consent, pattern=r"^consent:(yes|no|words)$"),
    ]


async def _replace_rows(query: CallbackQuery, new: list[list[InlineKeyboardButton]]) -> None:
    """Put `new` in the place of this conversation's rows; an excuse, say, stays where it is."""
    warning = query.message
    if not isinstance(warning, Message):
        return
    rows = warning.reply_markup.inline_keyboard if warning.reply_markup else ()
    others = [row for row in rows if not any(OURS.match(str(button.callback_data)) for button in row)]
    await change(lambda: warning.edit_reply_markup(InlineKeyboardMarkup([*others, *new])))
