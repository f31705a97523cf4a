"""From any container that a chat delivers to 16 kHz mono samples, without trusting a byte of it.

ffmpeg does the decoding: nothing else reads all that phones record. Its price is a large surface, and the
files come from strangers, so it runs as a child that can do little. The demuxer is chosen here from the
first bytes (a playlist that names local files is never one of them), only codecs of sound are allowed, and it
is told to open one anonymous file in memory and nothing else. Should a file take it over all the same, it
sits in a sandbox (no network, no file, see `models.sandbox`), and the kernel limits its time, memory and open
files. What it says is read no further than a note can be long. The sound touches no disk: in by a memory
file, since the index of an MP4 may stand at its end and must be sought, out by a pipe.
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from models.sandbox import SHELL, Sandbox, Wall
from models.speech.transcript import Samples
from models.verdict import Seconds, Unusable, UnusableNote

__all__ = [
    "LONGEST_NOTE",
    "SAMPLE_RATE",
    "AudioLimits",
    "AudioToolMissing",
    "decode",
    "describe_decoder",
    "find_ffmpeg",
]

SAMPLE_RATE = 16_000
"""Samples a second, of everything that `models` listens to."""
LONGEST_NOTE = 60 * 60
"""Seconds of the longest note that is listened to."""

_SAMPLE_BYTES = np.dtype(np.float32).itemsize
_CODECS = (
    "aac,aac_latm,ac3,alac,amrnb,amrwb,eac3,flac,gsm,gsm_ms,libopencore_amrnb,libopencore_amrwb,libopus,"
    "libspeex,libvorbis,mp2,mp2float,mp3,mp3float,opus,speex,vorbis,wmapro,wmav1,wmav2,"
    "adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16be,pcm_s16le,"
    "pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le"
)
# One thread for each stage, or a machine of many cores would need memory for as many. No single request for
# memory over 256 MB, and no more tracks than a film has.
_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "fatal", "-filter_threads", "1", "-max_alloc", str(2**28))
_MODEST = (
    "-threads",
    "1",
    "-max_streams",
    "64",
    "-probesize",
    str(2**22),
    "-analyzeduration",
    str(5 * 10**6),
)
# Through 16-bit, so that whatever the file holds comes out finite and within -1..1.
_FILTER = f"aresample={SAMPLE_RATE},aformat=sample_fmts=s16:channel_layouts=mono"
# The shell sets the limits and becomes ffmpeg: no moment without them, no code between fork and exec.
# No core dump and no byte in any file, for both could hold the sound.
_LIMITED = 'ulimit -c 0; ulimit -f 0; ulimit -n 64; ulimit -t "$1"; ulimit -v "$2"; shift 2; exec "$@"'
_CHUNK = 2**18
"""Bytes that are read at once."""
_COMPLAINT_BYTES = 4096
"""How much of what ffmpeg complains about is read."""
_KEPT_FROM = {
    (Wall.SECCOMP, Wall.LANDLOCK): "kept from files and the network by ",
    (Wall.SECCOMP,): "kept from the network by ",
    (Wall.LANDLOCK,): "kept from files and TCP by ",
    (): "not sandboxed",
}
"""What to try for a sandbox, the best first, and what it does."""

# What the kernel ends a child with that used up its processor time.
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)


class AudioToolMissing(RuntimeError):
    """There is no usable ffmpeg. The message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What decoding one note may take."""

    duration: Seconds = LONGEST_NOTE
    """Of the sound; longer is TOO_LONG."""
    wall_time: Seconds = 120
    """From start to end; longer is TOO_SLOW."""
    cpu_time: int = 90
    """Whole seconds of processor."""
    memory: int = 2 * 2**30
    """Bytes of address space; 0.6 GB do for a voice note, nearly all of it room for threads."""


async def decode(data: bytes, limits: AudioLimits | None = None) -> Samples:
    """The first sound track of a file as float32 mono, shape (n,), 16 kHz, -1..1.

    Of a damaged file, whatever can still be heard. Cancelling ends the decoder at once.

    Raises:
        UnusableNote: EMPTY, NOT_AUDIO, NO_SOUND_TRACK, DAMAGED, TOO_LONG or TOO_SLOW.
        AudioToolMissing: there is no ffmpeg to decode with.
    """
    limits = limits or AudioLimits()
    if not data:
        raise UnusableNote(Unusable.EMPTY, "the file is empty")
    demuxer = _demuxer(data)
    if demuxer is None:
        raise UnusableNote(Unusable.NOT_AUDIO, "this is not an audio or video file")
    decoder = await asyncio.to_thread(_find_decoder)
    with _file_in_memory(data) as file:
        pcm, complaint, code = await _run(decoder, demuxer, file, limits)
    if code in _OUT_OF_TIME:
        raise UnusableNote(Unusable.TOO_SLOW, f"decoding took more than {limits.cpu_time} s of processor")
    samples = len(pcm) // _SAMPLE_BYTES  # one that died may leave half a sample
    if not samples:
        raise _why_silent(complaint, code)
    return np.frombuffer(pcm, np.float32, samples)


async def find_ffmpeg() -> Path:
    """The system's ffmpeg if it can read from an open file (version 6 on), else the packaged one.

    Raises:
        AudioToolMissing: neither is there.
    """
    return (await asyncio.to_thread(_find_decoder)).ffmpeg


async def describe_decoder() -> str:
    """One line for the operator: which ffmpeg decodes, and what keeps it from doing anything else.

    Raises:
        AudioToolMissing: there is none.
    """
    decoder = await asyncio.to_thread(_find_decoder)
    walls = decoder.sandbox.walls
    kept = _KEPT_FROM[walls] + " and ".join(wall.value for wall in walls)
    missing = " or ".join(wall.value for wall in Wall if wall not in walls)
    lacking = f" (this system does not let it use {missing})" if missing else ""
    return f"{decoder.ffmpeg}, {kept}{lacking}"


@dataclass(frozen=True, slots=True)
class _Decoder:
    ffmpeg: Path
    sandbox: Sandbox

    def start(self, demuxer: str, file: int, limits: AudioLimits) -> subprocess.Popen[bytes]:
        return self.sandbox.start(_command(self.ffmpeg, demuxer, file, limits), env={}, files=(file,))

    def works(self) -> bool:
        """Whether it decodes a tenth of a second, there in its sandbox."""
        with _file_in_memory(_SHORT_WAV) as file:
            process = self.start("wav", file, AudioLimits())
            try:
                pcm, _ = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return False
        return len(pcm) == SAMPLE_RATE // 10 * _SAMPLE_BYTES


_SHORT_WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI3200x",
    *(b"RIFF", 3236, b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16, b"data", 3200),
)


@functools.cache
def _find_decoder() -> _Decoder:
    """The best sandbox in which an ffmpeg works: one that wants more than it gets there is no use."""
    candidates = list(_candidates())
    for walls in _KEPT_FROM:
        for ffmpeg in candidates:
            try:
                decoder = _Decoder(ffmpeg, Sandbox(walls, [ffmpeg]))
            except OSError:
                break  # such walls cannot be had, for whichever program
            if decoder.works():
                return decoder
    raise AudioToolMissing(
        "no ffmpeg: install ffmpeg 6 or newer (package `ffmpeg`), or pip install imageio-ffmpeg"
    )


# The sandbox's thread is not there in a copy of this process.
os.register_at_fork(after_in_child=_find_decoder.cache_clear)


def _candidates() -> Iterator[Path]:
    system = shutil.which("ffmpeg")
    if system:
        yield Path(system).resolve()
    try:
        yield Path(imageio_ffmpeg.get_ffmpeg_exe()).resolve()
    except RuntimeError:
        return


def _demuxer(data: bytes) -> str | None:
    """ffmpeg's name for the container, from its first bytes; None if it is none that carries notes."""
    if data.startswith(b"ID3") and len(data) > 10:
        # A tag of a stated length (7 bits a byte), then the sound itself, perhaps after a footer or padding.
        size = functools.reduce(lambda total, byte: total << 7 | byte & 0x7F, data[6:10], 0)
        return _demuxer_of(data[10 + size : 22 + size]) or "mp3"
    return _demuxer_of(data[:12])


