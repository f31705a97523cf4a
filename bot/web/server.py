"""`forewarn web`: one ASGI application that holds the pages, and the server that runs it.

Gradio is told to be quiet before it is imported: it would report to its makers that it started.
"""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio
import uvicorn
from fastapi import FastAPI

from bot.listener import Progress, analyzer_options
from bot.settings import Settings
from bot.web.page import page
from models.analyzer import Analyzer

__all__ = ["application", "run"]


async def run(settings: Settings, host: str, port: int) -> None:
    """Serve until the process is told to stop.

    Raises:
        EngineUnavailable, AudioToolMissing: nothing can be listened to here.
    """
    async with await Analyzer.open(analyzer_options(settings), Progress()) as analyzer:
        await analyzer.warm_up()
        config = uvicorn.Config(application(analyzer, settings), host=host, port=port, log_level="warning")
        print(f"forewarn: http://{host}:{port}", flush=True)
        await uvicorn.Server(config).serve()


def application(analyzer: Analyzer, settings: Settings) -> FastAPI:
    """All that is served. What is mounted first is asked first, and Gradio takes every path that is left."""
    app = FastAPI(openapi_url=None)
    gradio.mount_gradio_app(app, page(analyzer, settings), path="/")
    return app
