"""Which files a command reads, and from when on."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ghostlap.telemetry import default_path

if TYPE_CHECKING:
    from ghostlap.lsp_server.config import Config

__all__ = [
    "may_hold_something",
    "nothing_in",
    "own_database",
    "own_threads_alone",
    "parse_since",
    "unix_ms",
]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def own_threads_alone() -> None:
    """Have numpy's library of linear algebra, which nobody here asks anything, start no threads.

    They cost a short command 0.1 s of CPU. To be called before numpy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def own_database(config: Config) -> Path:
    path = config.telemetry.path
    return Path(path).expanduser() if path else default_path()


def parse_since(text: str, now: datetime) -> datetime:
    """The moment that `7d`, `12h`, `30m`, `2w` or `2026-11-01` (its first minute here) names.

    :raises ValueError: with a sentence for the user.
    """
    try:
        if span := re.fullmatch(r"(\d+)([mhdw])", text):
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"--since {text!r} is neither a span as 30m, 12h, 7d nor a day as 2026-01-31")


def unix_ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def may_hold_something(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # not for us to see: reading it says why


def nothing_in(files: Sequence[Path], moment: datetime | None = None) -> str:
    """A sentence for each file, for it holds nothing since then."""
    return "\n".join(_nothing(file, moment) for file in files)


def _nothing(file: Path, moment: datetime | None) -> str:
    if moment is not None and may_hold_something(file):
        return f"Nothing was recorded in {file} since {moment.astimezone():%Y-%m-%d %H:%M}."
    return (
        f"Nothing is recorded yet in {file}: run `ghostlap demo`, or type in an editor that runs"
        " `ghostlap serve`."
    )
