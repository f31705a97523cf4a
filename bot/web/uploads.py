"""Notes on their way in. They wait for the models in memory: Gradio's own way in is a folder on a disk.

A name is given for every upload, and whoever has it can use it once. What nobody comes for is dropped.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from models.verdict import Seconds

__all__ = ["Refused", "Uploads"]

KEPT: Seconds = 60.0
"""How long an upload may wait to be asked about."""
MOST = 16
"""Uploads of one client that may be held at the same time, whole or on their way."""
ROOM = 16
"""Uploads of the greatest size that all clients together may have here."""
FORM = 64 * 1024
"""Bytes that a form may add to the file in it."""


class Refused(Exception):
    """An upload that is not taken. `status` is HTTP's; the message is a line for programs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class _Upload:
    client: str
    size: int = 0
    """Bytes that are here."""
    data: bytes | None = None
    """None until it is whole."""


class Uploads:
    """Holds what was sent until it is asked for. `largest`: bytes that one file may have."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._held: dict[str, _Upload] = {}

    async def receive(self, request: Request, client: str) -> str:
        """Read a form with one file in it; returns the name to ask for it by.

        Raises:
            Refused: it is too big, no such form, or there is no room for it now.
        """
        if sum(upload.client == client for upload in self._held.values()) >= MOST:
            raise _no_room()
        # It has its place before its first byte: all that come at once are counted.
        name, upload = secrets.token_urlsafe(), _Upload(client)
        self._held[name] = upload
        try:
            upload.data = await self._read(request, upload)
        except BaseException:
            del self._held[name]
            raise
        upload.size = len(upload.data)
        asyncio.get_running_loop().call_later(KEPT, self._held.pop, name, None)
        return name

    def take(self, name: str) -> bytes | None:
        """What was uploaded, once; None if there is no such upload (any more)."""
        upload = self._held.pop(name, None)
        return upload.data if upload else None

    async def _read(self, request: Request, upload: _Upload) -> bytes:
        parser = MultiPartParser(request.headers, self._bounded(request.stream(), upload), max_files=1)
        parser.spool_max_size = self._largest + FORM  # above it, a file would go on on a disk
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError):
            raise Refused(400, "this is no form with a file") from None
        file = form.get("files")
        if not isinstance(file, UploadFile):
            raise Refused(400, "the form has no file named `files`")
        data = await file.read()
        if len(data) > self._largest:
            raise self._too_big()
        return data

    async def _bounded(self, stream: AsyncIterator[bytes], upload: _Upload) -> AsyncGenerator[bytes, None]:
        # Room is taken by what has come, not by what may: whoever sends slowly keeps nobody out.
        async for chunk in stream:
            upload.size += len(chunk)
            if upload.size > self._largest + FORM:
                raise self._too_big()
            if sum(held.size for held in self._held.values()) > ROOM * (self._largest + FORM):
                raise _no_room()
            yield chunk

    def _too_big(self) -> Refused:
        return Refused(413, f"the file is over {self._largest // 2**20} MB")


def _no_room() -> Refused:
    return Refused(503, "too many uploads are waiting; try again in a minute")
