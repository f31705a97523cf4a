"""What a file that took ffmpeg over could do: nothing."""

import asyncio
import os
import re
import socket
from pathlib import Path

import numpy as np
import pytest

from models import audio, sandbox
from models.audio import decode, describe_decoder, find_ffmpeg
from models.sandbox import SHELL, Sandbox, Wall

SAMPLE = Path(__file__).resolve().parents[2] / "bot" / "samples" / "train.oga"
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def walled(*walls):
    try:
        return Sandbox(walls, [asyncio.run(find_ffmpeg())])
    except OSError as error:
        pytest.skip(f"not on this kernel: {error}")


def run(inside, *command):
    process = inside.start(command, env={}, files=())
    return process.communicate(timeout=30)[0], process.returncode


@pytest.fixture(scope="module")
def canary(tmp_path_factory):
    file = tmp_path_factory.mktemp("private") / "canary"
    file.write_text("a secret\n")
    return file


@pytest.mark.parametrize("walls", [[Wall.LANDLOCK], [Wall.LANDLOCK, Wall.SECCOMP]])
def test_no_file_can_be_read_written_or_run(walls, canary):
    inside = walled(*walls)
    assert run(inside, SHELL, "-c", f'read line < {canary}; echo "$line"')[0] == b"\n"
    assert run(inside, SHELL, "-c", 'read line < /proc/1/status; echo "$line"')[0] == b"\n"
    assert run(inside, SHELL, "-c", f"echo > {canary}.new")[1] != 0
    assert not canary.with_suffix(".new").exists()
    assert run(inside, SHELL, "-c", "cat --version") == (b"", 126)


@pytest.mark.parametrize("walls", [[Wall.LANDLOCK], [Wall.SECCOMP], [Wall.LANDLOCK, Wall.SECCOMP]])
def test_nobody_outside_can_be_called_or_killed(walls):
    inside = walled(*walls)
    ffmpeg = str(asyncio.run(find_ffmpeg()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.ogg"
        assert run(inside, ffmpeg, "-nostdin", "-i", url, "-f", "null", "-")[1] != 0
        with pytest.raises(TimeoutError):
            listener.accept()
    assert run(inside, SHELL, "-c", f"kill -0 {os.getpid()}")[1] != 0


def test_no_copy_of_the_process_can_be_made():
    assert run(walled(Wall.SECCOMP), SHELL, "-c", "(echo copied)")[0] == b""


def test_the_thread_that_asked_keeps_its_rights(canary):
    walled(Wall.LANDLOCK, Wall.SECCOMP)
    assert canary.read_text() == "a secret\n"
    socket.socket().close()


@pytest.mark.parametrize("machine", HEADERS)
def test_the_calls_have_the_numbers_that_the_kernel_gave_them(machine):
    if not HEADERS[machine].exists():
        pytest.skip("no kernel headers here")
    named = re.findall(r"__NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    known = dict(reversed(named))
    known.setdefault("newfstatat", known.get("fstatat"))
    rows = sandbox._CALLS.split()
    column = 1 if machine == "x86_64" else 2
    listed = dict(zip(rows[::3], rows[column::3], strict=True))
    listed |= {"clone": str(sandbox._CLONE[machine]), "prlimit64": str(sandbox._PRLIMIT[machine])}
    assert {name: known.get(name, "-") for name in listed} == listed


@pytest.fixture
def walls_that_can_be_had(monkeypatch):
    def set_walls(*walls):
        real = Sandbox.__init__

        def build(self, wanted, programs):
            if not set(wanted) <= set(walls):
                raise OSError("no such wall")
            real(self, wanted, programs)

        monkeypatch.setattr(Sandbox, "__init__", build)
        audio._find_decoder.cache_clear()

    yield set_walls
    monkeypatch.undo()
    audio._find_decoder.cache_clear()


@pytest.mark.parametrize(
    ("walls", "told"),
    [
        ([], "not sandboxed (this system does not let it use seccomp or Landlock)"),
        ([Wall.SECCOMP], "kept from the network by seccomp (this system does not let it use Landlock)"),
    ],
)
async def test_where_a_wall_cannot_be_had_notes_are_decoded_and_the_doctor_says_so(
    walls_that_can_be_had, walls, told
):
    walls_that_can_be_had(*walls)
    assert told in await describe_decoder()
    assert np.abs(await decode(SAMPLE.read_bytes())).max() > 0.1


async def test_the_doctor_names_the_walls():
    assert "by seccomp" in await describe_decoder()
