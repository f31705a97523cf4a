"""getFile: the step before a download, and the place where big files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.emulator.api import Request, bad, method

MAX_DOWNLOAD = 20 * 1024 * 1024  # bytes; a local server has no limit


@method
async def get_file(request: Request) -> dict[str, Any]:
    file = request.world.files.get(request.file_id or "")
    if not file:
        raise bad("wrong file_id or the file is temporarily unavailable")
    path = file.name
    if request.local_files:
        target = Path(request.local_files) / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        path = str(target)
    elif file.size > MAX_DOWNLOAD:
        raise bad("file is too big")
    return {
        "file_id": request.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": path,
    }
