"""`ghostlap stats`: what was recorded, as a table or as JSON.

The JSON is one object: `by`, `since` (null, or from when on keystrokes count, ISO 8601), `files`,
`latency` (what the percentiles are of), and `rows`, each with the fields of
`ghostlap.telemetry.SummaryRow`. Milliseconds end in `_ms`, shares are from 0 to 1, and null stands
where there is nothing to say.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from ghostlap.lsp_server.latency_table import latency_table
from ghostlap.telemetry import GROUPINGS, StoreError, SummaryRow, default_path, summarise

__all__ = ["latency_table", "parse_since", "run"]

_FAILED = 1
_USAGE = 2
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FILE_WIDTH = 200
"""For output that goes to no terminal: all columns fit."""


def run(
    *,
    db: Sequence[Path] = (),
    since: str | None = None,
    by: str = "provider",
    as_json: bool = False,
) -> int:
    """Print what the files `db` hold together; the user's own file if none is given.

    Returns the exit code: 0 also when nothing was recorded, 1 when a file cannot be read, 2 when
    `since` or `by` make no sense.
    """
    if by not in GROUPINGS:
        return _fail(f"--by {by!r} is none of {', '.join(GROUPINGS)}", _USAGE)
    try:
        moment = parse_since(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        return _fail(str(error), _USAGE)
    files = list(dict.fromkeys(db or [default_path()]))
    present = [file for file in files if _may_hold_something(file)]
    try:
        rows = summarise(present, _unix_ms(moment), by)
    except StoreError as error:
        return _fail(str(error), _FAILED)
    if as_json:
        print(_json(rows, by, moment, present))
    elif rows:
        _print_table(rows, by, moment)
    for file in files if not rows else set(files) - set(present):
        print(_nothing(file, moment), file=sys.stderr)
    return 0


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


def _may_hold_something(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # not for us to see: reading it says why


def _unix_ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _print_table(rows: Sequence[SummaryRow], by: str, moment: datetime | None) -> None:
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _FILE_WIDTH
    title = f"Latency of suggestions by {by}"
    if moment is not None:
        title += f" since {moment.astimezone():%Y-%m-%d %H:%M}"
    console.print(latency_table(rows, title=title, by=by, width=console.width))


def _json(
    rows: Sequence[SummaryRow], by: str, moment: datetime | None, files: Sequence[Path]
) -> str:
    answer = {
        "by": by,
        "since": moment and moment.isoformat(timespec="seconds"),
        "files": [str(file) for file in files],
        "latency": "from `measured_from` to a usable text in the server; percentiles are measured"
        " values (the inverse of the empirical distribution function)",
        "rows": [asdict(row) for row in rows],
    }
    return json.dumps(answer, indent=2)


def _nothing(file: Path, moment: datetime | None) -> str:
    if moment is not None and _may_hold_something(file):
        return f"Nothing was recorded in {file} since {moment.astimezone():%Y-%m-%d %H:%M}."
    return (
        f"Nothing is recorded yet in {file}: run `ghostlap demo`, or type in an editor that runs"
        " `ghostlap serve`."
    )


def _fail(sentence: str, code: int) -> int:
    print(f"ghostlap stats: {sentence}", file=sys.stderr)
    return code
