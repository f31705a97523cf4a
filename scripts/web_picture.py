"""A picture of the page at work, on a desk and on a phone: the real server, a real note, what Chromium shows.

forewarn web &
python scripts/web_picture.py [--page http://127.0.0.1:8080] [--picture docs/images/web.png]
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DESK, PHONE = (960, 1240), (390, 1140)
"""Sizes of the two windows, in pixels of the picture too."""
GAP, ROUND = 28, 18
HEARD = 60_000
"""Milliseconds to wait for the verdict."""


def shot(browser: Browser, page: str, size: tuple[int, int], scheme: str, sample: str) -> Image.Image:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale="en-GB",
        reduced_motion="reduce",
    )
    tab = context.new_page()
    tab.goto(page)
    tab.locator(f"[data-file='{sample}']").click()
    tab.locator(".fw-verdict").wait_for(timeout=HEARD)
    tab.wait_for_timeout(1000)
    tab.evaluate("window.scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGBA")
    context.close()
    corners = Image.new("L", picture.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), ROUND, 255)
    picture.putalpha(corners)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", default="http://127.0.0.1:8080")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "web.png")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        desk = shot(browser, options.page, DESK, "light", "birthday.oga")
        phone = shot(browser, options.page, PHONE, "dark", "new_job.oga")
        browser.close()
    both = Image.new("RGBA", (DESK[0] + GAP + PHONE[0], max(DESK[1], PHONE[1])), (0, 0, 0, 0))
    both.alpha_composite(desk)
    both.alpha_composite(phone, (DESK[0] + GAP, (DESK[1] - PHONE[1]) // 2))
    # 255 colours are plenty, and one more for what is seen through.
    flat = Image.alpha_composite(Image.new("RGBA", both.size, "white"), both).convert("RGB").quantize(255)
    flat.paste(255, mask=both.getchannel("A").point(lambda alpha: 255 * (alpha < 128)))
    flat.save(options.picture, optimize=True, transparency=255)
    print(f"{options.picture}: {options.picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
