"""The project's own Telegram: a Bot API server with people around the bot.

The tests play against it, and so does whoever tries the bot before making one. It speaks the real protocol to
the real bot; nothing in here is known to the rest of the package.
"""
