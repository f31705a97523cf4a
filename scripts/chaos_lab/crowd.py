"""People who send notes, each with words of its own, and what became of these notes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from models.verdict import TONES
from tests.bot.stub_models import note_of
from tests.telegram import Note, Room, TelegramEmulator, User

__all__ = ["Crowd", "Seconds", "Sent", "Tally", "calls_a_second", "traces"]

Seconds = float
LOOK_EVERY: Seconds = 0.2


@dataclass(frozen=True)
class Sent:
    """A note, and when it was sent on this machine's steady clock."""

    note: Note
    tone: str
    at: Seconds


@dataclass(frozen=True)
class Tally:
    """What became of the notes of a crowd."""

    notes: int
    lost: int
    """Without a warning that names their tone."""
    twice: int
    """Warnings beyond the first for one note."""
    out_of_order: int
    """Warnings that came in a chat before that of an earlier note."""
    waits: list[Seconds]
    """From note to warning, sorted."""

    def wait(self, share: float) -> Seconds:
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))] if self.waits else 0.0


@dataclass
class Crowd:
    """Private chats and groups of one Telegram. Whatever is random comes from `dice`."""

    tg: TelegramEmulator
    dice: random.Random
    people: list[User] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Words that stand in no other note, nor anywhere else."""

    def person(self) -> User:
        self.people.append(self.tg.user(f"P{len(self.people)}", language_code="en"))
        return self.people[-1]

    def private(self, count: int) -> list[Room]:
        return [self.tg.private(self.person()) for _ in range(count)]

    def group(self, members: int = 3) -> Room:
        """A group of which the bot is an admin."""
        people = [self.person() for _ in range(members)]
        group = self.tg.group(f"G{people[0].id}", members=people[1:], admins=people[:1])
        group.add_bot(by=people[0], admin=True)
        return group

    def voice(self, chat: Room, sound: bytes | None = None, tone: str | None = None) -> Sent:
        """Somebody of the chat sends a note; without a sound it is one for the stub models."""
        tone = tone or self.dice.choice(TONES)
        members = [member.user for member in chat.state.members.values() if not member.user.is_bot]
        by = chat.state.person or self.dice.choice(members)
        note = chat.voice(by, sound if sound is not None else note_of(f"{tone} {' '.join(self._words())}"))
        self.sent.append(Sent(note, tone, note.state.at))
        return self.sent[-1]

    async def burst(self, chats: Iterable[Room], notes: int, within: Seconds) -> None:
        """As many notes, dealt round the chats, evenly over the time."""
        chats = list(chats)
        began = time.monotonic()
        for number in range(notes):
            await asyncio.sleep(max(0.0, began + within * number / notes - time.monotonic()))
            self.voice(chats[number % len(chats)])

    async def answered(self, within: Seconds) -> bool:
        """Wait until every note has its warning; False if that takes too long."""
        deadline = time.monotonic() + within
        while self.tally().lost:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True

    def waited(self, sent: Sent) -> Seconds | None:
        """From the note to its warning; None as long as there is none."""
        answers = self._answers(sent.note.state.chat.id).get(sent.note.id)
        return answers[0] - sent.at if answers else None

    def tally(self) -> Tally:
        lost = twice = out_of_order = 0
        waits = []
        by_chat: dict[int, list[Sent]] = {}
        for sent in self.sent:
            by_chat.setdefault(sent.note.state.chat.id, []).append(sent)
        for chat_id, all_sent in by_chat.items():
            answers = self._answers(chat_id)
            firsts = []
            for sent in all_sent:
                found = answers.get(sent.note.id, [])
                lost += not found
                twice += max(0, len(found) - 1)
                if found:
                    firsts.append(found[0])
                    waits.append(found[0] - sent.at)
            out_of_order += sum(later < earlier for earlier, later in pairwise(firsts))
        return Tally(len(self.sent), lost, twice, out_of_order, sorted(waits))

    def _answers(self, chat_id: int) -> dict[int, list[Seconds]]:
        """When each note of a chat was answered with a tone, by the number of its message."""
        found: dict[int, list[Seconds]] = {}
        for message in self.tg.world.chats[chat_id].messages:
            if message.sent_by_bot and message.reply_to and not message.deleted:
                text = str(message.content.get("text"))
                if any(tone in text for tone in TONES):
                    found.setdefault(message.reply_to.id, []).append(message.at)
        return found

    def _words(self) -> Iterator[str]:
        for _ in range(2):
            word = "".join(self.dice.choice("bdfgklmnprstvz") + self.dice.choice("aeiou") for _ in range(5))
            self.said.append(word)
            yield word


def calls_a_second(tg: TelegramEmulator) -> int:
    """The most messages and edits that arrived within one second."""
    at = [
        call.at
        for call in tg.calls
        if call.method.startswith(("send", "edit")) and call.method != "sendChatAction"
    ]
    return max(
        (sum(moment <= other < moment + 1 for other in at[i : i + 200]) for i, moment in enumerate(at)),
        default=0,
    )


def traces(said: Iterable[str], *folders: Path, log: str = "") -> list[str]:
    """Files in which any of these words stand, in whatever case, and `log` if they stand there."""
    words = [word.encode() for word in said]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {"log": log.lower().encode()} | {path.name: path.read_bytes().lower() for path in files}
    return [name for name, text in texts.items() if any(word in text for word in words)]