def _demuxer_of(head: bytes) -> str | None:
    match head[:4], head[4:8], head[8:12]:
        case b"OggS", _, _:
            return "ogg"
        case _, b"ftyp" | b"moov" | b"mdat" | b"free" | b"wide" | b"skip", _:
            return "mov"
        case b"\x1aE\xdf\xa3", _, _:
            return "matroska"
        case b"RIFF" | b"RF64", _, b"WAVE":
            return "wav"
        case b"RIFF", _, b"AVI ":
            return "avi"
        case b"\x30\x26\xb2\x75", _, _:
            return "asf"
        case b"\0\0\x01\xba", _, _:
            return "mpeg"
        case b"FORM", _, b"AIFF" | b"AIFC":
            return "aiff"
        case b"fLaC", _, _:
            return "flac"
        case b"caff", _, _:
            return "caf"
        case b"#!AM", _, _:
            return "amr"
    return _mpeg_demuxer(head)


def _mpeg_demuxer(head: bytes) -> str | None:
    """Bare MPEG frames start with eleven set bits; the next bits tell layer III or II from AAC."""
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    return "mp3" if head[1] & 0xE6 in (0xE2, 0xE4) else None


@contextmanager
def _file_in_memory(data: bytes) -> Iterator[int]:
    """The descriptor of an anonymous file that holds `data` and can be sought."""
    file = os.memfd_create("note")
    try:
        with os.fdopen(os.dup(file), "wb") as writer:
            writer.write(data)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def _command(ffmpeg: Path, demuxer: str, file: int, limits: AudioLimits) -> list[str]:
    shell = [str(SHELL), "-c", _LIMITED, "sh", str(limits.cpu_time), str(limits.memory // 1024)]
    what_it_may = ["-protocol_whitelist", "fd", "-format_whitelist", demuxer, "-codec_whitelist", _CODECS]
    source = [
        *_MODEST,
        *what_it_may,
        "-vn",
        "-sn",
        "-dn",
        "-f",
        demuxer,
        "-fd",
        str(file),
        "-i",
        "fd:",
    ]
    # One second more than allowed, so that too long can be told from just long enough.
    result = ["-map", "0:a:0", "-t", str(limits.duration + 1), "-af", _FILTER, "-f", "f32le", "pipe:1"]
    return [*shell, str(ffmpeg), *_QUIET, *source, *result]


async def _run(
    decoder: _Decoder, demuxer: str, file: int, limits: AudioLimits
) -> tuple[bytearray, bytes, int | None]:
    """What the decoder wrote, the sound and its last words, and its exit code.

    At log level `fatal` the latter always fit the pipe's buffer, so the two can be read one after the other.
    """
    most = int(limits.duration * SAMPLE_RATE) * _SAMPLE_BYTES
    process = decoder.start(demuxer, file, limits)
    try:
        async with asyncio.timeout(limits.wall_time), _pipes(process) as (sound, complaints):
            pcm = await _read(sound, most)
            if len(pcm) > most:
                raise UnusableNote(Unusable.TOO_LONG, f"longer than {limits.duration / 60:g} minutes")
            complaint = await _read(complaints, _COMPLAINT_BYTES)
            await asyncio.to_thread(process.wait)
    except TimeoutError:
        raise UnusableNote(Unusable.TOO_SLOW, f"decoding took more than {limits.wall_time:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.to_thread(process.wait)
    return pcm, bytes(complaint), process.returncode


@asynccontextmanager
async def _pipes(
    process: subprocess.Popen[bytes],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamReader]]:
    """What the process says, on stdout and stderr."""
    loop = asyncio.get_running_loop()
    readers, transports = [], []
    try:
        for pipe in (process.stdout, process.stderr):
            reader = asyncio.StreamReader(_CHUNK)
            readers.append(reader)
            transport, _ = await loop.connect_read_pipe(
                functools.partial(asyncio.StreamReaderProtocol, reader), pipe
            )
            transports.append(transport)
        yield readers[0], readers[1]
    finally:
        for transport in transports:
            transport.close()


async def _read(stream: asyncio.StreamReader, most: int) -> bytearray:
    """All that comes, or the first bytes if they are more than `most`."""
    read = bytearray()
    while len(read) <= most and (chunk := await stream.read(_CHUNK)):
        read += chunk
    return read


def _why_silent(complaint: bytes, code: int | None) -> UnusableNote:
    if b"matches no streams" in complaint:
        return UnusableNote(Unusable.NO_SOUND_TRACK, "a video without sound")
    if code == 0 and not complaint:
        return UnusableNote(Unusable.EMPTY, "no sound in this file")
    return UnusableNote(Unusable.DAMAGED, "the file is damaged: nothing in it can be decoded")
