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
"""Uploads of one client that may wait at the same time."""
ROOM = 16
"""Uploads of the greatest size that all clients together may let wait."""
FORM = 64 * 1024
"""Bytes that a form may add to the file in it."""


class Refused(Exception):
    """An upload that is not taken. `status` is HTTP's; the message is a line for programs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Upload:
    client: str
    data: bytes


class Uploads:
    """Holds what was sent until it is asked for. `largest`: bytes that one file may have."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._waiting: dict[str, _Upload] = {}

    async def receive(self, request: Request, client: str) -> str:
        """Read a form with one file in it; returns the name to ask for it by.

        Raises:
            Refused: it is too big, no such form, or there is no room for it now.
        """
        own = sum(upload.client == client for upload in self._waiting.values())
        taken = sum(len(upload.data) for upload in self._waiting.values())
        if own >= MOST or taken >= ROOM * self._largest:
            raise Refused(503, "too many uploads are waiting; try again in a minute")
        parser = MultiPartParser(request.headers, self._bounded(request.stream()), max_files=1)
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
        name = secrets.token_urlsafe()
        self._waiting[name] = _Upload(client, data)
        asyncio.get_running_loop().call_later(KEPT, self._waiting.pop, name, None)
        return name

    def take(self, name: str) -> bytes | None:
        """What was uploaded, once; None if there is no such upload (any more)."""
        upload = self._waiting.pop(name, None)
        return upload.data if upload else None

    async def _bounded(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in stream:
            size += len(chunk)
            if size > self._largest + FORM:
                raise self._too_big()
            yield chunk

    def _too_big(self) -> Refused:
        return Refused(413, f"the file is over {self._largest // 2**20} MB")
