"""The `forewarn` command. Each subcommand is imported when it is called: `analyze` needs no Telegram."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bot.logs import set_up_logs
from bot.memory import bound_heaps
from bot.secrecy import keep_secrets
from bot.settings import ConfigurationError, Settings, load_settings

if TYPE_CHECKING:
    from bot.app import Role

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = _parser().parse_args(argv)
    bound_heaps()
    try:
        settings = load_settings()
        token = settings.bot_token() if arguments.command != "analyze" else None
        set_up_logs(settings.log_level, settings.log_format, token)
        keep_secrets()
        match arguments.command:
            case "analyze":
                return _analyze(arguments, settings)
            case "doctor":
                from bot import doctor

                return asyncio.run(doctor.run(settings))
            case "backup":
                from bot import backup

                return backup.run(settings, arguments.folder)
            case "downgrade":
                from bot import downgrade

                return asyncio.run(downgrade.run(settings, arguments.revision))
            case "export":
                from bot import export

                return asyncio.run(export.run(settings))
            case "web":
                return _web(arguments, settings)
            case "chat":
                return _chat(arguments, settings)
            case "worker":
                return _run(settings, token, "worker")
            case _:
                return _run(settings, token, arguments.role)
    except ConfigurationError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _run(settings: Settings, token: str | None, role: Role) -> int:
    from bot import app, demo
    from bot.traces import traces_sent

    if not token and role != "all":
        return _fail("no token: set FOREWARN_TOKEN to that of the bot whose notes are answered here")
    try:
        with app.start_errors(), traces_sent(settings.traces_url):
            asyncio.run(app.run(settings, token, role) if token else demo.run(settings))
    except app.StartError as error:
        return _fail(str(error))
    # The models cannot be interrupted, and the note that they are at is taken up at the next start.
    sys.stdout.flush()
    os._exit(0)


def _chat(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import app, demo

    try:
        with app.start_errors():
            asyncio.run(demo.chat(settings, arguments.host, arguments.port))
    except (app.StartError, OSError) as error:
        return _fail(str(error))
    sys.stdout.flush()
    os._exit(0)  # as above


def _web(arguments: argparse.Namespace, settings: Settings) -> int:
    from models.analyzer import AudioToolMissing, EngineUnavailable

    try:
        from bot.web import server
    except ModuleNotFoundError as error:
        return _fail(f"the page needs `{error.name}`: pip install 'forewarn[web]'")
    try:
        asyncio.run(server.run(settings, arguments.host, arguments.port))
    except (AudioToolMissing, EngineUnavailable, OSError) as error:
        return _fail(str(error))
    return 0


def _analyze(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import analyze
    from bot.listener import analyzer_options

    if arguments.engine:
        settings = settings.model_copy(update={"engine": arguments.engine})
    question = analyze.Question(
        files=arguments.files,
        text=arguments.text,
        texts=arguments.texts,
        language=None if arguments.language == "auto" else arguments.language,
        as_json=arguments.json,
    )
    return analyze.run(question, analyzer_options(settings))


def _fail(message: str) -> int:
    print(f"forewarn: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="forewarn", description="Know the tone of a voice message before you press play."
    )
    parser.add_argument("--version", action="version", version=version("forewarn"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="run the bot; without a token, show how to get one and what it does"
    )
    run.add_argument(
        "--role",
        choices=["all", "intake"],
        default="all",
        help="intake: leave the notes to workers (PostgreSQL)",
    )
    commands.add_parser(
        "worker", help="answer notes that an intake takes, on this machine or another (PostgreSQL)"
    )
    commands.add_parser("doctor", help="check this machine, the models and the token")
    backup = commands.add_parser("backup", help="copy the databases while the bot goes on (SQLite)")
    backup.add_argument("folder", type=Path, metavar="FOLDER")
    downgrade = commands.add_parser("downgrade", help="make the database one of an older version")
    downgrade.add_argument("revision", metavar="REVISION", help="which one, as the older version says it")
    commands.add_parser("export", help="print the corrections that people gave for training, as JSON lines")
    web = commands.add_parser("web", help="a page to try notes on in a browser, and an API")
    web.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    web.add_argument("--port", type=int, default=8080, help="(%(default)s)")
    chat = commands.add_parser("chat", help="try all of the bot in a browser, without a token")
    chat.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    chat.add_argument("--port", type=int, default=8081, help="(%(default)s)")
    analyze = commands.add_parser("analyze", help="judge files or texts on this machine, without Telegram")
    analyze.add_argument("files", nargs="*", type=Path, metavar="FILE", help="audio or video with sound")
    analyze.add_argument("--text", help="judge this text")
    analyze.add_argument("--texts", type=Path, metavar="FILE", help="judge each line of a file")
    analyze.add_argument("--language", choices=["auto", "en", "ru"], default="auto")
    analyze.add_argument("--engine", choices=["auto", "wav2vec2", "whisper"], help="what writes speech down")
    analyze.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser
