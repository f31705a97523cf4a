"""The real bot as a process of its own, so that tests can kill it, restart it and weigh it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.telegram.emulator import TelegramEmulator

ROOT = Path(__file__).resolve().parents[2]
RUN = (sys.executable, "-m", "bot", "run")


class BotProcess:
    """`async with BotProcess(tg, tmp_path) as bot: await bot.wait_ready()`.

    `output` keeps stdout and stderr of all its lives, line by line.
    """

    def __init__(
        self,
        tg: TelegramEmulator,
        data_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = RUN,
    ) -> None:
        self.tg = tg
        self.command = command
        self.env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "FOREWARN_TOKEN": tg.token,
            "FOREWARN_API_URL": tg.url,
            "FOREWARN_DATA_DIR": str(data_dir),
            **(env or {}),
        }
        self.output: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._calls_before = 0

    async def __aenter__(self) -> BotProcess:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.terminate()

    async def start(self) -> None:
        self._calls_before = len(self.tg.calls)
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=ROOT,
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
            start_new_session=True,
        )
        streams = (self._process.stdout, self._process.stderr)
        self._readers = [asyncio.create_task(self._read(stream)) for stream in streams if stream]

    async def wait_ready(self, within: float = 60) -> None:
        """Until the bot polls, or has set its webhook. AssertionError with its output if it ends before."""
        poll = asyncio.create_task(self.tg.until(self._is_ready, within, "the bot to poll"))
        death = asyncio.create_task(self._alive().wait())
        done, _ = await asyncio.wait({poll, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if poll in done:
            try:
                await poll
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.log()}") from None
            return
        poll.cancel()
        await asyncio.gather(*self._readers)
        raise AssertionError(f"the bot ended with {self.returncode}\n{self.log()}")

    async def kill9(self) -> None:
        """As a power cut: the process and all it started."""
        await self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """As a machine that sleeps."""
        os.killpg(self._alive().pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self._alive().pid, signal.SIGCONT)

    async def terminate(self, within: float = 15) -> int | None:
        """Ask it to stop; kill it if it does not. Returns the exit status."""
        await self._end(signal.SIGTERM, within)
        return self.returncode

    async def restart(self, within: float = 60) -> None:
        await self.terminate()
        await self.start()
        await self.wait_ready(within)

    @property
    def returncode(self) -> int | None:
        return self._alive().returncode

    @property
    def memory(self) -> int:
        """Resident bytes of the process and its children."""
        process = psutil.Process(self._alive().pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))

    def log(self) -> str:
        return "\n".join(self.output)

    def _alive(self) -> asyncio.subprocess.Process:
        assert self._process, "not started"
        return self._process

    def _is_ready(self) -> bool:
        return any(
            call.method == "getUpdates"
            or (call.method == "setWebhook" and call.params.get("url") and call.status == 200)
            for call in self.tg.calls[self._calls_before :]
        )

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            self.output.append(line.decode(errors="replace").rstrip())

    async def _end(self, how: signal.Signals, within: float = 15) -> None:
        process = self._alive()
        if process.returncode is None:
            if how is signal.SIGTERM:
                process.terminate()
            else:
                os.killpg(process.pid, how)
            try:
                await asyncio.wait_for(process.wait(), within)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        await asyncio.gather(*self._readers)
