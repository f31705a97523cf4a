"""What listens and judges. Knows nothing of Telegram."""

import os

# ONNX Runtime reports to its maker from 1.29 on, unless told not to before it is loaded. Nothing leaves here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
