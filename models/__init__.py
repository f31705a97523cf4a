"""What listens and judges. Knows nothing of Telegram."""

import os

# ONNX Runtime reports to its maker from 1.29 on, unless this is set before it is loaded. Nothing leaves the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
