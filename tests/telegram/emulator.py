"""One Telegram with one bot in it, for the length of a test.

    async with TelegramEmulator() as tg:
        anna = tg.user("Anna", language_code="ru")
        chat = tg.private(anna)
        note = chat.voice(anna, Path("angry.oga"), duration=5)
        reply = await note.reply(within=20)
        assert "негатив" in reply.text

The bot under test is started with `tg.url` as its API server and `tg.token` as its token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.emulator import people, wire
from bot.emulator.world import BusinessConnection, Chat, Member, Query, User, World
from tests.telegram.chat import PATIENCE, Note, Room
from tests.telegram.faults import Call, Fault, FaultyServer, FloodLimits

Json = dict[str, Any]
T = TypeVar("T")
_SECRET = "A" * 35


@dataclass(frozen=True)
class Business:
    """A person's account that the bot is connected to."""

    state: BusinessConnection
    tg: TelegramEmulator

    @property
    def id(self) -> str:
        return self.state.id

    def chat(self, contact: User) -> Room:
        """The owner's chat with a contact: `voice(contact, …)` comes in, `voice(owner, …)` goes out."""
        if contact.id not in self.state.chats:
            self.state.chats[contact.id] = Chat(contact.id, "private", person=contact, connection=self.state)
            self.tg.world.contacts |= {contact.id} - {self.state.owner.id}
        return Room(self.state.chats[contact.id], self.tg)

    def from_contact(self, contact: User, data: bytes, **fields: Any) -> Note:
        """A contact sends the owner a voice note; the fields are those of `Room.voice`."""
        return self.chat(contact).voice(contact, data, **fields)

    def switch(self, *, on: bool) -> None:
        """The owner disables or enables the connection."""
        self.state.is_enabled = on
        self.announce()

    def remove(self) -> None:
        """The owner takes the bot off the account; Telegram then knows the connection no more."""
        del self.tg.world.connections[self.id]
        self.switch(on=False)

    def announce(self) -> None:
        """Tell the bot how the connection stands."""
        people.announce(self.tg.world, self.state)


