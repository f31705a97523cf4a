"""What never reaches a log."""

import logging

import pytest
import structlog

from bot.logs import set_up_logs

TOKEN = "123456:AAsecret-token_value"


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_token_is_cut_out_of_every_line(capsys, form):
    before = logging.getLogger().handlers
    try:
        set_up_logs("DEBUG", form, TOKEN)
        logging.getLogger("any.library").info("POST https://api.telegram.org/bot%s/getMe", TOKEN)
        structlog.get_logger("ours").info("field", url=f"bot{TOKEN}")
        try:
            raise ValueError(f"cannot reach bot{TOKEN}")
        except ValueError:
            logging.getLogger("any.library").exception("failed")
            structlog.get_logger("ours").error("failed", exc_info=True)
        lines = capsys.readouterr().err
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    assert lines.count("<token>") == 4
    assert "secret" not in lines
    assert "Traceback" in lines
