"""Every call to Telegram that must get through.

Telegram answers 429 with how long to wait, and networks drop; both pass. So a call is repeated until it
is taken, or until Telegram says that it never will be. A call that timed out may have been carried out:
repeating it can double a message, dropping it can lose one, and a warning must not be lost.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import (
    Bot,
    BusinessConnection,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatMemberStatus, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter

from bot.metrics import RETRIES, measured
from bot.notes import Note
from bot.store import Limit, Pace

__all__ = [
    "Closed",
    "Courier",
    "FileTooBig",
    "MessageRateLimiter",
    "NoRights",
    "Unreachable",
    "insist",
    "unchanged_is_fine",
]

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
CONVERSATION = 30.0
"""Seconds of failures after which an answer to a command is given up: whoever asked will ask again."""
REST = 1.05
"""Seconds of rest that a chat gets after a message or an edit there."""
OVERALL = Limit("all", 0, every=1 / 25, burst=0.2)
IN_A_GROUP = Limit("group", 0, every=3.0, burst=57.0)
"""Of all processes together: 30 messages a second, 20 a minute in a group."""
MESSAGE_METHODS = ("send", "edit", "copy", "forward")
NEVER = (BadRequest, ChatMigrated, Forbidden, InvalidToken)
"""What Telegram says where asking again is no use; InvalidToken is also its 404 for a file."""
NO_RIGHTS = ("not enough rights to send", "no rights to send", "chat_write_forbidden")
"""How Telegram says, in a `BadRequest`, that a group lets the bot in but not write."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class MessageRateLimiter(AIORateLimiter):
    """Telegram's limits on messages (30 a second, 20 a minute in a group), kept on our side.

    The base class counts every call that names a chat; signs, reactions and look-ups are no messages. It
    counts for this process; what several send together is kept by `pace`.
    """

    def __init__(self, pace: Pace | None) -> None:
        # Three at once and then 25 a second: 28 in any second, for on the way some catch up with others.
        super().__init__(overall_max_rate=3, overall_time_period=0.12)
        self._pace = pace

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        if endpoint.startswith(MESSAGE_METHODS) and endpoint != "sendChatAction":
            chat_id = data.get("chat_id")
            limits = [OVERALL]
            if isinstance(chat_id, int) and chat_id < 0:
                limits.append(replace(IN_A_GROUP, chat_id=chat_id))
            await _wait_turn(self._pace, *limits)
            return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
        return await callback(*args, **kwargs)


class Unreachable(Exception):
    """Telegram could not be reached, or no longer has what was asked of it."""


class Closed(Unreachable):
    """The chat blocked the bot or threw it out."""


class NoRights(Unreachable):
    """The bot is in the group but may not write there."""


class FileTooBig(Exception):
    """The Bot API does not hand out files of this size."""


