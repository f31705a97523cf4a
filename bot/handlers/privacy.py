"""/privacy, /mydata and /forget: what is kept, and its end. /optout and /optin: whose notes are judged."""

from __future__ import annotations

import json
from typing import Any

from telegram import InputFile, Message, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes

from bot.courier import insist
from bot.handlers.replies import NEW_MESSAGE, is_group, may_change, reply, texts_in
from bot.jobs import Jobs
from bot.notes import business_lane
from bot.store import Store

__all__ = ["handlers"]


def handlers(
    store: Store, jobs: Jobs, keep_days: int, keep_jobs_days: int
) -> list[BaseHandler[Update, Any, Any]]:
    async def privacy(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        kept = [texts("privacy", days=keep_days)]
        if await store.connection(message.chat_id) is not None:
            kept.append(texts("privacy-business", days=keep_jobs_days))
        if (await store.people.consent(message.chat_id)).words:
            kept.append(texts("privacy-words"))
        await reply(message, "\n".join(kept))

    async def forget(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if not await may_change(context.bot, message.chat, message.from_user, message.sender_chat):
            await reply(message, texts("forget-admins-only"))
            return
        connection_id = await store.connection(message.chat_id)
        await store.forget_chat(message.chat_id)
        await jobs.forget_chat(message.chat_id)
        if is_group(message.chat):
            await reply(message, texts("forgotten"))
            return
        # In private, the chat's number is its person's.
        await store.people.forget(message.chat_id)
        said = [texts("forgotten-person")]
        if connection_id is not None:
            await jobs.forget_connection(connection_id)
            # Only its owner can end a connection; the next note that came through it would be heard again.
            said.append(texts("forgotten-business"))
        if await store.people.has_opted_out(message.chat_id):
            said.append(texts("forgotten-optout"))
        await reply(message, "\n\n".join(said))

    async def my_data(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.message
        if message is None:
            return
        texts = await texts_in(update, store)
        if is_group(message.chat):
            await reply(message, texts("mydata-in-private"))
            return
        lanes = [str(message.chat_id)]
        connection_id = await store.connection(message.chat_id)
        if connection_id is not None:
            lanes.append(business_lane(connection_id))
        kept: dict[str, Any] = await store.people.about(message.chat_id)
        kept["jobs"] = await jobs.kept(lanes)
        content = json.dumps(kept, default=str, ensure_ascii=False, indent=2).encode()
        document = InputFile(content, filename="mydata.json")
        await insist(
            lambda: message.reply_document(document, caption=texts("mydata-here", days=keep_jobs_days))
        )

    async def opt_out(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await choose(update, update.message, "optout")

    async def opt_in(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await choose(update, update.message, "optin")

    async def choose(update: Update, message: Message, wish: str) -> None:
        texts = await texts_in(update, store)
        person = message.from_user
        if person is None or message.sender_chat is not None:
            # An anonymous admin, or a channel: nobody whose notes could be known again.
            await reply(message, texts("optout-who"))
            return
        await (store.people.opt_out if wish == "optout" else store.people.opt_in)(person.id)
        await reply(message, texts(f"{wish}-done"))

    return [
        CommandHandler("privacy", privacy, NEW_MESSAGE),
        CommandHandler("forget", forget, NEW_MESSAGE),
        CommandHandler("mydata", my_data, NEW_MESSAGE),
        CommandHandler("optout", opt_out, NEW_MESSAGE),
        CommandHandler("optin", opt_in, NEW_MESSAGE),
    ]
