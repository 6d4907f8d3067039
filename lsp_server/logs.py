"""Log lines: on stderr, at the level that GHOSTLAP_LOG names, with nothing of the user's in them.

A line may name a method, a provider, a count of bytes, a place in this source; never a document's
text or path, a prompt or a key. The text of an unforeseen exception may quote any of them, which is
why `describe` leaves it out.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

__all__ = ["LEVELS", "describe", "log_failure", "set_up_logs"]

LEVELS = ("debug", "info", "warning", "error")
_FRAMES_TOLD = 4


def set_up_logs(level: str) -> None:
    """Send our own log lines to stderr, and nobody else's.

    An unknown level means warning, and a line that says so.
    """
    log = logging.getLogger("ghostlap")
    known = level.lower() in LEVELS
    log.setLevel(level.upper() if known else logging.WARNING)
    log.propagate = False
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        log.addHandler(handler)
    if not known:
        log.warning("GHOSTLAP_LOG is none of %s: warning is used.", ", ".join(LEVELS))


def describe(error: BaseException) -> str:
    """An exception's type and where it was raised, as `KeyError at engine.py:120 < server.py:8`."""
    places: list[str] = []
    at: TracebackType | None = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{at.tb_lineno}")
        at = at.tb_next
    where = " < ".join(reversed(places[-_FRAMES_TOLD:]))
    return f"{type(error).__name__} at {where}" if where else type(error).__name__


def log_failure(log: logging.Logger, doing: str, error: BaseException) -> None:
    """Log that something failed that should not have, without what it failed on."""
    log.error("%s failed: %s.", doing, describe(error))
