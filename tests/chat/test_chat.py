"""All of the bot on a page, without a token: what a visitor does there, in a real browser."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shutil
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from bot.chat.samples import samples
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import convert, sample
from tests.telegram.process import ROOT

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
HEARD = 60_000
"""Milliseconds to wait for a warning: the first one waits for the models."""
PHONE = {"width": 390, "height": 844}
NOWHERE = "http://127.0.0.1:9"

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


def environment(folder: Path) -> dict[str, str]:
    """No token, a proxy that leads nowhere, and a place for the models."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    return {
        **plain,
        **OFFLINE,
        "FOREWARN_LOG_LEVEL": "WARNING",
        "FOREWARN_DATA_DIR": str(folder),
        "HTTP_PROXY": NOWHERE,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat", "--port", "0"),
        cwd=ROOT,
        env=environment(tmp_path_factory.mktemp("data")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    yield line.decode().removeprefix("forewarn: ").strip()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory):
    """One whose microphone hears an angry note."""
    from playwright.async_api import async_playwright

    folder = tmp_path_factory.mktemp("microphone")
    note = "note.wav"
    convert(sample("negative"), folder, note, "-ar", "48000", "-ac", "1")
    async with async_playwright() as playwright:
        options = [*QUIET, f"--use-file-for-fake-audio-capture={folder / note}%noloop"]
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def opened(url, browser):
    """Open the page in a tab of its own; no request to another host, no error, no breach of the policy."""
    contexts, troubles, hosts = [], [], set()

    async def tab(**options):
        context = await browser.new_context(**{"locale": "en-US", "permissions": ["microphone"], **options})
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(HEARD)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        await page.goto(url)
        await page.wait_for_selector("#chats [role=tab]")
        return page

    yield tab
    for context in contexts:
        await context.close()
    assert hosts - {""} == {urlsplit(url).netloc}
    assert not troubles


async def send_sample(page, number: int) -> None:
    await page.click("#samples-open")
    await page.click(f"#samples li:nth-child({number}) button")


async def warned(page, word: str):
    """The bot's last message, once it says so."""
    message = page.locator("#log .bot", has_text=word).last
    await message.wait_for()
    return message


