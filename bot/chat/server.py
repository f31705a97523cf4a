"""The page's server: its files, one socket a page, uploads and downloads.

Whoever reads a page of another site must not be able to speak here: the socket takes only its own origin, a
visit is known by a random key, and names that are not this machine's are refused (DNS rebinding).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from bot.chat.visits import Sound, Visit, Visits, act
from bot.emulator.world import World

__all__ = ["serving"]

PAGE = Path(__file__).parent / "page"
HEADERS = {
    # The page has no other host: no font, no script, no picture, no request.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' blob:; media-src 'self' blob:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
LARGEST_UPLOAD = 20 * 1024 * 1024
"""Bytes. Telegram shows a bot no more; of what is larger, the page sends the size alone."""
LARGEST_MESSAGE = 64 * 1024
PING_SECONDS = 20
ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104  # only compared with
ON_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


@asynccontextmanager
async def serving(world: World, host: str, port: int) -> AsyncIterator[str]:
    """The page's address, while it is served there; port 0 is a free one.

    Raises:
        OSError: nothing can be served there.
    """
    names = None if host in ANY_ADDRESS else {*ON_THIS_MACHINE, f"[{host}]" if ":" in host else host}
    page = {"path": str(PAGE), "default_filename": "index.html"}
    http = HTTPServer(
        Application(
            [(r"/socket", _Socket), (r"/files(?:/([\w-]+))?", _Files), (r"/(.*)", _Page, page)],
            visits=Visits(world),
            names=names,
            log_function=lambda _: None,
            websocket_max_message_size=LARGEST_MESSAGE,
            websocket_ping_interval=PING_SECONDS,
        ),
        max_body_size=LARGEST_UPLOAD,
        max_buffer_size=LARGEST_UPLOAD + LARGEST_MESSAGE,
    )
    sockets = bind_sockets(port, host)
    http.add_sockets(sockets)
    shown = "127.0.0.1" if names is None else host
    try:
        yield f"http://{f'[{shown}]' if ':' in shown else shown}:{sockets[0].getsockname()[1]}/"
    finally:
        http.stop()
        await http.close_all_connections()


class _Guarded(RequestHandler):
    def prepare(self) -> None:
        names = self.settings["names"]  # of this server, as a browser gives them; None: any
        if names is not None and self.request.host_name not in names:
            raise HTTPError(421)

    @property
    def visits(self) -> Visits:
        visits: Visits = self.settings["visits"]
        return visits

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)


class _Page(_Guarded, StaticFileHandler):
    pass


class _Files(_Guarded):
    """`POST /files?visit=…&chat=…&…` with a note, `GET /files/<unique id>?visit=…`."""

    def post(self, _: str | None = None) -> None:
        given = {name: values[-1].decode() for name, values in self.request.query_arguments.items()}
        try:
            self._visit().send(Sound.model_validate(given), self.request.body)
        except ValueError:
            raise HTTPError(400) from None
        self.set_status(204)

    def get(self, unique_id: str | None = None) -> None:
        file = self._visit().file(unique_id or "")
        if file is None:
            raise HTTPError(404)
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Cache-Control", "no-store")
        self.finish(file.data)

    def _visit(self) -> Visit:
        visit = self.visits.find(self.get_query_argument("visit", ""))
        if visit is None:
            raise HTTPError(403)
        return visit


class _Socket(_Guarded, WebSocketHandler):
    """What happens, to the page; what the visitor does, from it."""

    _visit: Visit | None = None
    _telling: asyncio.Task[None] | None = None

    def initialize(self) -> None:
        self._doing: set[asyncio.Task[None]] = set()

    def open(self, *_: str) -> None:
        visit = self.visits.enter(
            self.get_query_argument("visit", ""), self.get_query_argument("language", "en")
        )
        self._visit = visit
        self._telling = asyncio.create_task(self._tell(visit))

    def on_message(self, message: str | bytes) -> None:
        if self._visit is None:
            return
        doing = asyncio.create_task(self._do(self._visit, message))
        self._doing.add(doing)
        doing.add_done_callback(self._doing.discard)

    def on_close(self) -> None:
        if self._telling:
            self._telling.cancel()
        if self._visit:
            self.visits.leave(self._visit)

    async def _do(self, visit: Visit, message: str | bytes) -> None:
        try:
            shown = await visit.do(act(message))
        except (ValidationError, ValueError):
            return  # an old page, or somebody plays with ours
        if shown:
            await self._say(shown)

    async def _tell(self, visit: Visit) -> None:
        """Each piece of the picture as it is now, and whenever it changes."""
        known: dict[tuple[str | int, ...], Any] = {}
        changed = self.visits.world.changed
        while True:
            seen = changed.count
            for name, piece in list(visit.picture()):
                if known.get(name) != piece:
                    known[name] = piece
                    await self._say(piece)
            await changed.until(lambda: changed.count != seen, 3600)  # noqa: B023  # awaited at once

    async def _say(self, piece: dict[str, Any]) -> None:
        try:
            await self.write_message(piece)
        except WebSocketClosedError:
            return  # `on_close` follows
