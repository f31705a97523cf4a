"""/settings: one message that edits itself.

Its first level has a button for each topic, with what holds now on it; behind each is a second level with the
choices and what they mean. A choice is kept at once, so there is nothing to save or to lose.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.constants import ParseMode
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.handlers.replies import NEW_MESSAGE, answer_press, change, is_group, may_change, reply, texts_in
from bot.sensitivity import taught
from bot.store import ChatSettings, Correction, Sensitivity, ShowTranscript, Store, Style, WarnWhen
from bot.store.chat import BusinessWarnings, ChatLanguage, DeleteAfter, HeatNotice, QuietHours
from bot.warnings import Texts, phrase, texts_for
from bot.warnings.digests import digest, line
from bot.warnings.quiet import local_time, utc_offset
from models.verdict import TONES, Tone, Verdict

__all__ = ["handlers"]

PREFIX = "set"
DONE = f"{PREFIX}:done"
BACK = f"{PREFIX}:back"
UNMUTE_ALL = f"{PREFIX}:unmute"
UNLEARN = f"{PREFIX}:unlearn"
CLOCK = f"{PREFIX}:utc"
TOPICS: dict[str, type[StrEnum]] = {
    "style": Style,
    "when": WarnWhen,
    "sensitivity": Sensitivity,
    "transcript": ShowTranscript,
    "quiet": QuietHours,
    "delete_after": DeleteAfter,
    "heat": HeatNotice,
    "language": ChatLanguage,
    "business": BusinessWarnings,
}
"""What can be chosen, by the name that it has in the chat's settings; the order is the menu's."""
IN_PRIVATE = {"quiet"}
"""In groups no warning ever makes a sound."""
IN_GROUPS = {"heat"}
"""In private there is nobody to get heated with."""
OF_OWNERS = {"business"}
"""For those who connected the bot to their account."""
CLOCKS = range(-12, 15)
"""How far clocks are ahead of UTC, in hours."""
PER_ROW = 2
"""Buttons side by side: more are cut off on a phone."""
LONG_LABEL = 20
"""Characters; a longer one gets a row of its own."""


@dataclass(frozen=True, slots=True)
class _Menu:
    """All that the menu of one chat shows."""

    chat: ChatSettings
    group: bool
    connected: bool
    """Whether the bot is connected to the account of the one whose private chat this is."""
    muted: int
    """Contacts of whose notes they want to hear nothing."""
    corrections: Sequence[Correction]
    """What "Wrong?" taught here."""

    @property
    def topics(self) -> list[str]:
        hidden = (IN_PRIVATE if self.group else IN_GROUPS) | (set() if self.connected else OF_OWNERS)
        return [topic for topic in TOPICS if topic not in hidden]


async def _menu(store: Store, chat: Chat) -> _Menu:
    connected = await store.connection(chat.id) is not None
    return _Menu(
        chat=await store.chat(chat.id),
        group=is_group(chat),
        connected=connected,
        muted=await store.muted(chat.id) if connected else 0,
        corrections=await store.people.corrections(chat.id),
    )


def handlers(store: Store) -> list[BaseHandler[Update, Any, Any]]:
    async def show(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("settings-admins-only"))
            return
        await reply(message, *_first_level(await _menu(store, message.chat), texts))

    async def press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        message = query.message
        if not isinstance(message, Message):
            await answer_press(query)
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, query.from_user):
            await answer_press(query, texts("settings-admins-only"), alert=True)
            return
        if query.data == DONE:
            await answer_press(query)
            await _edit(message, texts("settings-closed"), None)
            return
        changes = await apply(query.data, message.chat_id)
        menu = await _menu(store, message.chat)
        texts = texts_for(menu.chat.language, query.from_user.language_code)
        await answer_press(query, texts("settings-saved") if changes else None)
        topic = _topic(query.data)
        level = _second_level(topic, menu, texts) if topic in menu.topics else _first_level(menu, texts)
        await _edit(message, *level)

    async def apply(data: str, chat_id: int) -> bool:
        """Do what a button says; False if it only leads to another level, or is of another version."""
        if data == UNMUTE_ALL:
            await store.unmute(chat_id)
            return True
        if data == UNLEARN:
            await store.people.unlearn(chat_id)
            return True
        choice = _choice(data)
        if choice:
            await store.choose(chat_id, **choice)
        return bool(choice)

    return [
        CommandHandler("settings", show, NEW_MESSAGE),
        CallbackQueryHandler(press, pattern=f"^{PREFIX}:"),
    ]


def _topic(data: str) -> str:
    """The topic behind a button, or that it belongs to."""
    if data.startswith(CLOCK):
        return "quiet"
    named = data.removeprefix(f"{PREFIX}:").partition(":")[0]
    return {UNMUTE_ALL: "business", UNLEARN: "sensitivity"}.get(data, named)


def _choice(data: str) -> dict[str, str | int]:
    """What a button chooses, by the setting's name; empty if it chooses nothing."""
    name, _, value = data.removeprefix(f"{PREFIX}:").partition(":")
    if f"{PREFIX}:{name}" == CLOCK:
        return {"utc_offset": int(value)} if value in map(str, CLOCKS) else {}
    kind = TOPICS.get(name)
    return {name: value} if kind and value in [option.value for option in kind] else {}


