""" "Wrong?" under a warning: what the tone was, and, once, whether the operator may learn from it too.

In a group anyone may press; each person has one voice for each note, the last one. Nobody is asked for a
consent there: a group is no place for a personal question.
"""

from __future__ import annotations

import re
from typing import Any

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.constants import ParseMode
from telegram.ext import BaseHandler, CallbackQueryHandler, ContextTypes

from bot.handlers.replies import answer_press, change, is_group, reply, texts_in
from bot.store import Store
from bot.warnings.feedback import (
    AS_IT_WAS,
    CORRECTED,
    WRONG,
    consent_buttons,
    correction_in,
    judged_in,
    tone_buttons,
    wrong_button,
)

__all__ = ["handlers"]

OURS = re.compile("|".join((WRONG, AS_IT_WAS, CORRECTED)))


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
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
        if not isinstance(query.message, Message) or is_group(query.message.chat):
            return
        if await store.people.ask_once(person):
            buttons = InlineKeyboardMarkup([consent_buttons(texts, None)])
            await reply(query.message, texts("consent-question"), buttons)

    async def consent(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None or not isinstance(query.message, Message):
            return
        question = query.message
        texts = await texts_in(update, store)
        agreed = query.data.endswith(":yes")
        await store.people.agree(query.from_user.id, agreed)
        await answer_press(query)
        html = texts("consent-given" if agreed else "consent-refused")
        buttons = InlineKeyboardMarkup([consent_buttons(texts, agreed)])
        await change(lambda: question.edit_text(html, parse_mode=ParseMode.HTML, reply_markup=buttons))

    return [
        CallbackQueryHandler(ask, pattern=WRONG),
        CallbackQueryHandler(leave, pattern=AS_IT_WAS),
        CallbackQueryHandler(correct, pattern=CORRECTED),
        CallbackQueryHandler(consent, pattern=r"^consent:(yes|no)$"),
    ]


async def _replace_rows(query: CallbackQuery, new: list[list[InlineKeyboardButton]]) -> None:
    """Put `new` in the place of this conversation's rows; an excuse, say, stays where it is."""
    warning = query.message
    if not isinstance(warning, Message):
        return
    rows = warning.reply_markup.inline_keyboard if warning.reply_markup else ()
    others = [row for row in rows if not any(OURS.match(str(button.callback_data)) for button in row)]
    await change(lambda: warning.edit_reply_markup(InlineKeyboardMarkup([*others, *new])))
