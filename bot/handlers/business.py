"""Telegram Business: an account is connected or let go, a contact is muted. Notes are taken at the intake."""

from __future__ import annotations

from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler, BusinessConnectionHandler, CallbackQueryHandler, ContextTypes

from bot.accounts import Accounts
from bot.handlers.replies import answer_press, change, texts_in
from bot.jobs import Jobs
from bot.store import Store
from bot.warnings.contacts import MUTE, UNMUTE, mute_button, name_in, unmute_button

__all__ = ["handlers"]


def handlers(accounts: Accounts, store: Store, jobs: Jobs) -> list[BaseHandler[Update, Any, Any]]:
    async def changed(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        connection = update.business_connection
        if connection is None:
            return
        if connection.is_enabled:
            await accounts.connected(connection)
        else:
            await accounts.disconnected(connection)
            await jobs.forget_connection(connection.id)

    async def mute(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or query.data is None or query.message is None:
            return
        action, number = query.data.split(":")
        chat_id, contact_id = query.message.chat.id, int(number)
        texts = await texts_in(update, store)
        await (store.mute if action == MUTE else store.unmute)(chat_id, contact_id)
        await answer_press(query, texts(f"contact-{action}d"))
        if isinstance(query.message, Message):
            other = unmute_button if action == MUTE else mute_button
            button = other(contact_id, name_in(query.message.text or ""), texts)
            await _replace_button(query.message, query.data, button)

    return [
        BusinessConnectionHandler(changed),
        CallbackQueryHandler(mute, pattern=rf"^({MUTE}|{UNMUTE}):\d{{1,16}}$"),
    ]


async def _replace_button(warning: Message, data: str, button: InlineKeyboardButton) -> None:
    """Put `button` in the place of the one with `data`."""
    if warning.reply_markup is None:
        return
    rows = [
        [button if old.callback_data == data else old for old in row]
        for row in warning.reply_markup.inline_keyboard
    ]
    await change(lambda: warning.edit_reply_markup(InlineKeyboardMarkup(rows)))
