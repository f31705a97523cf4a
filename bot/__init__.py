"""What comes in from Telegram, what goes out, what is remembered."""