class TelegramEmulator:
    """The server, and the people around the bot."""

    def __init__(
        self, *, port: int = 0, local_files: str | None = None, username: str = "forewarn_bot"
    ) -> None:
        """`local_files`: a folder; the server then acts as a local one (no size cap, absolute paths)."""
        bot = User(8_100_000_001, "forewarn", username=username, is_bot=True)
        self.world = World(bot)
        self.token = f"{bot.id}:{_SECRET}"
        self._server = FaultyServer(self.world, self.token, local_files=local_files)
        self._port = port

    async def __aenter__(self) -> TelegramEmulator:
        await self._server.start(self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        """Methods at `URL/bot<token>/<method>`, files at `URL/file/bot<token>/<path>`."""
        return self._server.url

    @property
    def bot(self) -> User:
        return self.world.bot

    # people and places

    def user(self, first_name: str, **fields: Any) -> User:
        """A person; the other fields are those of `world.User`: `language_code`, `hides_forwards`, …"""
        return self.world.add_user(first_name=first_name, **fields)

    def private(self, user: User, *, started: bool = True) -> Room:
        """The person's chat with the bot; `started=False`: the bot may not write first."""
        chat = self.world.private(user)
        chat.started = chat.started or started
        return Room(chat, self)

    def group(
        self,
        title: str,
        *,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        anonymous_admins: Iterable[User] = (),
        forum: bool = False,
        supergroup: bool = True,
        available_reactions: list[str] | None = None,
    ) -> Room:
        """A group without the bot (see `Room.add_bot`); the first administrator owns it, else a stranger."""
        chat = self.world.add_chat(
            "supergroup" if supergroup or forum else "group",
            title,
            is_forum=forum,
            available_reactions=available_reactions,
        )
        leaders = list(admins) or [self.user("Owner")]
        chat.members = {user.id: Member(user) for user in members}
        chat.members |= {user.id: Member(user, "administrator") for user in leaders[1:]}
        chat.members |= {user.id: Member(user, "administrator", anonymous=True) for user in anonymous_admins}
        chat.members[leaders[0].id] = Member(leaders[0], "creator")
        return Room(chat, self)

    def channel(self, title: str, *, admins: Iterable[User] = (), discussion: Room | None = None) -> Room:
        """A channel without the bot; posts are made with `room.voice(None, …)`.

        `discussion`: the group that its posts are forwarded to, for comments.
        """
        chat = self.world.add_chat("channel", title, discussion=discussion.state if discussion else None)
        chat.members = {user.id: Member(user, "administrator") for user in admins}
        return Room(chat, self)

    def chat_with(self, other: User) -> Room:
        """Someone's own chat with another person; it has the same id as that person's chat with the bot."""
        return Room(Chat(other.id, "private", person=other), self)

    def business(self, owner: User, *, unnoticed: bool = False, **rights: bool) -> Business:
        """Connect the bot to a person's own account; `unnoticed`: it was off for too long to be told."""
        connection = BusinessConnection(f"biz{self.world.number()}", owner, int(time.time()))
        connection.rights |= rights
        self.world.connections[connection.id] = connection
        self.private(owner)
        business = Business(connection, self)
        if not unnoticed:
            business.announce()
        return business

    def set_bots_talk(self, on: bool) -> None:
        """Bot-to-bot communication, as in BotFather: the bot hears other bots where it hears people."""
        self.world.bots_talk = on

    def set_privacy(self, on: bool) -> None:
        """Group privacy, as in BotFather; groups notice when the bot is added again."""
        self.world.privacy_mode = on

    async def inline(self, by: User, text: str, *, within: float = PATIENCE) -> Json:
        """Type `@bot text` in some chat; returns the bot's answer: `results`, and a `button` above them."""
        query = Query(f"inline{self.world.number()}", by)
        self.world.queries[query.id] = query
        body = {"id": query.id, "from": wire.user(by), "query": text, "offset": "", "chat_type": "sender"}
        self.world.updates.push("inline_query", body)
        return await self.until(
            lambda: query.answer, within, "an answer to the inline query", empty_is_false=False
        )

    # what the bot did

    @property
    def calls(self) -> list[Call]:
        """Every request of the bot, oldest first, `getUpdates` and downloads ("file") included."""
        return self._server.calls

    def calls_of(self, *methods: str, chat: Room | None = None) -> list[Call]:
        return [c for c in self.calls if c.method in methods and (chat is None or c.chat_id == chat.id)]

    async def called(
        self, method: str, *, times: int = 1, chat: Room | None = None, within: float = PATIENCE
    ) -> list[Call]:
        """Wait until the bot has called a method so often and been answered; returns these calls."""

        def done() -> list[Call] | None:
            found = [c for c in self.calls_of(method, chat=chat) if c.status is not None]
            return found if len(found) >= times else None

        return await self.until(done, within, f"{method} called {times}×", chat.state if chat else None)

    async def confirmed(self, *, within: float = PATIENCE) -> None:
        """Wait until the bot has taken every update."""
        await self.until(lambda: not self.world.updates.pending, within, "all updates confirmed")

    async def until(
        self,
        find: Callable[[], T | None],
        within: float,
        what: str,
        chat: Chat | None = None,
        *,
        empty_is_false: bool = True,
    ) -> T:
        """Wait for the first true (or not-None) answer; else AssertionError with the transcript."""
        wrapped: Callable[[], Any] = find if empty_is_false else lambda: None if find() is None else (find(),)
        found = await self.world.changed.until(wrapped, within)
        if not found:
            story = Room(chat, self).transcript() if chat else ""
            errors = [f"{c.method}: {c.error}" for c in self.calls[-50:] if c.error]
            raise AssertionError("\n".join([f"waited {within} s for {what}", story, *errors]))
        return found if empty_is_false else found[0]

    # what goes wrong

    def fail(self, method: str, *, chat: Room | None = None, **fault: Any) -> Fault:
        """Plan a failure of the next calls of a method; the fields are those of `Fault`."""
        planned = Fault(method, chat_id=chat.id if chat else None, **fault)
        self._server.faults.append(planned)
        return planned

    @property
    def flood(self) -> FloodLimits:
        """Breaches of Telegram's limits, in `violations`; set `enforce` to have them answered with a 429."""
        return self._server.flood


__all__ = ["Business", "Note", "Room", "TelegramEmulator"]