def _first_level(menu: _Menu, texts: Texts) -> tuple[str, InlineKeyboardMarkup]:
    scope = texts("settings-scope-group") if menu.group else ""
    rows = [
        [
            InlineKeyboardButton(
                texts(f"settings-{topic}", choice=_label(topic, getattr(menu.chat, topic), texts)),
                callback_data=f"{PREFIX}:{topic}",
            )
        ]
        for topic in menu.topics
    ]
    rows.append([InlineKeyboardButton(texts("settings-done"), callback_data=DONE)])
    return texts("settings", scope=scope, preview=_preview(menu.chat, texts)), InlineKeyboardMarkup(rows)


def _second_level(topic: str, menu: _Menu, texts: Texts) -> tuple[str, InlineKeyboardMarkup]:
    chosen = getattr(menu.chat, topic)
    buttons = [
        InlineKeyboardButton(
            ("✓ " if option is chosen else "") + _label(topic, option, texts),
            callback_data=f"{PREFIX}:{topic}:{option.value}",
        )
        for option in TOPICS[topic]
    ]
    rows = _in_rows(buttons)
    offset = utc_offset(menu.chat, texts.language)
    if topic == "quiet":
        moved = {"settings-clock-back": offset - 1, "settings-clock-on": offset + 1}
        rows.append(
            [InlineKeyboardButton(texts(key), callback_data=f"{CLOCK}:{to}") for key, to in moved.items()]
        )
    if topic == "business" and menu.muted:
        unmute = texts("settings-unmute-all", count=menu.muted)
        rows.append([InlineKeyboardButton(unmute, callback_data=UNMUTE_ALL)])
    if topic == "sensitivity" and menu.corrections:
        rows.append([InlineKeyboardButton(texts("settings-unlearn"), callback_data=UNLEARN)])
    rows.append(
        [
            InlineKeyboardButton(texts("settings-back"), callback_data=BACK),
            InlineKeyboardButton(texts("settings-done"), callback_data=DONE),
        ]
    )
    about = texts(
        f"settings-{topic}-about",
        preview=_preview(menu.chat, texts),
        clock=f"{local_time(menu.chat, texts.language, datetime.now(UTC)):%H:%M}",
        offset=f"{offset:+}",
        taught=_taught(menu.corrections, texts),
    )
    return about, InlineKeyboardMarkup(rows)


def _taught(corrections: Sequence[Correction], texts: Texts) -> str:
    """Where the chat's corrections have led."""
    if not corrections:
        return texts("settings-taught-nothing")
    by = taught(corrections)
    way = "less" if by < 0 else "more" if by > 0 else "even"
    return texts(f"settings-taught-{way}", count=len(corrections))


def _label(topic: str, option: StrEnum, texts: Texts) -> str:
    """What a choice is called. A language is called what its own speakers call it."""
    if isinstance(option, ChatLanguage) and option is not ChatLanguage.AUTO:
        return texts_for(option, None)("language-name")
    return texts(f"settings-{topic}-{option.value}")


def _in_rows(buttons: list[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    rows: list[list[InlineKeyboardButton]] = []
    for button in buttons:
        has_room = rows and len(rows[-1]) < PER_ROW
        if has_room and all(len(one.text) <= LONG_LABEL for one in (*rows[-1], button)):
            rows[-1].append(button)
        else:
            rows.append([button])
    return rows


def _preview(chat: ChatSettings, texts: Texts) -> str:
    """A warning as the chat would get it, of a note that there is none of."""
    if chat.style is Style.DIGEST:
        now = int(time.time())
        notes: list[tuple[Tone, int]] = [("negative", 6), ("positive", 4), ("neutral", 1)]
        lines = [line(_example(tone, texts), texts, sent_at=now - 60 * minutes) for tone, minutes in notes]
        return digest(lines, texts)
    warning = phrase(_example("negative", texts), chat, texts)
    if warning.reaction is not None:
        return texts("settings-preview-reaction", reaction=warning.reaction)
    if warning.reveals:
        return f"{warning.html}\n{texts('settings-on-button', button=texts('reveal-button'))}"
    return warning.html


def _example(tone: Tone, texts: Texts) -> Verdict:
    scores: dict[Tone, float] = dict.fromkeys(TONES, 0.04)
    return Verdict(
        tone=tone,
        confidence=0.92,
        unsure=False,
        scores=scores | {tone: 0.92},
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
        language="en",
        transcript=texts("settings-preview-transcript"),
        duration=6.0,
        engine="text",
    )


async def _edit(message: Message, html: str, keyboard: InlineKeyboardMarkup | None) -> None:
    await change(lambda: message.edit_text(html, parse_mode=ParseMode.HTML, reply_markup=keyboard))
