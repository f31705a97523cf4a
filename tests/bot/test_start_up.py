"""What stands in the way of a start is one clear line, never a traceback."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys

import pytest

from tests.telegram.process import ROOT

RUN = (sys.executable, "-m", "bot", "run")


async def start(tmp_path, command=RUN, **env):
    """Run to its end; returns exit code and stderr."""
    code, _, complaint = await run(tmp_path, command, **env)
    return code, complaint


async def run(tmp_path, command, **env):
    """Run to its end; returns exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")},
            "PYTHONPATH": str(ROOT),
            "FOREWARN_DATA_DIR": str(tmp_path / "data"),
            "FOREWARN_ENGINE": "whisper",
            **env,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), complaint.decode()


def said(complaint):
    """The line for people, the last one."""
    assert "Traceback" not in complaint
    last = complaint.splitlines()[-1]
    assert last.startswith("forewarn: ")
    return last


async def test_a_wrong_token(telegram, tmp_path):
    env = {"FOREWARN_TOKEN": "1:" + "B" * 35, "FOREWARN_API_URL": telegram.url}
    code, complaint = await start(tmp_path, **env)
    assert code == 1
    assert "does not know this token" in said(complaint)
    assert "B" * 35 not in complaint


async def test_a_token_that_cannot_be_one(telegram, tmp_path):
    code, complaint = await start(tmp_path, FOREWARN_TOKEN="nonsense", FOREWARN_API_URL=telegram.url)
    assert code == 1
    assert "token" in said(complaint)


async def test_no_network(tmp_path, unused_tcp_port):
    env = {"FOREWARN_TOKEN": "1:" + "A" * 35, "FOREWARN_API_URL": f"http://127.0.0.1:{unused_tcp_port}"}
    code, complaint = await start(tmp_path, **env)
    assert code == 1
    assert "cannot be reached" in said(complaint)


async def test_a_data_folder_that_cannot_be_made(telegram, tmp_path):
    (tmp_path / "data").write_text("a file")
    env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
    code, complaint = await start(tmp_path, **env)
    assert code == 1
    assert "data folder" in said(complaint)


@pytest.mark.parametrize("database", ["forewarn.db", "jobs.db"])
async def test_a_locked_database(telegram, tmp_path, database):
    (tmp_path / "data").mkdir()
    holder = sqlite3.connect(tmp_path / "data" / database)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
    code, complaint = await start(tmp_path, **env)
    holder.close()
    assert code == 1
    assert "database is locked" in said(complaint)


async def test_a_full_disk(telegram, tmp_path):
    # No file may grow past 8 KB: what SQLite meets on a full disk.
    limited = ("/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@"', "sh", *RUN)
    env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
    code, complaint = await start(tmp_path, limited, **env)
    assert code == 1
    assert "cannot be used" in said(complaint)


async def test_a_disk_that_is_full_only_when_the_models_come(telegram, tmp_path):
    # Room for the databases, not for the joined Whisper weights.
    limited = ("/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 20000; exec "$@"', "sh", *RUN)
    env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
    code, complaint = await start(tmp_path, limited, **env)
    assert code == 1
    assert "forewarn: " in said(complaint)


async def test_two_bots_on_one_data_folder(telegram, tmp_path):
    import fcntl

    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "forewarn.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
        code, complaint = await start(tmp_path, **env)
    assert code == 1
    assert "Another forewarn" in said(complaint)


async def test_a_port_for_metrics_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        env = {"FOREWARN_TOKEN": "1:" + "A" * 35, "FOREWARN_METRICS_LISTEN": address}
        code, complaint = await start(tmp_path, **env)
    assert code == 1
    assert f"FOREWARN_METRICS_LISTEN: {address}: " in said(complaint)


async def test_a_wrong_setting(tmp_path):
    code, complaint = await start(tmp_path, FOREWARN_ENGINE="siri")
    assert code == 1
    assert "FOREWARN_ENGINE" in said(complaint)


async def test_the_doctor_finds_nothing(telegram, tmp_path):
    env = {"FOREWARN_TOKEN": telegram.token, "FOREWARN_API_URL": telegram.url}
    code, found = await doctor(tmp_path, **env)
    assert code == 0
    assert [line[0] for line in found] == ["✓"] * 6
    assert f"@{telegram.bot.username}" in found[-1]
    assert "can be connected to people's accounts" in found[-1]
    assert "inline mode on, guest mode on" in found[-1]


async def test_the_doctor_says_what_to_do(telegram, tmp_path):
    (tmp_path / "data").write_text("a file")
    code, found = await doctor(tmp_path, FOREWARN_TOKEN="1:" + "B" * 35, FOREWARN_API_URL=telegram.url)
    assert code == 1
    assert [line for line in found if line.startswith("✗ data folder")]
    assert "copy it again from @BotFather" in found[-1]


async def doctor(tmp_path, **env):
    code, out, complaint = await run(tmp_path, (sys.executable, "-m", "bot", "doctor"), **env)
    assert "Traceback" not in complaint
    return code, out.splitlines()
