"""A page that plays Telegram: all of the bot, to try before one is made. Needs no token and no network."""
