"""One process of the bot, built from its parts. Nothing else knows all of them.

It may do everything, or be one of many on one PostgreSQL: an intake takes updates, makes jobs of notes and
answers all else; a worker answers the notes. Both have an ear: words that are asked for at the intake
(`/tone`, "Show the words") may not pass through a database.

Read `_conversations` for what the bot answers to, and `run` for the order in which a process comes up:
whatever can be wrong with its surroundings is found before Telegram is asked for the first update.
"""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import structlog
from telegram import Update
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import Application, BaseHandler, ContextTypes, Updater
from telegram.request import HTTPXRequest

from bot.accounts import Accounts
from bot.answer import Answerer
from bot.checks import Checks
from bot.courier import Courier, MessageRateLimiter, Unreachable
from bot.digests import DIGEST_GROWS
from bot.expiry import Expiry
from bot.fleet import Fleet
from bot.given import open_safe
from bot.handlers import (
    business,
    cancel,
    check,
    doctor,
    excuse,
    fallback,
    feedback,
    groups,
    guest,
    inline,
    operator,
    privacy,
    reveal,
    settings_menu,
    start,
    stats,
    tone,
)
from bot.handlers.replies import answer_press
from bot.health import Polls, Window
from bot.hearing import Ear
from bot.intake import Intake
from bot.jobs import Jobs
from bot.limits import Door, Meter
from bot.listener import Progress, analyzer_options
from bot.logs import where
from bot.memory import keep_for_good
from bot.profile import publish_commands, publish_descriptions
from bot.settings import ConfigurationError, Settings, Webhook
from bot.store import Store, StoreError
from bot.waiting import Waiting
from bot.warnings import read_texts
from models.analyzer import LONGEST_NOTE, Analyzer, AudioToolMissing, EngineUnavailable, find_ffmpeg

__all__ = ["Role", "StartError", "run", "start_errors"]

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = [
    Update.MESSAGE,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
    Update.BUSINESS_CONNECTION,
    Update.BUSINESS_MESSAGE,
    Update.GUEST_MESSAGE,
    Update.INLINE_QUERY,
]
"""Always named: left out, Telegram keeps to what an earlier version asked for."""
UPDATES_AT_ONCE = 64
POLL_SECONDS = 30
START_TRIES = 3
STOP_SECONDS = 4.0
"""For answers to commands that are under way."""
HANDLER = ":process_concurrent_update"
"""How the library's names of tasks end that handle an update."""
UPKEEP_SECONDS = 600
DAYS_OF_JOBS = 3
"""Days that ended jobs are kept: longer than Telegram may send an update again (24 hours)."""

App = Application[Any, Any, Any, Any, Any, Any]
Role = Literal["all", "intake", "worker"]


class StartError(Exception):
    """The bot cannot start. The message is one line that says what to do."""


