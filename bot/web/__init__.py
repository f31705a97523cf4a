"""forewarn in a browser: a page to try notes on, and an API for programs. Needs the extra `web`.

Gradio reads these two when it is imported. It would report to its makers that it was started, and it wants a
folder for what visitors send; nothing ever comes into this one.
"""

import os
from tempfile import TemporaryDirectory

_folder = TemporaryDirectory(prefix="forewarn-")
os.environ["GRADIO_TEMP_DIR"] = _folder.name
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
