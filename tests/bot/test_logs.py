"""What never reaches a log."""

import logging
import subprocess
import sys
import warnings

import pytest
import structlog

from bot.logs import set_up_logs, where
from tests.telegram.process import ROOT

TOKEN = "123456:AAsecret-token_value"
KEY = "AAsecret-token_value"


@pytest.fixture(params=["text", "json"])
def logged(request, capsys):
    """What is written when this is done, with logs set up as the bot does it, at DEBUG."""

    def write(*deeds):
        before, show = logging.getLogger().handlers, warnings.showwarning
        try:
            set_up_logs("DEBUG", request.param, TOKEN)
            for deed in deeds:
                deed()
            return capsys.readouterr().err
        finally:
            logging.captureWarnings(False)
            warnings.showwarning = show
            logging.getLogger().handlers = before
            structlog.reset_defaults()

    return write


def library():
    return logging.getLogger("any.library")


def chained():
    try:
        try:
            raise ValueError(f"cannot reach https://host/bot{TOKEN}/getMe")
        except ValueError as error:
            raise RuntimeError("gave up") from error
    except RuntimeError:
        library().exception("failed")


def caught():
    try:
        raise ValueError(f"cannot reach bot{TOKEN}")
    except ValueError:
        structlog.get_logger("ours").error("failed", exc_info=True)


def noted():
    try:
        error = OSError("no")
        error.add_note(f"while asking bot{TOKEN}")
        raise ExceptionGroup("several", [error])
    except ExceptionGroup:
        library().exception("failed")


LEAKS = {
    "an argument": lambda: library().info("POST https://api.telegram.org/bot%s/getMe", TOKEN),
    "split over arguments": lambda: library().info("bot%s:%s", *TOKEN.split(":")),
    "bytes": lambda: library().info("%r", f"GET /bot{TOKEN}/getMe".encode()),
    "URL-encoded": lambda: library().info("bot%s", TOKEN.replace(":", "%3A")),
    "URL-encoded, small": lambda: library().info("bot%s", TOKEN.replace(":", "%3a")),
    "its second half": lambda: library().info("key=%s", KEY),
    "a field": lambda: structlog.get_logger("ours").info("field", url=f"bot{TOKEN}"),
    "a field within a field": lambda: structlog.get_logger("ours").info("field", calls=[{"url": TOKEN}]),
    "a traceback": caught,
    "a chain of errors": chained,
    "a note in a group of errors": noted,
    "a warning": lambda: warnings.warn(f"bot{TOKEN} is old", stacklevel=1),
    "someone else's token": lambda: library().info("bot%s", f"8100000001:{'B' * 35}"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_token_is_cut_out_of_every_line(logged, leak):
    written = logged(LEAKS[leak])
    assert "<token>" in written
    assert KEY not in written
    assert "B" * 35 not in written


def test_tracebacks_stay_readable(logged):
    assert logged(caught, chained).count("Traceback") == 3


def test_a_wrong_log_call_does_not_print_its_arguments(logged):
    written = logged(lambda: library().info("%d calls", f"bot{TOKEN}"))
    assert "not logged: TypeError" in written
    assert KEY not in written


def test_what_libraries_cannot_read_they_do_not_quote(logged):
    for name in ("telegram.Bot", "telegram.ext.Updater", "telegram.request.BaseRequest"):
        quoting = logging.getLogger(name).critical
        assert logged(lambda: quoting("Received data was %r", {"text": "what somebody said"})) == ""  # noqa: B023


@pytest.mark.parametrize("how", ["raise ERROR", "T = threading.Thread(target=boom); T.start(); T.join()"])
def test_an_error_that_nobody_catches_ends_without_the_token(how):
    program = f"""
import threading
from bot.logs import set_up_logs
set_up_logs("INFO", "text", {TOKEN!r})
ERROR = ValueError("bot" + {TOKEN!r})
def boom(): raise ERROR
{how}
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "ValueError: bot<token>" in run.stderr
    assert KEY not in run.stderr


def test_where_an_error_was_is_told_without_what_it_says():
    with pytest.raises(ValueError, match="what somebody said") as caught:
        raise ValueError("what somebody said")
    assert where(caught.value).startswith("test_logs.py:")
    assert "somebody" not in where(caught.value)
    assert where(None) == ""
