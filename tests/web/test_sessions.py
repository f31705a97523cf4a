"""What is left of a visitor in the server's memory: nothing, however they leave. Its models are a parrot."""

from __future__ import annotations

import asyncio
import gc
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx
import pytest
import uvicorn

from bot.settings import Settings
from bot.web import page, uploads
from bot.web.server import application
from models.verdict import JudgedWord
from tests.bot.test_warnings import ANGRY

pytestmark = pytest.mark.slow

SOON = 6.0
"""Seconds that what nobody comes for is kept, in these tests."""


class Parrot:
    """Hears in a note what its bytes spell; one that ends with three dots has no end."""

    given_up = False

    async def listen(self, data, heard):
        said = data.decode()
        try:
            for tenth in range(9999 if said.endswith("...") else 2):
                heard(float(tenth), 10_000.0)
                await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return replace(ANGRY, transcript=said, words=(JudgedWord(said, 0.0, 2.0, 0.0),))


@pytest.fixture
def parrot():
    return Parrot()


@pytest.fixture
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def url(parrot, runner, monkeypatch):
    monkeypatch.setattr(page, "UNREAD", SOON)
    monkeypatch.setattr(uploads, "KEPT", SOON)
    app = application(parrot, Settings(_env_file=None))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=runner.run, args=[server.serve()])
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/gradio_api"
    server.should_exit = True
    thread.join()


@contextmanager
def stopped(runner):
    """The server does nothing meanwhile: nothing there ends, and nothing is dropped."""
    stops, goes_on = threading.Event(), threading.Event()

    def stop():
        stops.set()
        goes_on.wait()

    runner.get_loop().call_soon_threadsafe(stop)
    stops.wait()
    try:
        yield
    finally:
        goes_on.set()


def held(mark):
    """All strings in this process, but `mark` itself, that `mark` is in."""
    gc.collect()
    found = {id(part): part for thing in gc.get_objects() for part in gc.get_referents(thing)}
    texts = (
        part for part in found.values() if isinstance(part, (str, bytes, bytearray)) and part is not mark
    )
    return [text for text in texts if (mark if isinstance(text, str) else mark.encode()) in text]


def upload(http, said):
    return http.post("/upload", files={"files": ("note", said.encode())}).json()[0]


def ask(http, session, name):
    """As the page asks about a note: its own question, which is the first one."""
    body = {"data": [name], "fn_index": 0, "session_hash": session}
    assert http.post("/queue/join", json=body).is_success


def told(http, session, until):
    """Read what a session is told until it is told `until`, and leave."""
    with http.stream("GET", "/queue/data", params={"session_hash": session}) as events:
        return any(until in line for line in events.iter_lines())


def overheard(http, session):
    """What whoever knows the name of a session is told by now: that there is none, or nothing at all."""
    with (
        suppress(httpx.ReadTimeout),
        http.stream("GET", "/queue/data", params={"session_hash": session}) as events,
    ):
        return next(events.iter_lines())


def read_to_the_end(http, session, mark):
    ask(http, session, upload(http, mark))
    assert told(http, session, "process_completed")


def leave_in_the_middle(http, session, mark):
    ask(http, session, upload(http, f"{mark}..."))
    assert told(http, session, "process_generating")
    # As a browser does when its page is closed.
    with http.stream("GET", f"/heartbeat/{session}") as beats:
        next(beats.iter_lines())


def never_come_for_it(http, session, mark):
    ask(http, session, upload(http, mark))


def never_ask(http, session, mark):
    upload(http, mark)


@pytest.mark.parametrize(
    "leave",
    [read_to_the_end, leave_in_the_middle, never_come_for_it, never_ask],
    ids=lambda leave: leave.__name__.replace("_", " "),
)
def test_nothing_of_a_visit_is_kept_and_nobody_else_is_told(url, runner, parrot, leave):
    session, mark = secrets.token_hex(8), secrets.token_hex(16)
    with httpx.Client(base_url=url, timeout=10) as http:
        leave(http, session, mark)
    if leave in (never_come_for_it, never_ask):
        with stopped(runner):
            assert held(mark)  # or this test could not fail
    until = time.monotonic() + 20 * SOON
    while held(mark):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert parrot.given_up == (leave is leave_in_the_middle)
    # The words are gone first; that there was a visit at all may be told for as long as an answer waits.
    with httpx.Client(base_url=url, timeout=0.5) as another:
        while (line := overheard(another, session)) and "session_not_found" not in line:
            assert time.monotonic() < until
            time.sleep(0.2)
