"""The process keeps to itself what it holds: the token, and for seconds what people say.

Its memory goes into no core dump, and on Linux no other process of the same user can read it or the
environment that it was started with. What it starts does not inherit its secrets.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

__all__ = ["keep_secrets"]

PR_SET_DUMPABLE = 4
SECRETS = ("TOKEN", "GIVEN_KEY", "DATABASE_URL", "WEBHOOK_SECRET")


def keep_secrets() -> None:
    """Once the settings are read."""
    for name in SECRETS:
        os.environ.pop(f"FOREWARN_{name}", None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
