"""The page as people meet it, in a real browser that reaches no other host."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.bot.conversation import FFMPEG
from tests.web.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SAMPLES = ROOT / "bot" / "samples"
HEARD = 60_000
"""Milliseconds to wait for a verdict on a busy machine."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="takes Chromium")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    spoken = tmp_path_factory.mktemp("microphone") / "note.wav"
    subprocess.run([FFMPEG, "-loglevel", "error", "-i", SAMPLES / "bad_day.oga", spoken], check=True)
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    microphone = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet, *microphone],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(server, browser):
    """Opens the page as somebody's browser would; what it must never do fails the test at its end."""
    contexts, wrong = [], []

    def guard(route):
        if route.request.url.startswith((server.url, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"asked another host: {route.request.url}")
            route.abort()

    def complain(line):
        if line.type == "error" and "ERR_INTERNET_DISCONNECTED" not in line.text:
            wrong.append(line.text)

    def open_page(path="/", **about):
        context = browser.new_context(base_url=server.url, permissions=["microphone"], **about)
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", complain)
        page.goto(path)
        expect(page.locator(".fw-record")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def problems(page):
    """What axe finds against WCAG 2.2 A and AA."""
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
    found = Axe().run(page, options=rules).response["violations"]
    return [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in found]


@pytest.mark.parametrize(
    ("about", "language", "headline"),
    [
        ({"color_scheme": "light"}, "en", "Sounds positive"),
        ({"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}, "en", "Sounds positive"),
        ({"color_scheme": "dark", "locale": "ru-RU"}, "ru", "Звучит позитивно"),
    ],
    ids=["light", "dark on a phone", "Russian"],
)
def test_a_sample_is_one_press_away(visit, about, language, headline):
    page = visit(**about)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.body.classList.contains('dark')") == (about["color_scheme"] == "dark")
    page.locator(".fw-sample").first.click()
    expect(page.locator(".fw-headline h2")).to_have_text(headline, timeout=HEARD)
    expect(page.locator(".fw-emotions li")).to_have_count(7)
    expect(page.locator(".fw-timeline button")).not_to_have_count(0)
    expect(page.locator(".fw-bubble")).to_have_count(8)
    expect(page.get_by_role("status").first).to_contain_text(headline)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert problems(page) == []


def test_what_the_microphone_hears_is_judged(visit):
    page = visit()
    page.get_by_role("button", name="Record a note").click()
    page.wait_for_timeout(7000)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".fw-headline h2")).to_have_text("Sounds negative", timeout=HEARD)
    expect(page.locator(".fw-words blockquote")).to_contain_text("terrible day")


def test_a_note_in_work_can_be_stopped_and_really_is(server, visit, tmp_path):
    long = tmp_path / "long.oga"
    minutes = ["-stream_loop", "-1", "-i", SAMPLES / "train.oga", "-t", "900", "-c", "copy", long]
    subprocess.run([FFMPEG, "-loglevel", "error", *minutes], check=True)
    page = visit()
    page.locator(".fw-file").set_input_files(long)
    page.wait_for_function("document.querySelector('.fw-stages progress')?.value > 0.03", timeout=HEARD)
    files, written = server.files(), len(server.written())
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fw-sorry")).to_have_text("✋Stopped. Nothing of this note is kept.")
    # What is left of it would take more than a minute; the piece that is in work takes seconds.
    began = time.monotonic()
    while server.busy() > 0.2:
        assert time.monotonic() - began < 60
    page.locator(".fw-sample").first.click()
    expect(page.locator(".fw-verdict")).to_be_visible(timeout=HEARD)
    assert (server.files(), server.written()[written:]) == (files, [])


def test_with_the_keyboard_alone(visit):
    page = visit()

    def tab_to(selector, most=30):
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("at => document.activeElement.matches(at)", selector):
                return
        raise AssertionError(f"{selector} is not reached with Tab")

    tab_to(".fw-record")
    tab_to(".fw-file")
    tab_to(".fw-sample")
    page.keyboard.press("Enter")
    expect(page.locator(".fw-verdict")).to_be_visible(timeout=HEARD)
    tab_to(".fw-timeline button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    tab_to(".fw-inside")
    page.keyboard.press("Enter")
    expect(page.locator(".fw-beside li")).not_to_have_count(0, timeout=HEARD)


def test_a_press_on_the_timeline_plays_from_there(visit):
    page = visit()
    page.locator(".fw-sample").first.click()
    moment = page.locator(".fw-timeline button").last
    expect(moment).to_be_visible(timeout=HEARD)
    moment.click()
    page.wait_for_function(
        "at => window.forewarn.audio.currentTime > at", arg=float(moment.get_attribute("data-at"))
    )
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("window.forewarn.audio.paused")
    page.locator(".fw-words [data-at]").last.click()
    assert page.evaluate("window.forewarn.audio.currentTime") > 3


def test_what_cannot_be_used_is_told_in_a_sentence(visit, tmp_path):
    page = visit(path="/ru/")
    file = tmp_path / "note.ogg"
    file.write_text("no sound")
    page.locator(".fw-file").set_input_files(file)
    expect(page.locator(".fw-sorry")).to_contain_text("О тоне этой записи ничего не сказать", timeout=HEARD)
    file.write_bytes(bytes(21 * 2**20))
    page.locator(".fw-file").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("больше 20 МБ")


def test_the_words_of_a_note_can_be_looked_into(visit):
    page = visit()
    page.locator(".fw-sample").nth(1).click()
    page.get_by_role("button", name="Look inside").click(timeout=HEARD)
    expect(page.locator(".fw-beside li b").filter(has_text="birthday")).to_have_count(1, timeout=HEARD)
    page.locator("[data-head='3']").click()
    expect(page.locator("#fw-map-title")).to_have_text("Attention of head 3 in layer 12", timeout=HEARD)
    expect(page.locator(".fw-heads img")).to_have_count(12)
    assert problems(page) == []


def test_the_training_report(visit):
    page = visit()
    page.get_by_role("tab", name="Training").click()
    expect(page.locator(".fw-report figure")).to_have_count(7)
    expect(page.get_by_role("table")).not_to_have_count(0)
    first = page.locator(".fw-report img").first
    first.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.fw-report img').naturalWidth > 100")


def test_a_server_that_went_away_is_told(visit):
    page = visit()
    page.context.set_offline(True)
    page.locator(".fw-file").set_input_files(SAMPLES / "train.oga")
    expect(page.get_by_role("alert")).to_contain_text("server didn't answer")
