"""Updates by webhook: nothing is confirmed before it is kept or done, and each is dealt with once."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import AsyncExitStack

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from bot.settings import ConfigurationError, load_settings
from tests.bot.stub_models import STUBBED, note_of
from tests.bot.test_many_machines import HEARD, Machines, answers, people
from tests.postgres import free_port
from tests.telegram import BotProcess

pytestmark = pytest.mark.slow

SECRET = "a-secret_of-the-tests"
HOOK = "/hook"


class _Hand(RequestHandler):
    def initialize(self, proxy):
        self.proxy = proxy

    async def post(self):
        self.set_status(await self.proxy.hand_on(self.request))


class Proxy:
    """What stands before the intakes, under the address that Telegram knows. It hands all to all of them."""

    def __init__(self, *ports):
        self.ports = list(ports)

    async def __aenter__(self):
        self._client = httpx.AsyncClient(timeout=60, trust_env=False)
        sockets = bind_sockets(0, "127.0.0.1")
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{HOOK}"
        self._server = HTTPServer(Application([(HOOK, _Hand, {"proxy": self})], log_function=lambda _: None))
        self._server.add_sockets(sockets)
        return self

    async def __aexit__(self, *_):
        self._server.stop()
        await self._server.close_all_connections()
        await self._client.aclose()

    async def hand_on(self, request):
        """The best that any of them says."""
        return min(await asyncio.gather(*(self._hand_to(port, request) for port in self.ports)))

    async def _hand_to(self, port, request):
        kept = ("Content-Type", "X-Telegram-Bot-Api-Secret-Token")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        try:
            answer = await self._client.post(
                f"http://127.0.0.1:{port}{HOOK}", content=request.body, headers=headers
            )
        except httpx.HTTPError:
            return 502
        return answer.status_code


def hooked(url, port):
    return {
        "FOREWARN_WEBHOOK_URL": url,
        "FOREWARN_WEBHOOK_SECRET": SECRET,
        "FOREWARN_LISTEN": f"127.0.0.1:{port}",
    }


async def test_only_telegram_is_heard_and_what_it_says_is_answered(telegram, tmp_path):
    [(chat, person)] = people(telegram, 1)
    port = free_port()
    url = f"http://127.0.0.1:{port}{HOOK}"
    async with BotProcess(telegram, tmp_path, env=hooked(url, port), command=STUBBED) as bot:
        await bot.wait_ready()
        [told] = telegram.calls_of("setWebhook")
        assert told.params["secret_token"] == SECRET
        assert "message" in told.params["allowed_updates"]
        forged = {"update_id": 1, "message": "whatever"}
        # Telegram is told of the address a moment before anybody listens there.
        patient = httpx.AsyncHTTPTransport(retries=6)
        async with httpx.AsyncClient(trust_env=False, transport=patient) as stranger:
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guessed"}):
                assert (await stranger.post(url, json=forged, headers=headers)).status_code == 403
        await chat.voice(person, note_of("negative")).reply(within=HEARD)
        await chat.says("What I do", after=chat.text(person, "/help"))
        checked = await chat.says("Record", after=chat.text(person, "/check"))
        assert checked
        assert SECRET not in bot.log()


async def test_nothing_is_confirmed_before_it_is_kept_or_done(telegram, tmp_path):
    [(chat, person)] = people(telegram, 1)
    port = free_port()
    env = hooked(f"http://127.0.0.1:{port}{HOOK}", port)
    async with BotProcess(telegram, tmp_path, env=env, command=STUBBED) as bot:
        await bot.wait_ready()
        holder = sqlite3.connect(tmp_path / "jobs.db")
        holder.execute("BEGIN IMMEDIATE")
        note = chat.voice(person, note_of("negative"))
        await asyncio.sleep(3)
        assert telegram.world.updates.pending
        holder.rollback()
        holder.close()
        await note.reply(within=HEARD)
        await telegram.confirmed()
        hold = telegram.fail("sendMessage", delay=20)
        asked = chat.text(person, "/help")
        await telegram.until(lambda: hold.hits, HEARD, "the answer on its way")
        assert telegram.world.updates.pending
        await bot.kill9()
        await bot.start()
        await chat.says("What I do", after=asked, within=HEARD)
        await telegram.confirmed(within=HEARD)


async def test_several_intakes_behind_one_address_do_everything_once(telegram, tmp_path, postgres):
    *chats, (lobby, visitor) = people(telegram, 3)
    ports = [free_port(), free_port()]
    async with Proxy(*ports) as proxy, AsyncExitStack() as running:
        machines = Machines(telegram, tmp_path, postgres.new_database(), running)
        intakes = [
            await machines.start("run", "--role", "intake", **hooked(proxy.url, port)) for port in ports
        ]
        await machines.start("worker")
        notes = [chat.voice(person, note_of("negative")) for chat, person in chats for _ in range(2)]
        asked = lobby.text(visitor, "/help")
        await lobby.says("What I do", after=asked, within=HEARD)
        menu = await lobby.says("Settings", after=lobby.text(visitor, "/settings"))
        await menu.press("Style: ", by=visitor)
        for note in notes:
            await note.reply(within=HEARD)
        await intakes[0].kill9()
        notes.append(chats[0][0].voice(chats[0][1], note_of("positive")))
        await notes[-1].reply(within=HEARD)
        await lobby.says("What I do", after=lobby.text(visitor, "/help"), within=HEARD)
        await lobby.silence(2)
        assert sorted(number for chat, _ in chats for number in answers(chat)) == sorted(
            note.id for note in notes
        )
        assert len(lobby.from_bot) == 3
        assert len(telegram.calls_of("answerCallbackQuery")) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"FOREWARN_WEBHOOK_SECRET": ""}, "FOREWARN_WEBHOOK_SECRET: a webhook needs"),
        ({"FOREWARN_WEBHOOK_SECRET": "short"}, "FOREWARN_WEBHOOK_SECRET: a webhook needs"),
        ({"FOREWARN_WEBHOOK_SECRET": "not only letters!"}, "FOREWARN_WEBHOOK_SECRET: a webhook needs"),
        ({"FOREWARN_WEBHOOK_URL": "bot.example.org"}, "FOREWARN_WEBHOOK_URL must be a whole address"),
        ({"FOREWARN_LISTEN": "8443"}, "FOREWARN_LISTEN: "),
    ],
)
def test_a_webhook_that_cannot_work_is_one_clear_line(monkeypatch, tmp_path, changed, said):
    monkeypatch.chdir(tmp_path)
    for name, value in (hooked("https://bot.example.org/hook", 1) | changed).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{said}"):
        load_settings().webhook()


async def test_roles_need_a_database_that_is_shared(telegram, tmp_path):
    command = (sys.executable, "-m", "tests.bot.stub_models", "worker")
    async with BotProcess(telegram, tmp_path, command=command) as bot:
        with pytest.raises(AssertionError, match="the bot ended with 1"):
            await bot.wait_ready()
        assert "set FOREWARN_DATABASE_URL" in bot.output[-1]
