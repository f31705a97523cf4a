"""Every knob of the process, in one place.

Read from the environment (`FOREWARN_…`) and from `.env` in the working directory. What belongs to a
chat and not to the process (style, language, …) is in `bot.store`, set with `/settings` in the chat.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["ConfigurationError", "Limits", "Settings", "Webhook", "load_settings"]

TELEGRAM = "https://api.telegram.org"
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class ConfigurationError(Exception):
    """A setting that cannot work. The message is one line for the one who runs the bot."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram's updates come in."""

    url: str
    secret: str
    host: str
    port: int
    path: str


class Limits(BaseModel):
    """What one chat or person may use. 0 is no limit. The owners have none."""

    notes_per_user_hour: int = Field(default=120, ge=0)
    """Notes that one person sends or asks about, in all chats together, in an hour of the clock."""
    notes_per_chat_hour: int = Field(default=600, ge=0)
    minutes_per_chat_day: int = Field(default=600, ge=0)
    """Minutes of audio, in a day of UTC."""


def _ids(value: object) -> object:
    """`1, -100200 3` as people write it."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _address(value: object) -> object:
    """`127.0.0.1:9100`; the host may be a name, or an IPv6 address in brackets."""
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host.strip("[]") or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ValueError("must be host:port, as 127.0.0.1:9100")
    return host.strip("[]"), int(port)


Address = Annotated[tuple[str, int] | None, NoDecode, BeforeValidator(_address)]
"""Where to listen: host and port; None is nowhere."""


Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_ids)]
"""Numbers of people (positive) and groups (negative)."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_",
        env_file=".env",
        env_nested_delimiter="__",
        extra="ignore",
        env_ignore_empty=True,
    )

    token: SecretStr | None = None
    """The bot's token from BotFather."""
    token_file: Path | None = None
    """A file that holds the token; read once, at the start."""
    api_url: str = TELEGRAM
    """Base URL of the Bot API server: Telegram's own, or a local one."""
    data_dir: Path = Path("data")
    """Everything the bot keeps: databases and converted models."""
    database_url: str | None = None
    """PostgreSQL for more than one machine; SQLite in the data folder if unset."""

    webhook_url: str | None = None
    """Where Telegram sends updates to: a public https address, which a proxy hands on to `listen`, path and
    all. Unset, Telegram is asked for them."""
    webhook_secret: SecretStr | None = None
    """Proves that it is Telegram who sends: 16 to 256 letters, digits, _ and -."""
    listen: Address = ("127.0.0.1", 8443)
    """Where the webhook is served, without TLS."""

    engine: Literal["auto", "wav2vec2", "whisper"] = "auto"
    """What writes speech down. `auto`: wav2vec2 where its weights can be had, else the packaged Whisper."""
    wav2vec2_model: str = "facebook/wav2vec2-base-960h"
    """English wav2vec2: a hub id or a local folder."""
    wav2vec2_model_ru: str = "jonatasgrosman/wav2vec2-large-xlsr-53-russian"
    """Russian wav2vec2: a hub id or a local folder."""
    language_model: Path | None = None
    """English words for wav2vec2 to choose by: a KenLM file, or a folder as pyctcdecode keeps one."""
    language_model_ru: Path | None = None
    """Russian ones."""

    max_file_mb: int = Field(default=20, ge=1)
    """Largest file to fetch, in MB. Telegram's own server refuses more than 20; a local one does not."""
    fresh_hours: float = Field(default=12, gt=0)
    """After a stop, notes older than this many hours are not answered any more."""
    keep_days: int = Field(default=30, ge=1)
    """Days that verdicts (never words) are kept, so that a note heard once is known again."""

    owners: Ids = frozenset()
    """People who may use /admin, and for whom no limit holds."""
    allow: Ids = frozenset()
    """People and chats that the bot serves, and nobody else; everybody if empty."""
    block: Ids = frozenset()
    """People and chats that the bot does not serve."""
    limits: Limits = Limits()

    given_key: SecretStr | None = None
    """Encrypts the words of notes that their speakers give for training; unset, nobody is asked for words."""

    metrics_listen: Address = None
    """Where `/metrics`, `/healthz` and `/readyz` are served; nowhere if unset."""
    traces_url: str | None = None
    """Where OpenTelemetry's traces go: a collector's OTLP over HTTP, as http://localhost:4318/v1/traces."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    def bot_token(self) -> str | None:
        """The token, from wherever it was given.

        Raises:
            ConfigurationError: the token file cannot be read or is empty.
        """
        if self.token:
            return self.token.get_secret_value().strip() or None
        if self.token_file is None:
            return None
        try:
            token = self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(f"FOREWARN_TOKEN_FILE: cannot read {self.token_file}: {error}") from None
        if not token:
            raise ConfigurationError(f"FOREWARN_TOKEN_FILE: {self.token_file} is empty")
        return token

    def webhook(self) -> Webhook | None:
        """How updates are received, if not by asking for them.

        Raises:
            ConfigurationError: it would not be safe, or there is nowhere to listen.
        """
        if self.webhook_url is None:
            return None
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if not SECRET.fullmatch(secret):
            raise ConfigurationError(
                "FOREWARN_WEBHOOK_SECRET: a webhook needs 16 to 256 letters, digits, _ and - that nobody can "
                "guess; `openssl rand -hex 32` makes some"
            )
        parts = urlsplit(self.webhook_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or self.listen is None:
            raise ConfigurationError(
                "FOREWARN_WEBHOOK_URL must be a whole address, as https://bot.example.org/hook"
            )
        return Webhook(self.webhook_url, secret, *self.listen, path=parts.path)

    def store_url(self) -> str:
        """Where chats and verdicts are kept, for SQLAlchemy's asyncio engines."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'forewarn.db'}"
        return self._postgres_url()

    def jobs_url(self) -> str:
        """Where DBOS keeps the jobs."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'jobs.db'}"
        return self._postgres_url()

    def _postgres_url(self) -> str:
        try:
            url = make_url(self.database_url or "")
        except ArgumentError:
            raise ConfigurationError("FOREWARN_DATABASE_URL is no database URL") from None
        if not url.drivername.startswith("postgres"):
            raise ConfigurationError(
                "FOREWARN_DATABASE_URL must start with postgresql://; without it SQLite is used"
            )
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a value that cannot be; names the variable, never shows a value.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "FOREWARN_" + "__".join(part for part in first["loc"] if isinstance(part, str)).upper()
        raise ConfigurationError(f"{name}: {first['msg']}") from None
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"the file .env cannot be read: {error}") from None
