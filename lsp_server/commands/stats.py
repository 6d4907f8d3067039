"""Show what was recorded: latencies by group, what hedging brought, what became of suggestions.

It is read from the database of your configuration, or from the files given by --db, which are
counted together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]

_GROUPS = ("provider", "model", "hardware", "language", "file-type", "day")


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
    from ghostlap.lsp_server.views.sources import own_threads_alone  # noqa: PLC0415 - needed here

    own_threads_alone()
    from ghostlap.lsp_server.views import stats  # noqa: PLC0415 - no other command needs it

    hardware, files = None, args.db
    if not files or args.by == "hardware":
        from ghostlap.lsp_server import config  # noqa: PLC0415 - given files do without
        from ghostlap.lsp_server.provider_facts import hardware_of  # noqa: PLC0415 - as above
        from ghostlap.lsp_server.views.sources import own_database  # noqa: PLC0415 - as above

        settings, _ = config.load()
        files = files or [own_database(settings)]
        hardware = hardware_of(settings) if args.by == "hardware" else None
    return stats.run(db=files, since=args.since, by=args.by, as_json=args.json, hardware=hardware)