@in_browser
async def test_a_sample_note_is_answered_and_a_button_opens_what_it_says(opened):
    page = await opened()
    await page.click("#start")
    await warned(page, "before you press play")
    await send_sample(page, 2)
    warning = await warned(page, "sounds negative")
    assert await warning.locator(".quote").inner_text() == "Anna\nVoice message"
    await warning.get_by_role("button", name="excuse").click()
    excuse = await warned(page, "Tap it to copy")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await excuse.locator("code").click()
    await page.locator("#toast.shown", has_text="Copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == await excuse.locator("code").inner_text()


@in_browser
async def test_settings_are_edited_in_place_and_by_keyboard_and_hide_words_under_a_spoiler(opened):
    page = await opened()
    await page.focus("#text")
    await page.keyboard.type("/set")
    await page.locator("#suggestions [role=option]", has_text="/settings").wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await warned(page, "Each button shows")
    menu = page.locator("#log article.bot")
    await menu.get_by_role("button", name="Words: hidden").focus()
    await page.keyboard.press("Enter")
    await menu.get_by_role("button", name="under a spoiler").focus()
    await page.keyboard.press("Enter")
    await menu.get_by_role("button", name="✓").filter(has_text="spoiler").wait_for()
    assert await menu.count() == 1
    await send_sample(page, 3)
    words = (await warned(page, "sounds neutral")).locator(".spoiler").first
    await words.focus()
    assert await words.get_attribute("aria-label")
    await page.keyboard.press("Enter")
    assert "shown" in (await words.get_attribute("class") or "")
    assert "train" in (await words.inner_text()).lower()


@in_browser
async def test_what_is_said_into_the_microphone_is_heard(opened):
    page = await opened()
    await page.click("#record")
    await page.locator("#elapsed", has_text="0:06").wait_for()
    await page.click("#record-send")
    await page.locator("#log .own .voice").wait_for()
    await warned(page, "sounds negative")
    await page.reload()
    await page.locator("#log .own .voice").wait_for()
    assert re.fullmatch(r"0:0\d", await page.locator("#log .own .voice .length").inner_text())


@in_browser
async def test_files_and_words_of_any_kind_are_only_ever_shown(opened, tmp_path):
    page = await opened()
    evil = "<img src=x onerror=alert(1)> <b>bold</b> javascript:alert(1)"
    await page.fill("#text", evil)
    await page.keyboard.press("Enter")
    assert await page.locator("#log .own .text").inner_text() == evil
    mp3 = tmp_path / "note.mp3"
    mp3.write_bytes(convert(sample("positive"), tmp_path, "converted.mp3"))
    await page.set_input_files("#file", mp3)
    await warned(page, "sounds positive")
    huge = tmp_path / "huge.ogg"
    with huge.open("wb") as file:
        file.truncate(30 * 2**20)
    await page.set_input_files("#file", huge)
    await warned(page, "20 MB")


@in_browser
async def test_a_friends_notes_are_forwarded_asked_about_and_with_business_reported(opened):
    page = await opened()
    await page.click("#tab-friend")
    note = page.locator("#log article", has=page.locator(".voice"))
    await note.hover()
    await note.get_by_role("button", name="Reply").click()
    await page.fill("#text", "@forewarn_bot")
    await page.keyboard.press("Enter")
    await warned(page, "negative")
    await note.hover()
    await note.get_by_role("button", name="Forward to forewarn").click()
    await warned(page, "sounds negative")
    assert await page.locator("#log .from b").inner_text() == "Max"

    await page.click("#tab-friend")
    await page.click("#connect")
    await page.get_by_label("Max", exact=True).check(force=True)
    await send_sample(page, 1)
    await page.click("#tab-bot")
    await warned(page, "Max")
    await page.locator("#log .bot", has_text="positive").last.wait_for()


@in_browser
async def test_a_family_on_a_phone_in_russian_and_in_the_dark(opened):
    from axe_playwright_python.async_playwright import Axe

    page = await opened(color_scheme="dark", viewport=PHONE, locale="ru-RU", has_touch=True)
    await page.click("#tab-group")
    await warned(page, "Спасибо, что добавили")
    await page.locator("#speakers").get_by_text("Ольга").click()
    await send_sample(page, 6)
    await warned(page, "негативный")
    olga = page.locator("#log article", has_text="Ольга").first
    assert not await olga.evaluate("node => node.classList.contains('own')")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await page.evaluate("document.getElementById('room').scrollWidth") <= PHONE["width"]
    for _ in range(2):
        found = await Axe().run(page)
        assert not found.response["violations"], found.generate_report()
        await page.select_option("#language", "en")
        await page.locator("#name", has_text="Family").wait_for()
        await page.emulate_media(color_scheme="light")


async def choose(page, topic: str, choice: str) -> None:
    """Open /settings in the chat that is open, and choose."""
    await page.fill("#text", "/settings")
    await page.keyboard.press("Enter")
    await warned(page, "Each button shows")
    menu = page.locator("#log article.bot").last
    await menu.get_by_role("button", name=topic).click()
    await menu.get_by_role("button", name=choice).click()
    await menu.get_by_role("button", name="✓").filter(has_text=choice).wait_for()


@in_browser
async def test_what_is_dropped_deleted_and_folded(opened, tmp_path):
    page = await opened(viewport=PHONE)
    await choose(page, "Words: hidden", "shown")
    two_minutes = ("-af", "aloop=-1:2e6", "-t", "120")
    note = convert(sample("negative"), tmp_path, "note.ogg", *two_minutes)
    file = await page.evaluate_handle(
        """(data) => {
          const carried = new DataTransfer(), bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt());
          carried.items.add(new File([bytes], "note.ogg", { type: "audio/ogg" }));
          return carried;
        }""",
        b64encode(note).decode(),
    )
    await page.dispatch_event("#log", "dragenter", {"dataTransfer": file})
    await page.locator("#drop", has_text="Drop a voice note here").wait_for()
    await page.dispatch_event("#log", "drop", {"dataTransfer": file})
    await page.locator("#drop").wait_for(state="hidden")
    assert await page.locator("#log .own .voice .length").inner_text() == "2:00"

    progress = page.get_by_role("button", name="Cancel")
    await progress.focus()
    await progress.wait_for(state="detached", timeout=3 * HEARD)
    assert await page.evaluate("document.activeElement.id") == "text"
    # The settings show a quote too, one that is too short to fold.
    warning = page.locator("#log .bot", has=page.locator("blockquote .more:visible")).last
    quote, more = warning.locator("blockquote"), warning.locator("blockquote .more")
    await more.wait_for()
    folded = (await quote.bounding_box())["height"]
    await more.click()
    assert await more.get_attribute("aria-expanded") == "true"
    assert (await quote.bounding_box())["height"] > 2 * folded
    await more.press("Enter")
    assert (await quote.bounding_box())["height"] == folded


@in_browser
async def test_in_a_group_words_come_in_an_alert_and_a_reaction_is_seen(opened):
    page = await opened()
    await page.click("#tab-group")
    await choose(page, "Words: hidden", "on a button")
    await send_sample(page, 2)
    reveal = (await warned(page, "sounds negative")).get_by_role("button", name="Show the words")
    alert = page.get_by_role("alertdialog")
    async with asyncio.timeout(HEARD / 1000):
        while True:  # a busy machine asks for another press
            await reveal.click()
            await alert.wait_for()
            said = await alert.inner_text()
            await page.keyboard.press("Escape")
            await alert.wait_for(state="hidden")
            if "birthday" in said:
                break
    assert await reveal.evaluate("node => node === document.activeElement")
    await choose(page, "Style: gentle", "reaction only")
    await send_sample(page, 1)
    await page.locator("#log .own .reactions").get_by_role("img", name="Reaction ❤").wait_for()


async def test_other_sites_and_strangers_are_shown_the_door(url):
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        page = await http.get("/")
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 421
        assert (await http.get("/files/x", params={"visit": "guessed"})).status_code == 403
        assert (await http.post("/files", params={"visit": "guessed", "chat": "bot"})).status_code == 403
        assert (await http.get("/%2e%2e/visits.py")).status_code in (403, 404)
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        answer = await http.get("/socket", headers=upgrade | {"Origin": "http://evil.example"})
        assert answer.status_code == 403


def in_memory() -> set[Path]:
    return set(Path("/dev/shm").glob("forewarn-*"))


async def test_on_a_terminal_forewarn_run_shows_the_samples_and_then_stays(tmp_path):
    ours, theirs = pty.openpty()
    kept = in_memory()
    command = (sys.executable, "-m", "bot", "run")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    async with asyncio.timeout(180):
        while samples()[-1].file.encode() not in shown:
            shown += await asyncio.to_thread(os.read, ours, 4096)
    assert b"@BotFather" in shown
    address = re.search(rb"http://127\.0\.0\.1:\d+/", shown)
    assert address
    async with httpx.AsyncClient(trust_env=False) as http:
        assert "forewarn" in (await http.get(address[0].decode())).text
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert in_memory() <= kept
    os.close(ours)