class Courier:
    """Fetches notes and delivers warnings, however bad the line."""

    def __init__(self, bot: Bot, patience: float, pace: Pace | None) -> None:
        """`patience`: seconds of failures after which a note is given up; `pace`: what all processes keep."""
        self._bot = bot
        self._patience = patience
        self._pace = pace
        self._alone: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._next_turn: dict[int, float] = {}

    @measured("fetch")
    async def fetch(self, note: Note, limit: int) -> bytes:
        """The note's file, whole, at most `limit` bytes.

        Raises:
            FileTooBig: over the limit, as Telegram says before or on asking.
            Unreachable: Telegram has it no more, or the network stayed down.
        """
        if note.file_size is not None and note.file_size > limit:
            raise FileTooBig
        try:
            data = await insist(lambda: self._download(note.file_id), self._patience)
        except NEVER as error:
            if "too big" in error.message.lower():
                raise FileTooBig from None
            raise Unreachable(error.message) from None
        if len(data) > limit:
            raise FileTooBig
        return data

    async def _download(self, file_id: str) -> bytes:
        file = await self._bot.get_file(file_id)
        return bytes(await file.download_as_bytearray())

    async def connection(self, connection_id: str) -> BusinessConnection | None:
        """The bot's connection to someone's account; None if Telegram knows it no more.

        Raises:
            Unreachable: the network stayed down.
        """
        try:
            return await insist(lambda: self._bot.get_business_connection(connection_id), self._patience)
        except NEVER:
            return None

    async def tell(self, chat_id: int, html: str) -> None:
        """Say something in a private chat that answers no message there.

        Raises:
            Closed: the chat blocked the bot or threw it out.
            Unreachable: Telegram will not take it, or the network stayed down.
        """
        async with self._turn(chat_id):
            try:
                await insist(
                    lambda: self._bot.send_message(
                        chat_id, html, parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW
                    )
                )
            except NEVER as error:
                raise _refused(error) from None

    async def tell_an_admin(self, group_id: int, words: Callable[[str, str | None], str]) -> None:
        """Say something about a group, in private, to one of its admins, its owner if possible.

        `words` makes the text, of the group's title and the admin's language. Most admins never wrote to the
        bot, so it may not write to them; the first who can be told is enough.
        """
        try:
            title = (await insist(lambda: self._bot.get_chat(group_id))).title or ""
            admins = await insist(lambda: self._bot.get_chat_administrators(group_id))
        except (Unreachable, *NEVER) as error:
            log.info("no admin told", chat=group_id, reason=str(error))
            return
        for admin in sorted(admins, key=lambda admin: admin.status != ChatMemberStatus.OWNER):
            if admin.user.is_bot:
                continue
            with suppress(Unreachable):
                await self.tell(admin.user.id, words(title, admin.user.language_code))
                return
        log.info("no admin told", chat=group_id, reason="none of them ever wrote to the bot")

    @measured("send")
    async def say(
        self, note: Note, html: str, keyboard: InlineKeyboardMarkup | None = None, *, silently: bool = False
    ) -> Message:
        """Answer the note, under it, without a sound in groups or if so asked. Returns what was sent.

        Raises:
            Closed: the chat blocked the bot or threw it out.
            NoRights: the bot may not write in this group.
            Unreachable: Telegram will not take it, or the network stayed down.
        """
        async with self._turn(note.chat_id):
            try:
                return await self._send(note.chat_id, note, html, keyboard, note.reply_to, silently)
            except ChatMigrated as error:
                # The group became a supergroup, where messages have other numbers: no reply, but no loss.
                return await self._send(error.new_chat_id, note, html, keyboard, None, silently)
            except NEVER as error:
                raise _refused(error) from None

    @measured("send")
    async def edit(self, chat_id: int, message_id: int, html: str) -> bool:
        """Change what a message of the bot says; False where it is gone and the words have to be sent anew.

        Raises:
            Closed: the chat blocked the bot or threw it out.
            Unreachable: the network stayed down.
        """
        async with self._turn(chat_id):
            try:
                with unchanged_is_fine():
                    await insist(
                        lambda: self._bot.edit_message_text(
                            html,
                            chat_id,
                            message_id,
                            parse_mode=ParseMode.HTML,
                            link_preview_options=NO_PREVIEW,
                        ),
                        self._patience,
                    )
            except (BadRequest, ChatMigrated):
                return False
            except NEVER as error:
                raise _refused(error) from None
        return True

    async def show_progress(
        self, note: Note, html: str, keyboard: InlineKeyboardMarkup, message_id: int | None
    ) -> int | None:
        """Say how long a note takes, or say it anew in the message `message_id`; returns its number.

        None where the chat does not take it. Missing one is no loss, so there is no second try.
        """
        # In private, a reply would look like the answer.
        reply = None if note.private else ReplyParameters(note.message_id, allow_sending_without_reply=True)
        async with self._turn(note.chat_id):
            try:
                if message_id is not None:
                    # After a restart it is not known what the message said last.
                    with unchanged_is_fine():
                        await self._bot.edit_message_text(
                            html, note.chat_id, message_id, parse_mode=ParseMode.HTML, reply_markup=keyboard
                        )
                    return message_id
                sent = await self._bot.send_message(
                    note.chat_id,
                    html,
                    parse_mode=ParseMode.HTML,
                    message_thread_id=note.thread_id,
                    reply_parameters=reply,
                    reply_markup=keyboard,
                    disable_notification=True,
                )
            except NEVER as error:
                log.info("progress not shown", job=note.job_id, reason=error.message)
                return None
            except TelegramError as error:
                log.info("progress not shown", job=note.job_id, error=type(error).__name__)
                return message_id
            return sent.message_id

    @measured("send")
    async def fill(self, inline_id: str, html: str) -> None:
        """Say in the bot's message in a chat that it is not in what it was asked for.

        Raises:
            Unreachable: Telegram will not take it, or the network stayed down.
        """
        try:
            # It may have been said before, by a run of the job that a crash cut off.
            with unchanged_is_fine():
                await insist(
                    lambda: self._bot.edit_message_text(
                        html,
                        inline_message_id=inline_id,
                        parse_mode=ParseMode.HTML,
                        link_preview_options=NO_PREVIEW,
                    ),
                    self._patience,
                )
        except NEVER as error:
            raise _refused(error) from None

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete a message of the bot; one that cannot be deleted any more is left.

        Raises:
            Unreachable: the network stayed down.
        """
        try:
            await insist(lambda: self._bot.delete_message(chat_id, message_id))
        except NEVER as error:
            log.info("message not deleted", chat=chat_id, message=message_id, reason=error.message)

    @asynccontextmanager
    async def _turn(self, chat_id: int) -> AsyncIterator[None]:
        """Wait until a second after the chat's last message, which is what Telegram allows.

        The second begins when Telegram has the message, and until then nobody else has a turn: a slow line
        must not bring two close together.
        """
        clock = asyncio.get_running_loop().time
        async with self._alone.setdefault(chat_id, asyncio.Lock()):
            await asyncio.sleep(self._next_turn.get(chat_id, 0.0) - clock())
            in_chat = Limit("chat", chat_id, REST)
            await _wait_turn(self._pace, in_chat)
            try:
                yield
                if self._pace is not None:
                    with suppress(SQLAlchemyError):
                        await self._pace.rest(in_chat)
            finally:
                now = clock()
                self._next_turn = {chat: turn for chat, turn in self._next_turn.items() if turn > now}
                self._next_turn[chat_id] = now + REST

    async def _send(
        self,
        chat_id: int,
        note: Note,
        html: str,
        keyboard: InlineKeyboardMarkup | None,
        reply_to: int | None,
        silently: bool,
    ) -> Message:
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
        return await insist(
            lambda: self._bot.send_message(
                chat_id,
                html,
                parse_mode=ParseMode.HTML,
                message_thread_id=note.thread_id,
                reply_parameters=reply,
                reply_markup=keyboard,
                link_preview_options=NO_PREVIEW,
                disable_notification=silently or not note.private,
            ),
            self._patience,
        )

    @measured("send")
    async def react(self, note: Note, emoji: str) -> bool:
        """React to the note; False where the chat does not take this reaction, or has no note to react to."""
        message_id = note.reply_to
        if message_id is None:
            return False
        try:
            await insist(
                lambda: self._bot.set_message_reaction(note.chat_id, message_id, emoji), self._patience
            )
        except (BadRequest, ChatMigrated):
            return False
        except NEVER as error:
            raise _refused(error) from None
        return True

    async def show_working(self, note: Note) -> None:
        """The "typing…" sign. Missing one is no loss, so there is no second try."""
        try:
            await self._bot.send_chat_action(note.chat_id, "typing", message_thread_id=note.thread_id)
        except TelegramError as error:
            log.debug("no working sign", job=note.job_id, error=type(error).__name__)


async def insist(call: Callable[[], Awaitable[Result]], patience: float = CONVERSATION) -> Result:
    """Repeat `call` until Telegram takes it. Waits that Telegram orders do not count against `patience`.

    Raises:
        BadRequest, ChatMigrated, Forbidden, InvalidToken: Telegram will never take it.
        Unreachable: nothing but failures for `patience` seconds.
    """
    wait, given_up_at = FIRST_WAIT, asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await call()
        except RetryAfter as error:
            RETRIES.labels("429").inc()
            seconds = _seconds(error)
            log.info("telegram asks to wait", seconds=seconds)
            given_up_at += seconds
            await asyncio.sleep(seconds + random.uniform(0.1, 0.5))  # noqa: S311
        except NEVER:
            raise
        except TelegramError as error:
            if asyncio.get_running_loop().time() > given_up_at:
                raise Unreachable(type(error).__name__) from None
            RETRIES.labels("network").inc()
            log.info("telegram not reached", error=type(error).__name__, again_in=round(wait, 1))
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311
            wait = min(2 * wait, LONGEST_WAIT)


@contextmanager
def unchanged_is_fine() -> Iterator[None]:
    """Hold this during an edit. Telegram refuses one that changes nothing; the message says it already."""
    try:
        yield
    except BadRequest as error:
        if "not modified" not in error.message.lower():
            raise


async def _wait_turn(pace: Pace | None, *limits: Limit) -> None:
    if pace is None:
        return
    try:
        wait = await pace.turn(limits)
    except SQLAlchemyError as error:
        # Telegram says itself when it is too much.
        log.info("no turn taken", error=type(error).__name__)
    else:
        await asyncio.sleep(wait)


def _refused(error: TelegramError) -> Unreachable:
    if isinstance(error, Forbidden):
        return Closed(error.message)
    if any(words in error.message.lower() for words in NO_RIGHTS):
        return NoRights(error.message)
    return Unreachable(error.message)


def _seconds(error: RetryAfter) -> float:
    after = error.retry_after
    return float(after) if isinstance(after, (int, float)) else after.total_seconds()
