"""The HTTP face of the Bot API: paths, tokens, form decoding, downloads.

Tornado serves it, which python-telegram-bot brings for webhooks: trying the bot needs no package that running
it does not need.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from bot.emulator.api import ApiError, Files, Request, decode
from bot.emulator.methods import METHODS
from bot.emulator.world import World

__all__ = ["Broken", "Download", "Server"]

Json = dict[str, Any]
T = TypeVar("T")

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,60}")
_MAX_UPLOAD = 64 * 1024 * 1024
_CHUNK = 16 * 1024


class Broken(Exception):
    """The line is cut: whoever asked gets no answer, or half of one."""


@dataclass(frozen=True)
class Download:
    size: int  # bytes, as announced
    chunks: AsyncIterator[bytes]


class Server:
    """Methods at `url/bot<token>/<method>`, files at `url/file/bot<token>/<path>`, for this machine alone."""

    url = ""

    def __init__(self, world: World, token: str, *, local_files: str | None = None) -> None:
        """`local_files`: a folder; the server then acts as a local one (no size cap, absolute paths)."""
        self.world = world
        self.token = token
        self._local_files = local_files
        self._http: HTTPServer | None = None

    async def start(self, port: int = 0) -> None:
        """Listen there; 0: on a free port."""
        itself = {"server": self}
        pages = [(r"/bot([^/]+)/([^/]+)", _Method, itself), (r"/file/bot([^/]+)/(.+)", _File, itself)]
        self._http = HTTPServer(Application(pages, log_function=lambda _: None), max_buffer_size=_MAX_UPLOAD)
        sockets = bind_sockets(port, "127.0.0.1")
        self._http.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await self.world.updates.close()
        if self._http:
            self._http.stop()
            await self._http.close_all_connections()

    async def answer(self, method: str, params: Json, files: Files) -> Any:
        """Do what a method asks and return its result.

        Raises:
            ApiError: an answer that is not ok.
            Broken: no answer.
        """
        answer = METHODS.get(method.lower())
        if not answer:
            raise ApiError(404, "Not Found")
        return await answer(Request(self.world, decode(params), files, self._local_files))

    async def file(self, path: str) -> Download:
        """The file that the server keeps under this path. Raises as `answer`."""
        file = next((file for file in self.world.files.values() if file.name == path), None)
        if not file:
            raise ApiError(404, "Not Found")
        return Download(len(file.data), _chunks(file.data))


class _Door(RequestHandler):
    _work: asyncio.Future[Any] | None = None

    def initialize(self, server: Server) -> None:
        self.server = server

    def on_connection_close(self) -> None:
        """A poll of a killed bot must end with its connection, or it would swallow the next updates."""
        if self._work:
            self._work.cancel()

    def refuse_token(self, token: str) -> None:
        if token != self.server.token:
            raise ApiError(401, "Unauthorized") if _TOKEN.fullmatch(token) else ApiError(404, "Not Found")

    async def outcome(self, work: Awaitable[T]) -> T:
        """What comes of it. Raises `Broken` if nobody waits for it any more."""
        self._work = asyncio.ensure_future(work)
        await asyncio.wait([self._work])
        if self._work.cancelled():
            raise Broken
        return self._work.result()  # type: ignore[no-any-return]

    def say(self, body: Json, status: int = 200) -> None:
        self.set_status(status)
        self.finish(body)

    def say_error(self, error: ApiError) -> None:
        body: Json = {"ok": False, "error_code": error.status, "description": error.description}
        self.say(body | ({"parameters": error.parameters} if error.parameters else {}), error.status)

    def cut(self) -> None:
        stream = self.detach()
        if not stream.closed():
            reset = struct.pack("ii", 1, 0)
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            stream.close()


class _Method(_Door):
    async def post(self, token: str, method: str) -> None:
        try:
            self.refuse_token(token)
            result = await self.outcome(self.server.answer(method, *_body(self.request)))
        except ApiError as error:
            self.say_error(error)
        except Broken:
            self.cut()
        else:
            self.say({"ok": True, "result": result})

    get = post


class _File(_Door):
    async def get(self, token: str, path: str) -> None:
        try:
            self.refuse_token(token)
            download = await self.outcome(self.server.file(path))
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Length", str(download.size))
            async for chunk in download.chunks:
                self.write(chunk)
                await self.flush()
        except ApiError as error:
            self.say_error(error)
        except Broken:
            self.cut()


def _body(request: HTTPServerRequest) -> tuple[Json, Files]:
    params: Json = {name: values[-1].decode() for name, values in request.arguments.items()}
    if request.headers.get("Content-Type", "").startswith("application/json"):
        return params | json.loads(request.body), {}
    files = {name: (sent[-1].filename, sent[-1].body) for name, sent in request.files.items()}
    return params, files


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]
