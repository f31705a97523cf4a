"""The process's knobs and what a wrong one says."""

import pytest

from bot.settings import ConfigurationError, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_the_token_comes_from_the_environment_or_a_file_and_is_never_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("FOREWARN_TOKEN", "123:secret")
    settings = load_settings()
    assert settings.bot_token() == "123:secret"
    assert "123:secret" not in repr(settings)
    monkeypatch.delenv("FOREWARN_TOKEN")
    (tmp_path / "token").write_text("456:other\n")
    monkeypatch.setenv("FOREWARN_TOKEN_FILE", str(tmp_path / "token"))
    assert load_settings().bot_token() == "456:other"


def test_a_file_named_env_is_read(tmp_path):
    (tmp_path / ".env").write_text("FOREWARN_TOKEN=123:secret\nFOREWARN_ENGINE=whisper\n")
    settings = load_settings()
    assert (settings.bot_token(), settings.engine) == ("123:secret", "whisper")


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_that_holds_no_token(monkeypatch, tmp_path, content):
    if content is not None:
        (tmp_path / "token").write_text(content)
    monkeypatch.setenv("FOREWARN_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(ConfigurationError, match="FOREWARN_TOKEN_FILE"):
        load_settings().bot_token()


@pytest.mark.parametrize(
    ("name", "value"),
    [("FOREWARN_ENGINE", "siri"), ("FOREWARN_MAX_FILE_MB", "many"), ("FOREWARN_KEEP_DAYS", "0")],
)
def test_a_wrong_value_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"^{name}: [^\n]+$"):
        load_settings()


@pytest.mark.parametrize(
    ("url", "store", "jobs"),
    [
        (None, "sqlite+aiosqlite:///data/forewarn.db", "sqlite:///data/jobs.db"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ],
)
def test_where_things_are_kept(url, store, jobs):
    settings = Settings(database_url=url)
    assert (settings.store_url(), settings.jobs_url()) == (store, jobs)


@pytest.mark.parametrize("url", ["mysql://u:p@h/d", "nonsense"])
def test_only_postgresql_is_another_database(url):
    with pytest.raises(ConfigurationError, match="FOREWARN_DATABASE_URL"):
        Settings(database_url=url).store_url()
