"""The HTTP face: paths, tokens, form decoding, planned failures, the journal of calls."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.emulator.api import ApiError, Request, decode
from bot.emulator.faults import NO_FAULT, Call, Fault, FloodLimits
from bot.emulator.methods import METHODS
from bot.emulator.world import World

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,60}")
_MAX_UPLOAD = 64 * 1024 * 1024
_CHUNK = 16 * 1024


@dataclass
class Server:
    world: World
    token: str
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    flood: FloodLimits = field(default_factory=FloodLimits)
    local_files: str | None = None
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=_MAX_UPLOAD)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        # A poll of a killed bot must end with its connection, or it would swallow the next updates.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = site.name if port else f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.world.updates.close()
        if self._runner:
            await self._runner.cleanup()

    async def _method(self, http: web.Request) -> web.StreamResponse:
        refused = self._refuse_token(http)
        if refused:
            return refused
        params, files = await _body(http)
        name = http.match_info["method"]
        call = Call(name, params, {key: data for key, (_, data) in files.items()}, time.monotonic())
        fault = self._record(call)
        await asyncio.sleep(fault.delay)
        if fault.reset:
            return _broken(http)
        try:
            self._refuse(call, fault)
            call.params.update(decode(params))
            answer = METHODS.get(name.lower())
            if not answer:
                raise ApiError(404, "Not Found")
            call.result = await answer(Request(self.world, call.params, files, self.local_files))
        except ApiError as error:
            call.status, call.error = error.status, error.description
            self.world.changed.notify()
            return _error(error)
        if fault.lost:
            self.world.changed.notify()
            return _broken(http)
        call.status = 200
        self.world.changed.notify()
        return web.json_response({"ok": True, "result": call.result})

    async def _file(self, http: web.Request) -> web.StreamResponse:
        refused = self._refuse_token(http)
        if refused:
            return refused
        path = http.match_info["path"]
        call = Call("file", {"path": path}, {}, time.monotonic())
        fault = self._record(call)
        await asyncio.sleep(fault.delay)
        file = next((file for file in self.world.files.values() if file.name == path), None)
        try:
            self._refuse(call, fault)
            if not file:
                raise ApiError(404, "Not Found")
        except ApiError as error:
            call.status, call.error = error.status, error.description
            self.world.changed.notify()
            return _error(error)
        if fault.reset:
            return _broken(http)
        return await self._download(http, call, file.data, fault)

    async def _download(self, http: web.Request, call: Call, data: bytes, fault: Fault) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = len(data)
        await response.prepare(http)
        end = len(data) if fault.cut is None else int(len(data) * fault.cut)
        for start in range(0, end, _CHUNK):
            chunk = data[start : min(start + _CHUNK, end)]
            await response.write(chunk)
            if fault.bytes_per_second:
                await asyncio.sleep(len(chunk) / fault.bytes_per_second)
        if fault.cut is not None:
            self.world.changed.notify()
            return _broken(http)
        await response.write_eof()
        call.status = 200
        self.world.changed.notify()
        return response

    def _record(self, call: Call) -> Fault:
        call.params = _decoded_or_raw(call.params)
        self.calls.append(call)
        self.world.changed.notify()
        fault = next((fault for fault in self.faults if fault.strikes(call)), NO_FAULT)
        if fault is not NO_FAULT:
            fault.hits += 1
        return fault

    def _refuse(self, call: Call, fault: Fault) -> None:
        """Raise the planned failure, or the one that the flood limits ask for."""
        if fault.retry_after is not None or fault.status == 429:
            raise _flood(fault.retry_after or 1)
        if fault.status:
            raise ApiError(
                fault.status, fault.description or _REASONS.get(fault.status, "Internal Server Error")
            )
        if wait := self.flood.check(call):
            raise _flood(wait)

    def _refuse_token(self, http: web.Request) -> web.StreamResponse | None:
        token = http.match_info["token"]
        if token == self.token:
            return None
        return _error(
            ApiError(401, "Unauthorized") if _TOKEN.fullmatch(token) else ApiError(404, "Not Found")
        )


_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


async def _body(http: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    params: dict[str, Any] = dict(http.query)
    files: dict[str, tuple[str, bytes]] = {}
    if http.content_type == "application/json":
        return params | await http.json(), files
    for name, value in (await http.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        else:
            params[name] = str(value)
    return params, files


def _decoded_or_raw(params: dict[str, Any]) -> dict[str, Any]:
    try:
        return decode(params)
    except ApiError:
        return dict(params)


def _flood(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def _error(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.status)


def _broken(http: web.Request) -> web.Response:
    """Cut the line; the response is never written."""
    if http.transport:
        http.transport.abort()
    return web.Response()
