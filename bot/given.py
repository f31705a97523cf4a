"""Words that people give for training, under the operator's key.

Words are their speaker's to give, so only of notes that the giver recorded. They are encrypted before they
reach the store, and read by `forewarn export` alone. Without a key nobody is asked for words.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken

from bot.settings import ConfigurationError, Settings

__all__ = ["Safe", "open_safe"]

MAKE_A_KEY = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


class Safe:
    """Encrypts words and reads them again, with one key."""

    def __init__(self, key: str) -> None:
        """`key`: 32 bytes in URL-safe base64.

        Raises:
            ValueError: it is no such key.
        """
        self._fernet = Fernet(key)

    def lock(self, words: str) -> str:
        return self._fernet.encrypt(words.encode()).decode()

    def unlock(self, locked: str) -> str | None:
        """None for words that were encrypted with another key."""
        try:
            return self._fernet.decrypt(locked).decode()
        except InvalidToken:
            return None


def open_safe(settings: Settings) -> Safe | None:
    """The safe of the one who runs the bot, if there is a key for it.

    Raises:
        ConfigurationError: the key is none.
    """
    if settings.given_key is None:
        return None
    try:
        return Safe(settings.given_key.get_secret_value())
    except ValueError:
        raise ConfigurationError(f"FOREWARN_GIVEN_KEY is no key; {MAKE_A_KEY} makes one") from None