async def run(settings: Settings, token: str, role: Role = "all") -> None:
    """Serve until the process is told to stop.

    Raises:
        StartError: something around the bot is not as it must be.
    """
    polls = Polls(connection_pool_size=2, read_timeout=POLL_SECONDS + 10)
    window = Window(polls)
    if role != "all" and settings.database_url is None:
        raise StartError("Several processes need a PostgreSQL that they share: set FOREWARN_DATABASE_URL.")
    with _data_folder(settings), start_errors():
        webhook = settings.webhook()
        read_texts()
        await find_ffmpeg()
        async with (
            window.open(settings.metrics_listen),
            _store(settings) as store,
            _application(settings, token, polls, store) as (app, intake),
            await Analyzer.open(analyzer_options(settings), Progress()) as analyzer,
        ):
            fresh_seconds = settings.fresh_hours * 3600
            fleet = Fleet(store, works=role != "intake")
            courier = Courier(app.bot, patience=fresh_seconds, pace=store.pace)
            door = Door(settings)
            accounts = Accounts(courier, store, door)
            expiry = Expiry(courier, store, fleet)
            ear = Ear(analyzer, courier, store, settings.max_file_mb * 2**20)
            waiting = Waiting(ear, courier, store, fleet)
            meter = Meter(store, settings.limits, door)
            answerer = Answerer(
                ear,
                courier,
                store,
                accounts,
                expiry,
                waiting,
                meter,
                fleet,
                fresh_seconds=fresh_seconds,
                limits={"minutes": LONGEST_NOTE // 60, "megabytes": settings.max_file_mb},
            )
            jobs = Jobs(settings.jobs_url(), answerer, fleet.id, works=role != "intake")
            checks = Checks(store)
            app.add_handlers(
                _conversations(
                    store, jobs, accounts, ear, expiry, waiting, meter, checks, door, analyzer, settings
                )
            )
            app.add_handler(operator.gate(door, store), group=-1)
            app.add_error_handler(_log_error)
            async with fleet.signed_in(), _at_work(jobs), AsyncExitStack() as door_open:
                if role != "worker":
                    handle = None if webhook is None else app.process_update
                    intake.open(jobs, store, checks, door, fleet, app.bot.username, handle)
                    await door_open.enter_async_context(_receiving(app, webhook))
                log.info(
                    "ready", bot=app.bot.username, engine=analyzer.describe(), role=role, member=fleet.id
                )
                with window.showing(store, jobs, ear, analyzer):
                    await _until_stopped(
                        _upkeep(app, analyzer, store, jobs, fleet, settings, role),
                        expiry.sweep_forever(),
                        waiting.tell_forever(jobs.line),
                        waiting.share_forever(),
                        fleet.beat_forever(),
                        fleet.mend_forever(jobs.mend),
                    )
            log.info("stopped")


def _conversations(
    store: Store,
    jobs: Jobs,
    accounts: Accounts,
    ear: Ear,
    expiry: Expiry,
    waiting: Waiting,
    meter: Meter,
    checks: Checks,
    door: Door,
    analyzer: Analyzer,
    settings: Settings,
) -> list[BaseHandler[Update, Any, Any]]:
    """All that the bot answers to, in the order in which it is tried. Voice notes are taken at the intake."""
    return [
        *check.handlers(store, checks),
        *operator.handlers(store, jobs, analyzer, door, settings),
        *doctor.handlers(store, jobs, waiting, analyzer),
        *stats.handlers(store),
        *start.handlers(store),
        *tone.handlers(store, analyzer, expiry),
        *settings_menu.handlers(store),
        *cancel.handlers(store, waiting),
        *excuse.handlers(store),
        *feedback.handlers(store, ear, meter, open_safe(settings)),
        *reveal.handlers(store, ear, meter, jobs, expiry),
        *privacy.handlers(store, jobs, settings.keep_days, _days_of_jobs(settings)),
        *groups.handlers(store),
        *guest.handlers(store, jobs, analyzer),
        *inline.handlers(),
        *business.handlers(accounts, store, jobs),
        *fallback.handlers(store),
    ]


@contextmanager
def start_errors() -> Iterator[None]:
    """What can be wrong with the surroundings, in one line each."""
    try:
        yield
    except (StoreError, ConfigurationError, EngineUnavailable, AudioToolMissing) as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"{error.filename or 'The data folder'}: {error.strerror or error}.") from None
    except InvalidToken:
        raise StartError(
            "Telegram does not know this token. Copy it again from @BotFather (/mybots) into FOREWARN_TOKEN."
        ) from None
    except TelegramError as error:
        raise StartError(
            f"Telegram cannot be reached ({type(error).__name__}). Check the network and FOREWARN_API_URL."
        ) from None


@contextmanager
def _data_folder(settings: Settings) -> Iterator[None]:
    """The data folder, made if need be and, where the databases are in it, held by this process alone.

    Two processes on one SQLite queue would both take up what the other has in work.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "forewarn.lock").open("w")
    except OSError as error:
        raise StartError(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    with lock:
        if settings.database_url is not None:
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"Another forewarn is using the data folder {folder}. Stop it, or set FOREWARN_DATA_DIR."
            ) from None
        yield


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[Store]:
    store = await Store.open(settings.store_url())
    try:
        if not store.is_shared:
            await store.keep_in_mind()
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _application(
    settings: Settings, token: str, polls: Polls, store: Store
) -> AsyncIterator[tuple[App, Intake]]:
    """Telegram's side, connected: the token is known to be right when this returns."""
    intake = Intake()
    app: App = (
        Application.builder()
        .token(token)
        .base_url(f"{settings.api_url.rstrip('/')}/bot")
        .base_file_url(f"{settings.api_url.rstrip('/')}/file/bot")
        .request(HTTPXRequest(connection_pool_size=2 * UPDATES_AT_ONCE, read_timeout=30, pool_timeout=30))
        .get_updates_request(polls)
        .rate_limiter(MessageRateLimiter(store.pace))
        .concurrent_updates(UPDATES_AT_ONCE)
        .update_queue(intake)
        .build()
    )
    for attempt in range(1, START_TRIES + 1):
        try:
            await app.initialize()
            break
        except InvalidToken:
            raise
        except TelegramError as error:
            if attempt == START_TRIES:
                raise
            log.warning("telegram not reached", error=type(error).__name__, attempt=attempt)
            await asyncio.sleep(attempt)
    try:
        yield app, intake
    finally:
        await app.shutdown()


