"""Delete the rows of old keystrokes, and keep their sums.

What is deleted is added up by the hour first, with its latencies in histograms, so that `stats`
still counts it; `trace` and the report's figures are of the rows that are left. The server does the
same by itself, by telemetry.retention_days.
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
from pathlib import Path

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--before",
        metavar="WHEN",
        default="",
        help="a span as 7d, or a day as 2026-01-31 (telemetry.retention_days)",
    )
    parser.add_argument("--db", metavar="FILE", type=Path, help="prune this database")
    parser.add_argument("--vacuum", action="store_true", help="give the room back to the disk")


def run(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - no other command needs all

    from ghostlap.lsp_server import config  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.views import sources  # noqa: PLC0415 - as above
    from ghostlap.telemetry import StoreError  # noqa: PLC0415 - as above
    from ghostlap.telemetry.retention import prune  # noqa: PLC0415 - as above

    settings, _ = config.load()
    file = args.db or sources.own_database(settings)
    now = datetime.now(UTC)
    if not sources.may_hold_something(file):
        print(sources.nothing_in([file]))
        return 0
    try:
        before = sources.parse_since(args.before, now) if args.before else None
    except ValueError as error:
        raise Failure(str(error).replace("--since", "--before")) from error
    before = before or now - timedelta(days=settings.telemetry.retention_days)
    try:
        done = prune(file, int(before.timestamp() * 1000), vacuum=args.vacuum)
    except StoreError as error:
        raise Failure(str(error)) from error
    print(f"{file}: {done.keystrokes:,} keystrokes before {before:%Y-%m-%d %H:%M} were added up.")
    return 0
