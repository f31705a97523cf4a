"""`forewarn web`: one ASGI application that holds the pages, and the server that runs it.

Gradio is made to keep nothing and to serve nothing but its pages and questions. By itself it copies files
into a folder, remembers what each visitor was shown, and fetches other hosts' files for strangers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

import gradio
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.chat.samples import SAMPLES
from bot.languages import SPOKEN
from bot.listener import Progress, analyzer_options
from bot.settings import Settings
from bot.web.page import ASSETS, PICTURES, Desk, page
from bot.web.uploads import Refused
from models.analyzer import Analyzer, find_ffmpeg

__all__ = ["application", "run"]

OPEN = ("call/", "cancel", "heartbeat/", "info", "queue/", "reset", "run/", "startup-events", "theme.css")
"""All of Gradio's own endpoints that are served. Others serve files, fetch from other hosts, or write what a
page shows to a disk."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; frame-ancestors 'self'"
)
"""No script, picture, font or request of another host, whatever Gradio's pages ask for."""


async def run(settings: Settings, host: str, port: int) -> None:
    """Serve until the process is told to stop.

    Raises:
        EngineUnavailable, AudioToolMissing: nothing can be listened to here.
    """
    await find_ffmpeg()
    async with await Analyzer.open(analyzer_options(settings), Progress()) as analyzer:
        await analyzer.warm_up()
        app = application(analyzer, settings)
        print(f"forewarn: http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        await uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning")).serve()


def application(analyzer: Analyzer, settings: Settings) -> FastAPI:
    """All that is served. What is mounted first is asked first, and Gradio takes every path that is left."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(_Front)
    app.mount("/samples", StaticFiles(directory=SAMPLES))
    if PICTURES.is_dir():
        app.mount("/pictures", StaticFiles(directory=PICTURES))
    desk = Desk(analyzer, settings)
    for language in sorted(SPOKEN, key="en".__eq__):  # the English page is the root, and takes what is left
        path = _path(language)
        app.add_api_route(f"{path}gradio_api/upload", _receiver(desk), methods=["POST"])
        _mount(app, desk, language, path)
    return app


def _path(language: str) -> str:
    return "/" if language == "en" else f"/{language}/"


def _mount(app: FastAPI, desk: Desk, language: str, path: str) -> None:
    gradio.mount_gradio_app(
        app,
        page(desk, language),
        path=path.rstrip("/") or "/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        theme=gradio.themes.Base(
            primary_hue="indigo",
            radius_size="lg",
            font=["system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        css_paths=[ASSETS / "page.css"],
        head=f"<script>document.documentElement.lang = {language!r}</script>",
    )
    mounts = (route for route in app.routes if isinstance(route, Mount))
    mount = next(mount for mount in mounts if mount.path == path.rstrip("/"))
    mounted = cast(App, mount.app)
    mounted.state_holder = _NothingKept()  # type: ignore[no-untyped-call]
    mounted.state_holder.set_blocks(mounted.get_blocks())
    mount.app = _Closed(mounted)


class _NothingKept(StateHolder):
    """Gradio keeps the last answers of each of ten thousand visitors in memory. Nothing here needs that."""

    def __getitem__(self, session_id: str) -> SessionState:
        return SessionState(self.blocks)


def _receiver(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        try:
            name = await desk.uploads.receive(request, request.client.host if request.client else "")
        except Refused as refused:
            return PlainTextResponse(str(refused), refused.status)
        return JSONResponse([name])

    return receive


class _Closed:
    """Gradio behind a door: its pages can be read, and the OPEN endpoints asked."""

    def __init__(self, gradios: ASGIApp) -> None:
        self._gradios = gradios

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, inner, endpoint = scope["path"].partition("/gradio_api/")
        if scope["type"] == "http" and not (
            endpoint.startswith(OPEN) if inner else scope["method"] in ("GET", "HEAD")
        ):
            await PlainTextResponse("not served here", 404)(scope, receive, send)
        else:
            await self._gradios(scope, receive, send)


class _Front:
    """What every request meets first: the visitor's language, and the policy on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        app = self._app
        if scope["type"] == "http" and scope["path"] == "/" and (language := _wanted(scope)) != "en":
            app = RedirectResponse(_path(language), 307, {"Vary": "Accept-Language"})
        await app(scope, receive, guarded)


def _wanted(scope: Scope) -> str:
    """The page's language: what its link says, else the first that the browser asks for and is spoken."""
    asked = Request(scope).query_params.get("language") or Headers(scope=scope).get("accept-language", "")
    codes = (part.strip()[:2].lower() for part in asked.split(","))
    return next((code for code in codes if code in SPOKEN), "en")
