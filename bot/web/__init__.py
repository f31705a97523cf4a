"""forewarn in a browser: a page to try notes on, and an API for programs. Needs the extra `web`."""
