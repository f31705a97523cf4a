"""What the bot answers to, one module a conversation. Notes themselves are jobs: see `bot.intake`."""
