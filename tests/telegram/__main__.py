"""`python -m tests.telegram [PORT]`: play by hand against a running bot.

Type text to say it, `@path` to send a voice note, `#Button` to press a button of the last message.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.telegram import Room, TelegramEmulator, User


async def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    async with TelegramEmulator(port=port) as tg:
        you = tg.user("You", language_code="en")
        chat = tg.private(you)
        print(f"FOREWARN_API_URL={tg.url}\nFOREWARN_TOKEN={tg.token}", flush=True)  # noqa: T201
        show = asyncio.create_task(_show(tg, chat))
        while line := await asyncio.to_thread(sys.stdin.readline):
            _act(chat, you, line.strip())
        show.cancel()


def _act(chat: Room, you: User, line: str) -> None:
    if line.startswith("#") and chat.from_bot:
        chat.from_bot[-1].tap(line[1:], by=you)
    elif line.startswith("@") and Path(line[1:]).is_file():
        chat.voice(you, Path(line[1:]))
    elif line:
        chat.text(you, line)


async def _show(tg: TelegramEmulator, chat: Room) -> None:
    shown: set[str] = set()
    while True:
        for line in chat.transcript().splitlines():
            if line not in shown:
                print(line, flush=True)  # noqa: T201
                shown.add(line)
        await tg.world.changed.until(lambda: set(chat.transcript().splitlines()) - shown, 3600)


if __name__ == "__main__":
    asyncio.run(main())
