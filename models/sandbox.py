"""Where the decoder of strangers' files lives: it may compute, and that is all.

Linux lets one thread give up its rights for good, and what that thread starts is born without them. So one
thread of this process is walled in and starts the decoders: there is no launcher to pay for, nothing runs
between fork and exec, and no privilege or other program is needed. Two walls, each used where the kernel has
it: seccomp leaves only the calls that decoding takes (no socket, no signal to anybody, no look into another
process), and Landlock leaves no file but the program and the system's libraries.
"""

from __future__ import annotations

import ctypes
import enum
import os
import platform
import struct
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["SHELL", "Sandbox", "Wall"]

SHELL = Path("/bin/sh")
_LIBRARIES = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
)
_LOADER_CACHE = "/etc/ld.so.cache"

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_FILTER = 2

# name, its number on x86_64, its number on aarch64; `-` where there is none.
_CALLS = """
read 0 63        write 1 64        readv 19 65       writev 20 66      pread64 17 67     lseek 8 62
close 3 57       fstat 5 80        newfstatat 262 79 statx 332 291     stat 4 -          lstat 6 -
access 21 -      faccessat 269 48  faccessat2 439 439  open 2 -        openat 257 56     readlink 89 -
readlinkat 267 78  getcwd 79 17    chdir 80 49       ioctl 16 29       fcntl 72 25       dup 32 23
dup2 33 -        dup3 292 24       pipe 22 -         pipe2 293 59      poll 7 -          ppoll 271 73
select 23 -      pselect6 270 72   eventfd2 290 19   close_range 436 436  mmap 9 222     munmap 11 215
mprotect 10 226  mremap 25 216     madvise 28 233    mincore 27 232    brk 12 214        membarrier 324 283
rt_sigaction 13 134  rt_sigprocmask 14 135  rt_sigreturn 15 139  sigaltstack 131 132  restart_syscall 219 128
futex 202 98     set_robust_list 273 99  get_robust_list 274 100  set_tid_address 218 96  rseq 334 293
arch_prctl 158 - prctl 157 167     vfork 58 -        execve 59 221     exit 60 93        exit_group 231 94
wait4 61 260     getpid 39 172     getppid 110 173   gettid 186 178    getuid 102 174    geteuid 107 175
getgid 104 176   getegid 108 177   sched_yield 24 124  sched_getaffinity 204 123  sched_getparam 143 121
sched_getscheduler 145 120  getrandom 318 278  clock_gettime 228 113  clock_getres 229 114
clock_nanosleep 230 115  nanosleep 35 101  gettimeofday 96 169  times 100 153  getrusage 98 165
getrlimit 97 163 setrlimit 160 164 uname 63 160      sysinfo 99 179
"""
_MACHINES = {"x86_64": (1, 0xC000003E), "aarch64": (2, 0xC00000B7)}
"""The column of `_CALLS` and the kernel's name for the processor."""
_CLONE = {"x86_64": 56, "aarch64": 220}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE_THREAD = 0x10000
_CLONE_VFORK = 0x4111
"""CLONE_VM, CLONE_VFORK and SIGCHLD: how a thread starts a program."""

_LOAD, _EQUALS, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
"""Instructions of a seccomp filter."""
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
"""Where they stand in what a filter is shown, bytes."""
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 38  # "no such call": libraries then try an older one

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ = 1, 2, 4
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files the kernel can take away, by version of Landlock."""


class Wall(enum.Enum):
    SECCOMP = "seccomp"
    LANDLOCK = "Landlock"


class Sandbox:
    """A thread without rights, and the programs that it starts."""

    def __init__(self, walls: Collection[Wall], programs: Iterable[Path]) -> None:
        """`programs`: what may be run in here besides the shell.

        Raises:
            OSError: the kernel has not all of these walls.
        """
        self.walls = tuple(walls)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        try:
            self._thread.submit(_wall_in, self.walls, tuple(programs)).result()
        except OSError:
            self._thread.shutdown()
            raise

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], files: Collection[int]
    ) -> subprocess.Popen[bytes]:
        """Start a program with no input, pipes for what it says, and these open `files`: a millisecond."""

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603 - a command of our own, no word of it from outside
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=files,
                cwd="/",
                env=env,
            )

        return self._thread.submit(start).result() if self.walls else start()


def _wall_in(walls: Collection[Wall], programs: Iterable[Path]) -> None:
    """Take the rights of this thread away, for good. Landlock first: its calls are none of the allowed."""
    if not walls:
        return
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if Wall.LANDLOCK in walls:
        _hide_files(programs)
    if Wall.SECCOMP in walls:
        _refuse_calls()


def _call(function: str, *arguments: object) -> int:
    """A call of the C library.

    Raises:
        OSError: it failed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    plain = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    result: int = getattr(libc, function)(*plain)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _hide_files(programs: Iterable[Path]) -> None:
    """Landlock: of all files only these programs and the libraries can be opened, to be read and run."""
    version = _call("syscall", _LANDLOCK_CREATE, None, 0, 1)
    every_right = (1 << max(bits for since, bits in _FILE_RIGHTS.items() if since <= version)) - 1
    tcp = 0b11 if version >= 4 else 0
    scopes = 0b11 if version >= 6 else 0  # signals, and sockets without a file, to outside
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _call("syscall", _LANDLOCK_CREATE, struct.pack("=QQQ", every_right, tcp, scopes)[:size], size, 0)
    try:
        for path in (SHELL, *programs, *map(Path, _LIBRARIES)):
            _leave(rules, path, _READ | _EXECUTE)
        _leave(rules, Path(_LOADER_CACHE), _READ)
        _leave(rules, Path(os.devnull), _READ | _WRITE)
        _call("syscall", _LANDLOCK_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _leave(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _call("syscall", _LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _refuse_calls() -> None:
    """seccomp: of all calls of the kernel only those of `_CALLS`, threads, and the start of a program."""
    machine = platform.machine()
    if machine not in _MACHINES or sys.maxsize < 2**32:
        raise OSError(f"no list of calls for {machine}")
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where.
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_FILTER, filters, 0, 0)


def _program(machine: str) -> bytes:
    """The filter, instruction by instruction: what to do, the steps to skip if true or false, a value."""
    column, name = _MACHINES[machine]
    rows = _CALLS.split()
    numbers = [int(number) for number in rows[column::3] if number != "-"]
    steps = [(_LOAD, 0, 0, _MACHINE), (_EQUALS, 1, 0, name), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, _NUMBER)]
    for number in numbers:
        steps += [(_EQUALS, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps += [  # a new thread, or a new program, but no copy of the process and no new namespaces
        (_EQUALS, 0, 5, _CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 2, 0, _CLONE_THREAD),
        (_EQUALS, 1, 0, _CLONE_VFORK),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    steps += [  # its own limits, nobody else's
        (_EQUALS, 0, 3, _PRLIMIT[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUALS, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
