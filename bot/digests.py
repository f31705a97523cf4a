"""A chat's digest as it grows: one message of the bot that is edited, a line for each note.

Its lines are kept in a table, because a bot cannot read its own messages, and a restart may lie between two
notes. A digest is at an end when it is full, when nothing was added for an hour, or when the chat has moved
on: an edit rings no bell, so nobody would look for a new line far above.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.courier import Courier
from bot.notes import Note
from bot.store import Store
from bot.store.chat import Digest
from bot.warnings import Texts
from bot.warnings.digests import digest, digest_line
from models.verdict import Verdict

__all__ = ["DIGEST_GROWS", "Digests"]

log = structlog.get_logger(__name__)

DIGEST_GROWS = timedelta(hours=1)
MOST_LINES = 10
MESSAGES_BELOW = 20
"""In a group, where people write between the notes. In private, whatever stands below ends a digest."""


class Digests:
    """Adds notes to the digests of their chats."""

    def __init__(self, courier: Courier, store: Store) -> None:
        self._courier = courier
        self._store = store

    async def add(self, note: Note, verdict: Verdict, texts: Texts, *, silently: bool) -> tuple[int, int]:
        """Say of `note` in the chat's digest; returns where it stands, as chat and message.

        The same note added again, after a crash, has one line all the same. No two of one chat are added at
        once, for all of them come from its own queue.

        Raises:
            Closed, NoRights, Unreachable: as `Courier.say` and `Courier.edit`.
            SQLAlchemyError: the database cannot be read now.
        """
        new = {note.job_id: digest_line(note, verdict, texts)}
        last = await self._store.digest(note.chat_id, note.thread_id, DIGEST_GROWS)
        if last is not None and _goes_on(last, note):
            grown = Digest(last.message_id, last.lines | new)
            if await self._courier.edit(note.chat_id, last.message_id, digest(grown.lines.values(), texts)):
                return await self._keep(note, note.chat_id, grown)
        sent = await self._courier.say(note, digest(new.values(), texts), silently=silently)
        return await self._keep(note, sent.chat_id, Digest(sent.message_id, new))

    async def _keep(self, note: Note, chat_id: int, grown: Digest) -> tuple[int, int]:
        try:
            await self._store.keep_digest(chat_id, note.thread_id, grown)
        except SQLAlchemyError as error:
            # It is said; to say it again would be worse than a digest of its own for the next note.
            log.warning("digest not kept", job=note.job_id, error=type(error).__name__)
        return chat_id, grown.message_id


def _goes_on(last: Digest, note: Note) -> bool:
    if note.job_id in last.lines:
        return True
    if len(last.lines) >= MOST_LINES:
        return False
    return note.message_id - last.message_id <= (0 if note.private else MESSAGES_BELOW)
