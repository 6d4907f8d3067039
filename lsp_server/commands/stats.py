"""Show the latencies that were recorded.

They are read from the database of your configuration, or from the files given by --db.
"""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]

_GROUPS = ("provider", "model", "language", "file-type", "day")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    parser.add_argument(
        "--since", metavar="WHEN", default="", help="a span as 90m, 12h, 7d, or a day as 2026-01-31"
    )
    parser.add_argument("--by", choices=_GROUPS, default=_GROUPS[0], help="what a row stands for")
    parser.add_argument(
        "--db", metavar="FILE", type=Path, nargs="+", default=[], help="read these databases"
    )


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server import config, stats  # noqa: PLC0415 - no other command needs it

    db = args.db or [_own_database(config.load()[0].telemetry.path)]
    return stats.run(db=db, since=args.since, by=args.by, as_json=args.json)


def _own_database(path: str) -> Path:
    from ghostlap.telemetry import default_path  # noqa: PLC0415 - as above

    return Path(path).expanduser() if path else default_path()
