"""What extra requests have cost today, summed over all servers: a file beside the switches."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import date
from pathlib import Path

from ghostlap.lsp_server.hedging.switches import write_file
from ghostlap.lsp_server.logs import log_failure
from ghostlap.providers.policies import Ledger, Spent

__all__ = ["load_spending", "share_spending"]

log = logging.getLogger(__name__)

_LONGEST_BYTES = 4096


def load_spending(folder: Path) -> Spent | None:
    """Read what was spent; None where nothing sensible is there."""
    try:
        with _path(folder).open("rb") as file:
            found = json.loads(file.read(_LONGEST_BYTES))
        requests, usd = found["requests"], found["usd"]
        if (
            type(requests) is not int
            or type(usd) not in (int, float)
            or requests < 0
            or not usd >= 0
        ):
            return None
        return Spent(date.fromisoformat(found["day"]), requests, float(usd))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


async def share_spending(folder: Path, ledger: Ledger) -> None:
    """Add what was spent here to the file, and learn what others have added.

    Any number of servers may do so at once: the limits are kept to within some seconds' requests.
    """
    mine = ledger.take_unsaved()
    try:
        total = await asyncio.to_thread(_add, folder, mine)
    except OSError as error:
        ledger.add(mine.requests, mine.usd)
        log_failure(log, "Keeping what was spent", error)
        return
    if total is not None:
        ledger.set_others(total)


def _add(folder: Path, mine: Spent) -> Spent | None:
    if not mine.requests and not mine.usd:
        return load_spending(folder)
    from ghostlap.providers.local.file_lock import locked  # noqa: PLC0415 - not while a server starts

    with locked(folder / "hedge-spent.lock"):
        before = load_spending(folder)
        total = mine if before is None else before + mine
        told = {"day": total.day.isoformat(), "requests": total.requests, "usd": total.usd}
        write_file(_path(folder), told)
    return total


def _path(folder: Path) -> Path:
    return folder / "hedge-spent.json"