@asynccontextmanager
async def _at_work(jobs: Jobs) -> AsyncIterator[None]:
    await jobs.start()
    try:
        yield
    finally:
        await jobs.stop()


@asynccontextmanager
async def _receiving(app: App, webhook: Webhook | None) -> AsyncIterator[None]:
    """Handlers first, then updates; and the other way round at the end."""
    if app.updater is None:
        raise ValueError("the application was built without an updater")
    updater = app.updater
    try:
        await app.start()
        if webhook is None:
            await updater.start_polling(
                timeout=timedelta(seconds=POLL_SECONDS),
                allowed_updates=ALLOWED_UPDATES,
                bootstrap_retries=START_TRIES,
                error_callback=_log_polling_error,
            )
        else:
            await _start_webhook(updater, webhook)
        yield
    finally:
        if updater.running:
            await updater.stop()
        if app.running:
            try:
                await asyncio.wait_for(app.stop(), STOP_SECONDS)
            except TimeoutError:
                # Many in one group, say, which may be told something only every three seconds.
                handlers = [task for task in asyncio.all_tasks() if task.get_name().endswith(HANDLER)]
                log.warning("updates dropped", count=len(handlers))
                for task in handlers:
                    task.cancel()


async def _start_webhook(updater: Updater, webhook: Webhook) -> None:
    """Serve it, and tell Telegram so. Several intakes may: they all name the same address."""
    try:
        await updater.start_webhook(
            webhook.host,
            webhook.port,
            webhook.path,
            webhook_url=webhook.url,
            secret_token=webhook.secret,
            allowed_updates=ALLOWED_UPDATES,
            bootstrap_retries=START_TRIES,
        )
    except BadRequest as error:
        raise StartError(f"Telegram does not take FOREWARN_WEBHOOK_URL: {error.message}.") from None
    except OSError as error:
        reason = error.strerror or error
        raise StartError(f"FOREWARN_LISTEN: {webhook.host}:{webhook.port}: {reason}.") from None


async def _until_stopped(*upkeep: Coroutine[Any, Any, None]) -> None:
    """Wait for SIGINT or SIGTERM, with all `upkeep` going on meanwhile; what ends it ends the bot."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(chore) for chore in (stop.wait(), *upkeep)]
    done, going = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in going:
        task.cancel()
    await asyncio.gather(*done)


async def _upkeep(
    app: App, analyzer: Analyzer, store: Store, jobs: Jobs, fleet: Fleet, settings: Settings, role: Role
) -> None:
    """What need not be done before the first update, and what is done every now and then.

    Raises:
        InvalidToken: the token was revoked. python-telegram-bot stops asking for updates then, silently.
    """
    with _logged("warm-up failed"):
        await analyzer.warm_up()
    keep_for_good()
    unpublished: dict[str, Callable[[], Awaitable[None]]] = {}
    if role != "worker":
        unpublished["commands not published"] = partial(publish_commands, app.bot, settings.owners)
        unpublished["descriptions not published"] = partial(publish_descriptions, app.bot)
    while True:
        # Each until it worked once, however long Telegram asks to wait.
        for event, publish in [*unpublished.items()]:
            with _logged(event):
                await publish()
                del unpublished[event]
        with _logged("old data not deleted"):
            if fleet.leads:
                await _forget_old(store, jobs, settings)
        await asyncio.sleep(UPKEEP_SECONDS)
        with _logged("telegram not reached"):
            await app.bot.get_me()


async def _forget_old(store: Store, jobs: Jobs, settings: Settings) -> None:
    await store.forget_verdicts(timedelta(days=settings.keep_days))
    await store.forget_digests(DIGEST_GROWS)
    await jobs.forget_ended(timedelta(days=_days_of_jobs(settings)))
    await store.counts.forget(heat_older_than=timedelta(days=settings.keep_days))
    await store.arrivals.forget_old()


def _days_of_jobs(settings: Settings) -> int:
    return min(DAYS_OF_JOBS, settings.keep_days)


@contextmanager
def _logged(event: str) -> Iterator[None]:
    """A failure that passes, or that the next round mends."""
    try:
        yield
    except InvalidToken:
        raise
    except Exception as error:
        log.warning(event, error=type(error).__name__)


async def _log_error(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """A handler failed. Its update and the error's message may quote people, so neither is logged."""
    update_id = update.update_id if isinstance(update, Update) else None
    error = context.error
    log.error("handler failed", update_id=update_id, error=type(error).__name__, at=where(error))
    if isinstance(update, Update) and update.callback_query is not None:
        with suppress(TelegramError, Unreachable):
            await answer_press(update.callback_query)  # or the button would wait for ever


def _log_polling_error(error: TelegramError) -> None:
    log.warning("updates not received", error=type(error).__name__)
