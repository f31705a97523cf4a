"""From any container that a chat delivers to 16 kHz mono samples, without trusting a byte of it.

ffmpeg does the decoding: nothing else reads all that phones record. Its price is a large surface, and the
files come from strangers, so it runs as a child that can do little: the demuxer is chosen here from the
first bytes (a playlist that names local files is never one of them), it may open one anonymous file in
memory and nothing else (no path, no network), only codecs of sound are allowed, and time, memory, output
and files written are limited by the kernel. The sound touches no disk: in by a memory file, since the index
of an MP4 may stand at its end and must be sought, out by a pipe.
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from models.speech.transcript import Samples
from models.verdict import Seconds, Unusable, UnusableNote

__all__ = ["LONGEST_NOTE", "SAMPLE_RATE", "AudioLimits", "AudioToolMissing", "decode", "find_ffmpeg"]

SAMPLE_RATE = 16_000
"""Samples a second, of everything that `models` listens to."""
LONGEST_NOTE = 60 * 60
"""Seconds of the longest note that is listened to."""

_SAMPLE_BYTES = np.dtype(np.float32).itemsize
_CODECS = (
    "aac,aac_latm,ac3,alac,amrnb,amrwb,eac3,flac,gsm,gsm_ms,libopencore_amrnb,libopencore_amrwb,libopus,"
    "libspeex,libvorbis,mp2,mp2float,mp3,mp3float,opus,speex,vorbis,"
    "adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16be,pcm_s16le,"
    "pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le"
)
# One thread for each stage, or a machine of many cores would need memory for as many.
_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "fatal", "-filter_threads", "1")
# Through 16-bit, so that whatever the file holds comes out finite and within -1..1.
_FILTER = f"aresample={SAMPLE_RATE},aformat=sample_fmts=s16:channel_layouts=mono"
# The shell sets the limits and becomes ffmpeg: no moment without them, no code between fork and exec.
# No core dump and no byte in any file, for both could hold the sound.
_LIMITED = 'ulimit -c 0; ulimit -f 0; ulimit -t "$1"; ulimit -v "$2"; shift 2; exec "$@"'


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
    ffmpeg = await find_ffmpeg()
    with _file_in_memory(data) as file:
        pcm, complaint, code = await _run(_command(ffmpeg, demuxer, file, limits), file, limits)
    if code in _OUT_OF_TIME:
        raise UnusableNote(Unusable.TOO_SLOW, f"decoding took more than {limits.cpu_time} s of processor")
    if not pcm:
        raise _why_silent(complaint, code)
    return np.frombuffer(pcm, np.float32)


async def find_ffmpeg() -> Path:
    """The system's ffmpeg if it can read from an open file (`fd:`, version 6 on), else the packaged one.

    Raises:
        AudioToolMissing: neither is there.
    """
    return await asyncio.to_thread(_find_ffmpeg)


@functools.cache
def _find_ffmpeg() -> Path:
    system = shutil.which("ffmpeg")
    if system and _reads_open_files(system):
        return Path(system)
    try:
        packaged = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        packaged = ""
    if packaged and _reads_open_files(packaged):
        return Path(packaged)
    raise AudioToolMissing(
        "no ffmpeg: install ffmpeg 6 or newer (package `ffmpeg`), or pip install imageio-ffmpeg"
    )


def _reads_open_files(ffmpeg: str) -> bool:
    try:
        protocols = subprocess.run(  # noqa: S603 - a path of our own choice, no shell
            [ffmpeg, "-hide_banner", "-protocols"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "fd" in protocols.stdout.split()


def _demuxer(data: bytes) -> str | None:
    """ffmpeg's name for the container, from its first bytes; None if it is none that carries notes."""
    head = data[:12]
    if head.startswith(b"ID3") and len(data) > 10:
        # A tag of a stated length (7 bits a byte), then the sound itself.
        size = functools.reduce(lambda total, byte: total << 7 | byte & 0x7F, data[6:10], 0)
        head = data[10 + size : 22 + size] or b"\xff\xfb"
    match head[:4], head[4:8], head[8:12]:
        case b"OggS", _, _:
            return "ogg"
        case _, b"ftyp" | b"moov" | b"mdat" | b"free" | b"wide" | b"skip", _:
            return "mov"
        case b"\x1aE\xdf\xa3", _, _:
            return "matroska"
        case b"RIFF" | b"RF64", _, b"WAVE":
            return "wav"
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
    shell = ["/bin/sh", "-c", _LIMITED, "sh", str(limits.cpu_time), str(limits.memory // 1024)]
    what_it_may = ["-protocol_whitelist", "fd", "-format_whitelist", demuxer, "-codec_whitelist", _CODECS]
    source = [
        "-threads",
        "1",
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


async def _run(command: list[str], file: int, limits: AudioLimits) -> tuple[bytearray, bytes, int | None]:
    """What the decoder wrote, the sound and its last words, and its exit code.

    At log level `fatal` the latter always fit the pipe's buffer, so the two can be read one after the other.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=(file,),
        env={},
    )
    try:
        async with asyncio.timeout(limits.wall_time):
            pcm = await _read(process, limits.duration)
            _, complaint = await process.communicate()
    except TimeoutError:
        raise UnusableNote(Unusable.TOO_SLOW, f"decoding took more than {limits.wall_time:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            # Empties the pipes too: a child is only reaped when nobody can read from it any more.
            await process.communicate()
    return pcm, complaint, process.returncode


async def _read(process: asyncio.subprocess.Process, longest: Seconds) -> bytearray:
    pcm = bytearray()
    if process.stdout is None:
        raise ValueError("the decoder was started without a pipe")
    while chunk := await process.stdout.read(2**18):
        pcm += chunk
        if len(pcm) > longest * SAMPLE_RATE * _SAMPLE_BYTES:
            raise UnusableNote(Unusable.TOO_LONG, f"longer than {longest / 60:g} minutes")
    return pcm


def _why_silent(complaint: bytes, code: int | None) -> UnusableNote:
    if b"matches no streams" in complaint:
        return UnusableNote(Unusable.NO_SOUND_TRACK, "a video without sound")
    if code == 0 and not complaint:
        return UnusableNote(Unusable.EMPTY, "no sound in this file")
    return UnusableNote(Unusable.DAMAGED, "the file is damaged: nothing in it can be decoded")
