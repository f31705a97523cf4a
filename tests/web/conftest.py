"""The page's server as a process of its own, in an empty home, with every file that it writes noted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
# Run by Python before anything else: each file that is opened to be written, or made, leaves its name.
WITNESS = """
import os, sys
_writes = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def _watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        mode, flags = args[1], args[2] or 0
        if (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            if args[0] != os.devnull:
                os.write(_writes, os.fsencode(args[0]) + b"\\n")
    elif event in ("os.mkdir", "os.rename", "tempfile.mkstemp", "tempfile.mkdtemp"):
        os.write(_writes, os.fsencode(str(args[0])) + b"\\n")
sys.addaudithook(_watch)
"""


@dataclass
class Server:
    url: str
    home: Path
    process: subprocess.Popen[str]

    def busy(self, seconds: float = 0.5) -> float:
        """Cores that the process uses now."""
        return psutil.Process(self.process.pid).cpu_percent(seconds) / 100

    def written(self) -> list[str]:
        """Names of files written since the start, in order."""
        return (self.home / "written").read_text().splitlines()

    def files(self) -> set[Path]:
        """All files in the place that the process calls its own, `/tmp` with it."""
        return {file for file in self.home.rglob("*") if file.is_file()} - {self.home / "written"}


def serve(home: Path, **env: str) -> Server:
    (home / "tmp").mkdir()
    (home / "sitecustomize.py").write_text(WITNESS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "web", "--port", str(port)],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")},
            "PYTHONPATH": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "WITNESS": str(home / "written"),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "FOREWARN_ENGINE": "whisper",
            "FOREWARN_DATA_DIR": str(home / "data"),
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(f"http://127.0.0.1:{port}", home, process)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(server.url, timeout=10)
            return server
        except httpx.TransportError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate()[0])


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = serve(tmp_path_factory.mktemp("home"))
    yield running
    running.process.terminate()
    output, _ = running.process.communicate(timeout=20)
    assert "Traceback" not in output, output
