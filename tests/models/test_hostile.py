"""Nothing that a stranger sends opens a file, calls anybody, takes long, or leaves something behind."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import audio
from models.audio import SAMPLE_RATE, AudioLimits, decode
from models.sandbox import Sandbox
from models.verdict import UnusableNote
from tests.models.hostile import DAMAGE, LONGEST, Bases, corpus, edited, naming
from tests.models.test_audio import CONTAINERS, PICTURE, TONE, children, make  # noqa: F401 - a fixture

NOTHING = Bases(*[b""] * len(fields(Bases)))
LIMITS = AudioLimits(duration=LONGEST)
MOST_WORK = 3.0
"""Seconds of processor that the worst of them may take: three times what it takes on a slow machine."""
FUZZ = int(os.environ.get("FUZZ", "1"))
"""`FUZZ=50 pytest tests/models/test_hostile.py` spoils fifty times as many notes, other ones each time."""


@pytest.fixture(scope="session")
def bases(make):  # noqa: F811
    return Bases(
        ogg=make("base.oga", *CONTAINERS["voice.oga"]),
        m4a=make("base.m4a", *CONTAINERS["index_first.m4a"]),
        mkv=make("base.mkv", *CONTAINERS["note.mkv"]),
        mp3=make("base.mp3", *CONTAINERS["bare.mp3"]),
        wav=make("base.wav", *CONTAINERS["studio.wav"]),
        avi=make("base.avi", *PICTURE, *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    )


@dataclass(frozen=True)
class Traps:
    """A file and an address that nobody may touch."""

    file: Path
    listener: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/note.wav"

    def set_again(self) -> None:
        # Read access is noted where the file has been written since the last one.
        os.utime(self.file, (1, 2))

    def sprung(self) -> list[str]:
        touched = [str(self.file)] if self.file.stat().st_atime != 1 else []
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return touched
        return [*touched, self.url]


@pytest.fixture(scope="module")
def traps(bases, tmp_path_factory):
    file = tmp_path_factory.mktemp("private") / "canary.wav"
    file.write_bytes(bases.wav)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Traps(file, listener)


@pytest.fixture
def no_sandbox(monkeypatch):
    ffmpeg = audio._find_decoder().ffmpeg
    unguarded = audio._Decoder(ffmpeg, Sandbox((), [ffmpeg]))
    monkeypatch.setattr(audio, "_find_decoder", lambda: unguarded)


async def heard(data):
    """The sound, or why there is none."""
    try:
        return await decode(data, LIMITS), None
    except UnusableNote as refusal:
        return None, refusal


@pytest.mark.parametrize("name", corpus(NOTHING, "", ""))
async def test_an_attack_ends_soon_and_leads_nowhere(bases, traps, name):
    attack = corpus(bases, str(traps.file), traps.url)[name]
    data = attack.make()
    traps.set_again()
    open_files, before = len(os.listdir("/proc/self/fd")), _work_of_children()
    samples, refusal = await heard(data)
    if refusal is not None:
        assert refusal.reason in attack.reasons
        assert "\n" not in str(refusal)
    else:
        assert attack.seconds is not None
        assert len(samples) <= attack.seconds * SAMPLE_RATE
        assert np.isfinite(samples).all()
    assert _work_of_children() - before < MOST_WORK
    assert traps.sprung() == []
    assert children() == []
    assert len(os.listdir("/proc/self/fd")) <= open_files


@pytest.mark.parametrize("name", naming(NOTHING, "", ""))
async def test_what_names_a_file_or_an_address_leads_nowhere_even_without_the_sandbox(
    no_sandbox, bases, traps, name
):
    data = naming(bases, str(traps.file), traps.url)[name]()
    traps.set_again()
    with suppress(UnusableNote):
        await decode(data, LIMITS)
    assert traps.sprung() == []


def test_the_traps_would_have_told(traps, tmp_path):
    """What any ffmpeg does with the same playlists, if it is let."""
    ffmpeg = audio._find_decoder().ffmpeg
    for sprung, playlist in zip(
        (str(traps.file), traps.url), ("concat, a file", "concat, an address"), strict=True
    ):
        traps.set_again()
        note = tmp_path / "note.ogg"
        note.write_bytes(naming(NOTHING, str(traps.file), traps.url)[playlist]())
        careless = ["-safe", "0", "-protocol_whitelist", "file,tcp,http"]
        command = [ffmpeg, "-v", "quiet", *careless, "-i", note, "-f", "null", "-"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            give_up = time.monotonic() + 20
            while sprung not in traps.sprung():
                assert time.monotonic() < give_up
                time.sleep(0.02)
            process.kill()


edits = st.tuples(st.sampled_from(DAMAGE), st.floats(0, 1, exclude_max=True), st.integers(0, 255))


@pytest.mark.slow
@settings(
    max_examples=120 * FUZZ,
    derandomize=FUZZ == 1,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(which=st.integers(0, len(fields(Bases)) - 1), damage=st.lists(edits, min_size=1, max_size=40))
def test_a_spoilt_note_is_heard_or_refused(bases, which, damage):
    data = edited(astuple(bases)[which], damage)
    open_files, before = len(os.listdir("/proc/self/fd")), _work_of_children()
    samples, refusal = asyncio.run(heard(data))
    if refusal is None:
        assert 0 < len(samples) <= LONGEST * SAMPLE_RATE
        assert np.isfinite(samples).all()
    assert _work_of_children() - before < MOST_WORK
    assert children() == []
    assert len(os.listdir("/proc/self/fd")) <= open_files


def _work_of_children() -> float:
    """Seconds of processor of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
