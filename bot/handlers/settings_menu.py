"""/settings: one message with all the choices, that edits itself and shows what a warning will look like."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, answer_press, is_group, may_change, reply, texts_in
from bot.store import ChatSettings, ShowTranscript, Store, Style, WarnWhen
from bot.store.chat import ChatLanguage
from bot.warnings import Texts, phrase, texts_for
from models.verdict import Verdict

__all__ = ["handlers"]

PREFIX = "set"
DONE = f"{PREFIX}:done"
CHOICES: dict[str, type[StrEnum]] = {
    "style": Style,
    "when": WarnWhen,
    "transcript": ShowTranscript,
    "language": ChatLanguage,
}
PER_ROW = 2
"""Buttons side by side: more are cut off on a phone."""


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def show(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("settings-admins-only"))
            return
        chat = await store.chat(message.chat_id)
        await reply(message, _text(chat, texts, group=is_group(message.chat)), _keyboard(chat, texts))

    async def press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None:
            return
        menu = query.message
        if not isinstance(menu, Message):
            await answer_press(query)
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, menu.chat, query.from_user):
            await answer_press(query, texts("settings-admins-only"), alert=True)
            return
        if query.data == DONE:
            await answer_press(query)
            await _edit(menu, texts("settings-closed"), None)
            return
        choice = _choice(query.data or "")
        if choice is None:
            await answer_press(query)
            return
        await store.choose(menu.chat_id, **choice)
        after = await store.chat(menu.chat_id)
        texts = texts_for(after.language, query.from_user.language_code)
        await answer_press(query, texts("settings-saved"))
        await _edit(menu, _text(after, texts, group=is_group(menu.chat)), _keyboard(after, texts))

    return [
        CommandHandler("settings", show, NEW_MESSAGE),
        CallbackQueryHandler(press, pattern=f"^{PREFIX}:"),
    ]


def _choice(data: str) -> dict[str, str] | None:
    """What a button chooses; None if it is of another version of this menu."""
    name, _, value = data.removeprefix(f"{PREFIX}:").partition(":")
    kind = CHOICES.get(name)
    return {name: value} if kind and value in [option.value for option in kind] else None


def _text(chat: ChatSettings, texts: Texts, *, group: bool) -> str:
    chosen = {name: texts(f"settings-{name}-{getattr(chat, name)}") for name in CHOICES}
    return texts(
        "settings",
        scope=texts("settings-scope-group") if group else "",
        preview=_preview(chat, texts),
        **chosen,
    )


def _preview(chat: ChatSettings, texts: Texts) -> str:
    example = Verdict(
        tone="negative",
        confidence=0.91,
        unsure=False,
        scores={"negative": 0.91, "neutral": 0.07, "positive": 0.02},
        emotions={
            "anger": 0.72,
            "disgust": 0.08,
            "fear": 0.03,
            "joy": 0.01,
            "neutral": 0.06,
            "sadness": 0.21,
            "surprise": 0.12,
        },
        emotions_present=("anger",),
        language=texts.language,
        transcript=texts("settings-preview-transcript"),
        duration=6.0,
        engine="text",
    )
    warning = phrase(example, chat, texts)
    if warning.reaction is not None:
        return texts("settings-preview-reaction", reaction=warning.reaction)
    return warning.html


def _keyboard(chat: ChatSettings, texts: Texts) -> InlineKeyboardMarkup:
    rows = []
    for name, kind in CHOICES.items():
        buttons = [
            InlineKeyboardButton(
                ("✓ " if getattr(chat, name) is option else "") + texts(f"settings-{name}-{option.value}"),
                callback_data=f"{PREFIX}:{name}:{option.value}",
            )
            for option in kind
        ]
        per_row = PER_ROW if len(buttons) > 3 else len(buttons)
        rows += [buttons[at : at + per_row] for at in range(0, len(buttons), per_row)]
    rows.append([InlineKeyboardButton(texts("settings-done"), callback_data=DONE)])
    return InlineKeyboardMarkup(rows)


async def _edit(menu: Message, html: str, keyboard: InlineKeyboardMarkup | None) -> None:
    try:
        await insist(lambda: menu.edit_text(html, parse_mode=ParseMode.HTML, reply_markup=keyboard))
    except BadRequest as error:
        # Two quick presses can ask for the same text twice.
        if "not modified" not in error.message.lower():
            raise
