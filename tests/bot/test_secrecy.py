"""What a process that holds a token gives away of it: nothing."""

import os
import subprocess
import sys

from tests.telegram.process import ROOT

TOKEN = "123456:AAsecret-token_value"
DIES = """
import ctypes, os
from bot.secrecy import keep_secrets
keep_secrets()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)  # PR_GET_DUMPABLE
os.system("env")
os.abort()
"""


def test_a_crash_leaves_no_memory_behind_and_no_child_knows_the_token(tmp_path):
    env = {**os.environ, "FOREWARN_TOKEN": TOKEN, "FOREWARN_LOG_LEVEL": "DEBUG", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", DIES], cwd=tmp_path, env=env, stdout=subprocess.PIPE)
    dumpable, _, told = process.stdout.read().decode().partition("\n")
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    process.stdout.close()
    assert dumpable == "0"
    assert "FOREWARN_LOG_LEVEL" in told
    assert TOKEN not in told
    assert os.WIFSIGNALED(status)
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


def test_the_token_is_in_no_command_line_and_in_nothing_that_is_kept(tmp_path):
    """Given by a file, it is not even in the environment; a wrong one is not told to anybody either."""
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    env |= {
        "FOREWARN_TOKEN_FILE": str(secret),
        "FOREWARN_API_URL": "http://127.0.0.1:9",
        "FOREWARN_DATA_DIR": str(tmp_path / "data"),
        "FOREWARN_LOG_LEVEL": "DEBUG",
    }
    command = [sys.executable, "-m", "bot", "run"]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 1
    assert "cannot be reached" in run.stderr
    assert "AAsecret" not in run.stdout + run.stderr
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"AAsecret" in path.read_bytes()]
