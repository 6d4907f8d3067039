from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_path"]


def default_path() -> Path:
    r"""Where telemetry is kept unless somebody says otherwise. Creates nothing.

    `telemetry.sqlite3` in the folder that GHOSTLAP_DATA_DIR names, else in the user's data folder:
    ~/.local/share/ghostlap, ~/Library/Application Support/ghostlap, %LOCALAPPDATA%\ghostlap.
    """
    folder = os.environ.get("GHOSTLAP_DATA_DIR")
    if not folder:
        from platformdirs import user_data_dir  # noqa: PLC0415 - 8 ms that only this needs

        folder = user_data_dir("ghostlap", appauthor=False)
    return Path(folder).expanduser() / "telemetry.sqlite3"
